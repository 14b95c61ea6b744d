/** Webhooks by account, remembered for some seconds: a busy account isn't asked for each time. */
import type { Control, Webhook } from "../control.ts";
import { ACCOUNTS_MAX, WEBHOOKS_MS } from "../limits.ts";

type Kept = { readonly untilMs: number; readonly webhooks: Promise<readonly Webhook[]> };

export class Webhooks {
  readonly #control: Control;
  readonly #now: () => number;
  readonly #kept = new Map<string, Kept>();

  constructor(control: Control, now: () => number) {
    this.#control = control;
    this.#now = now;
  }

  /** Rejects while control is away. */
  of(accountId: string): Promise<readonly Webhook[]> {
    const kept = this.#kept.get(accountId);
    if (kept !== undefined && kept.untilMs > this.#now()) return kept.webhooks;
    const webhooks = this.#control.webhooksOf(accountId);
    webhooks.catch(() => this.#kept.delete(accountId));
    this.#kept.delete(accountId);
    if (this.#kept.size >= ACCOUNTS_MAX) this.#kept.clear();
    this.#kept.set(accountId, { untilMs: this.#now() + WEBHOOKS_MS, webhooks });
    return webhooks;
  }
}

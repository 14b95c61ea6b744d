/** Webhooks by account, remembered for some seconds: a busy account isn't asked for each time. */
import type { Control, Webhook } from "../control.ts";
import { ACCOUNTS_MAX, NONE_MS, WEBHOOKS_MS } from "../limits.ts";

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
    if (this.#kept.size >= ACCOUNTS_MAX) this.#kept.clear();
    const keep = (forMs: number) => {
      this.#kept.set(accountId, { untilMs: this.#now() + forMs, webhooks });
    };
    keep(WEBHOOKS_MS);
    webhooks.then(
      ({ length }) => length === 0 && keep(NONE_MS),
      () => this.#kept.delete(accountId),
    );
    return webhooks;
  }
}

/** A client: who it is, whether it wants to be in its conversation, and how it comes back (§6). */
import { CLOSE, type CloseReason } from "@ams/protocol";
import type { Connection, ConnectionTerms } from "./connection.ts";
import type { Random } from "./random.ts";
import type { Process } from "./scheduler.ts";

/** Milliseconds before a client comes back: doubled with each attempt that failed. */
const BACKOFF_FIRST_MS = 200;
const BACKOFF_LAST_MS = 2_000;

export type Identity = {
  readonly conversation: number;
  /** Null for a guest. */
  readonly account: number | null;
  readonly name: string;
  readonly terms: ConnectionTerms;
};

export type ClientDeps = {
  readonly number: number;
  readonly identity: Identity;
  readonly process: Process;
  readonly random: Random;
  readonly gateways: number;
  readonly open: (client: Client, gateway: number) => Connection;
};

export class Client {
  readonly deps: ClientDeps;
  connection: Connection | null = null;
  wants = false;
  #failures = 0;
  #drainMs = 0;
  #waits = false;

  constructor(deps: ClientDeps) {
    this.deps = deps;
  }

  connect(gateway: number): void {
    this.wants = true;
    if (this.connection === null && !this.#waits) this.#open(gateway);
  }

  leave(): void {
    this.wants = false;
    this.connection?.leave();
  }

  vanish(noticedAfterMs: number): void {
    this.connection?.vanish(noticedAfterMs);
  }

  joined(): void {
    this.#failures = 0;
  }

  drained(afterMs: number): void {
    this.#drainMs = afterMs;
  }

  ended(connection: Connection): void {
    if (this.connection !== connection) return;
    this.connection = null;
    if (!this.wants) return;
    const waitMs = this.#comesBackAfter(connection.close?.reason ?? "");
    if (waitMs === null) this.wants = false;
    else this.#later(waitMs);
  }

  /** Milliseconds; null for never. */
  #comesBackAfter(reason: CloseReason | ""): number | null {
    this.#failures += 1;
    const backoffMs = Math.min(BACKOFF_FIRST_MS * 2 ** (this.#failures - 1), BACKOFF_LAST_MS);
    if (reason === "") return backoffMs * this.deps.random.between(0.5, 1);
    const { comeBack } = CLOSE[reason];
    switch (comeBack) {
      case "no":
      case "renamed":
        return null;
      case "stated":
        return this.#drainMs;
      case "resume":
        return this.#failures > 1 ? backoffMs : 1;
      case "later":
      case "backoff":
      case "pause":
        return backoffMs;
      default:
        return comeBack satisfies never;
    }
  }

  #later(waitMs: number): void {
    this.#waits = true;
    this.deps.process.timers.after(waitMs, () => {
      this.#waits = false;
      if (this.wants && this.connection === null)
        this.#open(this.deps.random.below(this.deps.gateways));
    });
  }

  #open(gateway: number): void {
    this.connection = this.deps.open(this, gateway);
  }
}

/**
 * Who takes part in these tests: accounts, conversations, and edges that each have a wrapper of
 * their own.
 */
import { randomBytes, randomUUID } from "node:crypto";
import { type Account, createAccount } from "@ams/client";
import {
  type Clock,
  type Count,
  createWrapper,
  type PushEvent,
  type Result,
  type Session,
  type SubscriptionEvent,
  type Who,
  type Wrapper,
  type WrapperLimits,
} from "@ams/edge";

/** One process's wrapper, and what it has counted. */
export type Edge = {
  readonly wrapper: Wrapper;
  readonly counted: ReadonlyMap<Count, number>;
  /** A session of an account, or of nobody. */
  readonly session: (account?: Account, more?: { readonly passing?: boolean }) => Session;
};

export type EdgeOptions = {
  readonly limits?: Partial<WrapperLimits>;
  readonly clock?: Clock;
};

export function openEdge(url: string, options: EdgeOptions = {}): Edge {
  const counted = new Map<Count, number>();
  const counters = {
    add: (count: Count, by: number) => void counted.set(count, (counted.get(count) ?? 0) + by),
  };
  const wrapper = createWrapper({ url, counters, ...options });
  return {
    wrapper,
    counted,
    session: (account, more = {}) => {
      const who: Who =
        account === undefined ? { kind: "guest", link: null } : { kind: "account", account };
      const rest = { address: "127.0.0.1", clientName: "Test Client", ...more };
      return must(wrapper.open({ id: randomUUID(), who, ...rest })).session;
    },
  };
}

export function newAccount(url: string): Promise<Account> {
  return createAccount(url, { namespace: `wrapper-${randomBytes(6).toString("hex")}` });
}

/** What was asked for, or the test fails with the fault. */
export function must<Value>(result: Result<Value>): Value {
  if (!result.ok) throw new Error(`Refused: ${result.fault}`);
  return result;
}

/** The fault of what was refused; the test fails when it was not. */
export function faultIn<Value>(result: Result<Value>): string {
  if (result.ok) throw new Error("Not refused.");
  return result.fault;
}

/** The data of the tokens among events. */
export function tokensIn(events: readonly PushEvent[]): readonly string[] {
  return events.flatMap((event) => (event.kind === "token" ? [event.data] : []));
}

/** Receives until an event is there that is looked for, and gives all up to that answer. */
export async function recvUntil(
  session: Session,
  isIt: (event: SubscriptionEvent) => boolean,
): Promise<readonly SubscriptionEvent[]> {
  const events: SubscriptionEvent[] = [];
  while (!events.some(isIt)) {
    events.push(...must(await session.recv({ waitMs: 25_000, maxEvents: 1_000 })).events);
  }
  return events;
}

export const isToken = (data: string) => (event: PushEvent) =>
  event.kind === "token" && event.data === data;

/** A listener that takes everything, and says when it has received something. */
export class Ear {
  readonly heard: PushEvent[] = [];
  readonly ended = (): void => {};
  #wake = (): void => {};

  readonly event = (event: PushEvent): boolean => {
    this.heard.push(event);
    this.#wake();
    return true;
  };

  async until(isIt: (event: PushEvent) => boolean): Promise<void> {
    while (!this.heard.some(isIt)) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

/** A clock that stands still until a test moves it. */
export class HandClock implements Clock {
  #now = 0;
  readonly #timers = new Set<{ readonly at: number; readonly call: () => void }>();

  now(): number {
    return this.#now;
  }

  after(ms: number, call: () => void): () => void {
    const timer = { at: this.#now + ms, call };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Moves on at once: what repeats is called once. */
  pass(ms: number): void {
    this.#now += ms;
    for (const timer of [...this.#timers]) {
      if (timer.at > this.#now) continue;
      this.#timers.delete(timer);
      timer.call();
    }
  }
}

/** A wrapper on a fake wire, and what most tests do with it. */
import type { PeerIdentity } from "@ams/client";
import { createSeal } from "../checks/seal.ts";
import type { Count, Result, Session, Who, Wrapper } from "../contract.ts";
import type { WrapperLimits } from "../limits.ts";
import type { PushEvent, SubscriptionEvent } from "../subscriptions/events.ts";
import { createWrapper } from "../wrapper.ts";
import { FakeClock } from "./fake-clock.ts";
import { account, FakeWire } from "./fake-wire.ts";

export type Desk = {
  readonly wire: FakeWire;
  readonly clock: FakeClock;
  readonly wrapper: Wrapper;
  readonly counted: ReadonlyMap<Count, number>;
  /** A session of account `a` unless given. */
  readonly open: (id: string, more?: Partial<OpenMore>) => Session;
};

type OpenMore = {
  who: Who;
  address: string;
  clientName: string;
  peerIdentity: PeerIdentity;
  passing: boolean;
  seed: string;
  revived: boolean;
};

export function desk(limits: Partial<WrapperLimits> = {}, seal = createSeal(null)): Desk {
  const wire = new FakeWire();
  const clock = new FakeClock();
  const counted = new Map<Count, number>();
  const counters = {
    add: (count: Count, by: number) => void counted.set(count, (counted.get(count) ?? 0) + by),
  };
  const wrapper = createWrapper({ url: "http://ams", clock, counters, limits, seal }, wire);
  const open: Desk["open"] = (id, more = {}) => {
    const request = { id, who: account("a"), address: "127.0.0.1", clientName: "Test", ...more };
    return must(wrapper.open(request)).session;
  };
  return { wire, clock, wrapper, counted, open };
}

/** What was asked, or the test fails with the fault. */
export function must<Value>(result: Result<Value>): Value {
  if (!result.ok) throw new Error(`Refused: ${result.fault}`);
  return result;
}

/** The fault of what was refused; the test fails when it was not. */
export function faultIn<Value>(result: Result<Value>): string {
  if (result.ok) throw new Error("Not refused.");
  return result.fault;
}

/** Events in short: a token's data, else its kind, with what is lost. */
export function brief(events: readonly (SubscriptionEvent | PushEvent)[]): readonly string[] {
  return events.map((event) => {
    if (event.kind === "token") return event.data;
    if (event.kind === "truncated") return `truncated ${event.dropped}`;
    if (event.kind === "closed") return `closed ${event.code} ${event.reason}`;
    return event.kind === "gap" ? `gap ${event.reason}` : event.kind;
  });
}

/** Lets everything happen that waits for no time. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** A listener that notes what it hears, and takes only so much until resumed. */
export class Ear {
  readonly heard: PushEvent[] = [];
  readonly ends: string[] = [];
  appetite = Number.POSITIVE_INFINITY;

  event = (event: PushEvent): boolean => {
    this.heard.push(event);
    this.appetite -= 1;
    return this.appetite > 0;
  };

  ended = (why: string): void => {
    this.ends.push(why);
  };

  get brief(): readonly string[] {
    return brief(this.heard);
  }
}

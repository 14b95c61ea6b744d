// Joins under way: each is answered exactly once, and a takeover waits for the old holder for a
// second at most (§3.5).
import { type CloseReason, EMPTY_OBJECT } from "@ams/protocol";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { entryOf } from "../testing/fakes.ts";
import { type Arrival, Arrivals, type Heard, YIELD_WAIT_MS } from "./arrivals.ts";

let arrivals: Arrivals;
let outcomes: string[];

beforeEach(() => {
  vi.useFakeTimers();
  arrivals = new Arrivals();
  outcomes = [];
});

afterEach(() => {
  vi.useRealTimers();
});

const heardOf = (epoch: number): Heard => ({
  stream: {
    entry: entryOf(1, epoch),
    claim: "held",
    lastN: 0,
    lastMs: 0,
    knownMetadata: EMPTY_OBJECT,
    timeAt: null,
    meter: null,
    successor: null,
  },
  resumed: false,
});

function arrivalOf(name: string, link = 1): Arrival {
  return {
    link,
    accept: ({ stream }: Heard) => outcomes.push(`${name} accepted ${stream.entry.epoch}`),
    refuse: (reason: CloseReason) => outcomes.push(`${name} refused ${reason}`),
  };
}

test("a join is accepted once, and refused no more", () => {
  arrivals.expect("a", arrivalOf("a"));
  expect(arrivals.has("a")).toBe(true);
  arrivals.accept("a", heardOf(1));
  arrivals.accept("a", heardOf(1));
  arrivals.refuse("a", "internal_error");
  expect(arrivals.has("a")).toBe(false);
  expect(outcomes).toEqual(["a accepted 1"]);
});

test("a join that nobody expects, or that was forgotten, is answered by nobody", () => {
  arrivals.expect("a", arrivalOf("a"));
  arrivals.forget("a");
  arrivals.accept("a", heardOf(1));
  arrivals.refuse("b", "internal_error");
  expect(outcomes).toEqual([]);
});

test("§3.5 a takeover is accepted when the old holder yields, and not a second time when its time is over", () => {
  arrivals.expect("a", arrivalOf("a"));
  arrivals.acceptAfterYield("a", 4, heardOf(5));
  arrivals.yielded(3);
  expect(outcomes).toEqual([]);
  arrivals.yielded(4);
  expect(outcomes).toEqual(["a accepted 5"]);
  vi.advanceTimersByTime(2 * YIELD_WAIT_MS);
  arrivals.yielded(4);
  expect(outcomes).toEqual(["a accepted 5"]);
  expect(vi.getTimerCount()).toBe(0);
});

test("§3.5 a takeover from a holder that says nothing is accepted after a second", () => {
  arrivals.expect("a", arrivalOf("a"));
  arrivals.acceptAfterYield("a", 4, heardOf(5));
  vi.advanceTimersByTime(YIELD_WAIT_MS - 1);
  expect(outcomes).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(outcomes).toEqual(["a accepted 5"]);
});

test("§3.5 a takeover that was itself taken over while it waited is refused, and stays so", () => {
  arrivals.expect("a", arrivalOf("a"));
  arrivals.expect("b", arrivalOf("b"));
  arrivals.acceptAfterYield("a", 4, heardOf(5));
  arrivals.refuse("a", "stream_displaced");
  arrivals.acceptAfterYield("b", 5, heardOf(6));
  vi.advanceTimersByTime(YIELD_WAIT_MS);
  arrivals.yielded(4);
  expect(outcomes).toEqual(["a refused stream_displaced", "b accepted 6"]);
});

test("§2.7 a join under way is refused when its link ends, and others stay", () => {
  arrivals.expect("a", arrivalOf("a", 1));
  arrivals.expect("b", arrivalOf("b", 2));
  arrivals.expect("c", arrivalOf("c", 3));
  arrivals.refuseWhere(({ link }) => link <= 2, "link_revoked");
  arrivals.accept("c", heardOf(1));
  expect(outcomes).toEqual(["a refused link_revoked", "b refused link_revoked", "c accepted 1"]);
});

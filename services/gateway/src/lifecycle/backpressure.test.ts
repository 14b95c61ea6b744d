// Slow readers: only noted while the library publishes, closed 4290 when they read, cut when they
// don't (§5.7).
import type { CloseReason } from "@ams/protocol";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { metricsOf } from "../testing/fakes.ts";
import { Backpressure, type SlowSocket } from "./backpressure.ts";

const LIMIT = 1_000;

class Slow implements SlowSocket {
  readonly done: string[] = [];
  bytes = 5_000;

  buffered(): number {
    return this.bytes;
  }

  giveUp(): void {
    this.done.push("giveUp");
  }

  end(reason: CloseReason): void {
    this.done.push(`end ${reason}`);
  }

  cut(): void {
    this.done.push("cut");
  }
}

let backpressure: Backpressure;
let value: ReturnType<typeof metricsOf>["value"];
const waiting = () => value("ams_gateway_backpressured_sockets");

beforeEach(() => {
  vi.useFakeTimers();
  const made = metricsOf();
  value = made.value;
  backpressure = new Backpressure(LIMIT, made.metrics);
});

afterEach(() => {
  vi.useRealTimers();
});

/** The rest of this turn of the event loop. */
const endTurn = () => vi.advanceTimersByTime(0);
const ENDED = "end subscriber_backpressure";

test("§5.7 while a frame is dropped the socket is only noted: nothing is done to it before the turn is over", async () => {
  const slow = new Slow();
  backpressure.dropped(slow);
  backpressure.drained(slow);
  backpressure.dropped(slow);
  expect(slow.done).toEqual([]);
  endTurn();
  expect(slow.done).toEqual(["giveUp"]);
  backpressure.dropped(slow);
  endTurn();
  expect(slow.done).toEqual(["giveUp"]);
  expect(await waiting()).toBe(1);
});

test("§5.7 it is closed 4290 as soon as it has read its backlog, and once", async () => {
  const slow = new Slow();
  backpressure.dropped(slow);
  endTurn();
  slow.bytes = LIMIT;
  backpressure.drained(slow);
  expect(slow.done).toEqual(["giveUp"]);
  slow.bytes = LIMIT - 1;
  backpressure.drained(slow);
  expect(slow.done).toEqual(["giveUp", ENDED]);
  backpressure.closed(slow);
  backpressure.closed(slow);
  vi.advanceTimersByTime(60_000);
  expect(slow.done).toEqual(["giveUp", ENDED]);
  expect(await waiting()).toBe(0);
});

test("§5.7 one that has read meanwhile is closed right behind the turn", () => {
  const slow = new Slow();
  slow.bytes = 0;
  backpressure.dropped(slow);
  endTurn();
  expect(slow.done).toEqual(["giveUp", ENDED]);
});

test("§5.7 it is cut after 10 s in which it reads nothing", () => {
  const slow = new Slow();
  backpressure.dropped(slow);
  endTurn();
  vi.advanceTimersByTime(9_999);
  expect(slow.done).toEqual(["giveUp"]);
  vi.advanceTimersByTime(1);
  expect(slow.done).toEqual(["giveUp", "cut"]);
});

test("§5.7 one that reads, however slowly, is given time", () => {
  const slow = new Slow();
  backpressure.dropped(slow);
  endTurn();
  for (let look = 0; look < 5; look += 1) {
    vi.advanceTimersByTime(9_000);
    backpressure.drained(slow);
  }
  expect(slow.done).toEqual(["giveUp"]);
  vi.advanceTimersByTime(10_000);
  expect(slow.done).toEqual(["giveUp", "cut"]);
});

test("a socket that closes between being noted and the end of the turn is left alone", async () => {
  const gone = new Slow();
  const slow = new Slow();
  backpressure.dropped(gone);
  backpressure.dropped(slow);
  backpressure.closed(gone);
  endTurn();
  vi.advanceTimersByTime(5_000);
  expect(gone.done).toEqual([]);
  expect(slow.done).toEqual(["giveUp"]);
  expect(await waiting()).toBe(1);
});

test("a drain or close of a healthy socket means nothing", async () => {
  const healthy = new Slow();
  backpressure.drained(healthy);
  backpressure.closed(healthy);
  expect(healthy.done).toEqual([]);
  expect(await waiting()).toBe(0);
});

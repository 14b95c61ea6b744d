/**
 * A storm of clients that join, emit, take each other's names over and leave, on several gateways,
 * while faults are injected; then it looks whether a stream has two holders, or a reader was misled
 * (§3.5, §5.5, §5.6).
 */
import { setTimeout as pause } from "node:timers/promises";
import { expect } from "vitest";
import WebSocket from "ws";
import { type Account, createAccount, inspect, type Minted, mint } from "../conformance/driver.ts";
import { dial, join, type Subscriber, tolerate } from "../conformance/subscriber.ts";
import { range } from "./journey.ts";

export type Storm = {
  readonly gateways: number;
  readonly clients: number;
  /** Stream names that the clients share. */
  readonly names: number;
  /** Milliseconds for which clients come and go. */
  readonly ms: number;
  /** Milliseconds that a client stays at most. */
  readonly stayMs: number;
  /** A fault, called while the clients come and go. */
  readonly fault: () => Promise<void>;
};

/** How a reader says that a stream left at another seq than it had heard (§4.6.3). */
const LEFT_AT = /^§4\.6\.3 \S+ left at (\d+)-(\d+), heard up to (\d+)-(\d+)$/;

/** Milliseconds after the last fault within which the rosters must be true (§5.6). */
const SETTLED_MS = 10_000;

/**
 * Runs one storm; fails when a stream has two open holders, or a reader's roster is not the
 * directory's.
 */
export async function runStorm(storm: Storm, random: () => number): Promise<void> {
  tolerate(isLostTail);
  const owner = await createAccount();
  const minted = await mint(owner);
  const readers = await Promise.all(
    range(storm.gateways).map((at) => join(minted, { as: owner, name: `reader-${at}`, at })),
  );
  const untilMs = performance.now() + storm.ms;
  const lives = range(storm.clients).map((n) => live(storm, { owner, minted, n, untilMs }, random));
  await storm.fault();
  const open = (await Promise.all(lives)).filter(isOpen);
  await expectOneHolderEach(minted, readers, open);
}

/**
 * The one thing that a storm's faults may break: the last frames of a stream are lost, and its
 * `stream_left` says so by a later seq, which is how a lost tail shows (§4.6.3). An earlier seq
 * than the reader heard is a fault.
 */
function isLostTail(broken: string): boolean {
  const [, epoch, n, heardEpoch, heardN] = LEFT_AT.exec(broken) ?? [];
  return epoch !== undefined && epoch === heardEpoch && Number(n) > Number(heardN);
}

type Life = {
  readonly owner: Account;
  readonly minted: Minted;
  readonly n: number;
  readonly untilMs: number;
};

/** One client that comes again and again under the same name; returns its last connection. */
async function live(storm: Storm, life: Life, random: () => number): Promise<Subscriber> {
  for (;;) {
    const at = Math.floor(random() * storm.gateways);
    const one = dial(life.minted, { as: life.owner, name: `name-${life.n % storm.names}`, at });
    const joined = await one.settled().catch(() => false);
    const isLast = performance.now() >= life.untilMs;
    if (isLast && (joined || !isOpen(one))) return one;
    const stays = random() * storm.stayMs;
    for (let n = 0; joined && n < 10 && isOpen(one); n += 1) {
      one.say(`${life.n} says ${n}`);
      await pause(stays / 10);
    }
    if (random() < 0.5) one.leave();
    else one.socket.terminate();
    await one.closed;
  }
}

async function expectOneHolderEach(
  minted: Minted,
  readers: readonly Subscriber[],
  open: readonly Subscriber[],
): Promise<void> {
  const untilMs = performance.now() + SETTLED_MS;
  const findProblem = async () => {
    const present = [...readers, ...open.filter((one) => isOpen(one) && one.frames.length > 0)];
    const { streams } = await inspect(minted);
    const listed = new Set(streams.map(({ stream_id }) => stream_id));
    const held = present.map(({ id }) => id);
    if (new Set(held).size < held.length) return "a stream has two open holders";
    if (!isSame(listed, new Set(held))) return "the directory does not name the open holders";
    const wrong = present.filter((one) => !isSame(one.invariants.roster, listed));
    return wrong.length === 0 ? null : `${wrong.length} readers have another roster`;
  };
  let problem = await findProblem();
  while (problem !== null && performance.now() < untilMs) {
    await pause(200);
    problem = await findProblem();
  }
  expect(problem, "within 10 s after the last fault").toBeNull();
}

function isOpen(one: Subscriber): boolean {
  return one.endedByBroker === null && one.socket.readyState === WebSocket.OPEN;
}

function isSame(one: ReadonlySet<string>, other: ReadonlySet<string>): boolean {
  return one.size === other.size && [...one].every((id) => other.has(id));
}

/**
 * Sessions, subscriptions and connections that come and go in any order: what must hold at every
 * moment.
 */
import { AmsError } from "@ams/client";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Result, Session } from "../contract.ts";
import { type Desk, desk, must, settle } from "../testing/desk.ts";
import { account, type FakeCall } from "../testing/fake-wire.ts";
import type { Received } from "./requests.ts";

const NAMES = ["one", "two"] as const;
const OWNERS = ["a", "b"] as const;
const ENDINGS = ["connection_lost", "stream_displaced", "link_revoked"] as const;

const where = {
  owner: fc.constantFrom(...OWNERS),
  session: fc.integer({ min: 0, max: 2 }),
  streamName: fc.constantFrom(...NAMES),
  microtasks: fc.constantFrom(0, 1, 20),
};
const command = fc.oneof(
  fc.record({ ...where, join: fc.boolean() }),
  fc.record({ ...where, send: fc.constant(true) }),
  fc.record({ ...where, recv: fc.constant(true) }),
  fc.record({ ...where, leave: fc.constant(true) }),
  fc.record({ ...where, end: fc.boolean() }),
  fc.record({ break: fc.constantFrom(...ENDINGS), nth: fc.nat({ max: 5 }) }),
  fc.record({ dialsFail: fc.boolean() }),
  fc.record({ pass: fc.constantFrom(1_000, 31_000, 700_000) }),
);
type Command = typeof command extends fc.Arbitrary<infer Value> ? Value : never;

/** Turns of the event loop after which a dial, and what waited for it, is over. */
const TURNS = 3;

/** Sessions by owner and number, opened when they are first asked for. */
function sessions({ open, wrapper }: Desk) {
  let opened = 0;
  const ids = new Map<string, string>();
  return (owner: string, number: number): Session => {
    const who = account(owner);
    const key = `${owner}${number}`;
    const found = wrapper.find(ids.get(key) ?? "", who);
    if (found !== null) return found;
    opened += 1;
    ids.set(key, `s${opened}`);
    return open(`s${opened}`, { who });
  };
}

/** Connections that nobody has ended, by owner and stream name. */
function liveCalls(calls: readonly FakeCall[], ended: ReadonlySet<FakeCall>) {
  const live = calls.filter((call) => !call.hungUp && !ended.has(call));
  return live.map((call) => `${call.options.credential} ${call.streamName}`);
}

async function run(world: Desk, commands: readonly Command[]): Promise<void> {
  const { wire, clock, wrapper } = world;
  const sessionOf = sessions(world);
  const ended = new Set<FakeCall>();
  let dialsFail = false;
  wire.dialling = async () => {
    await settle(); // So that much can happen while it is dialled.
    if (dialsFail) throw new AmsError("unreachable", "Nobody answers.");
  };
  const read = new Map<string, string[]>();
  const calls: Promise<unknown>[] = [];
  const note = (owner: string, got: Result<Received>) => {
    const events = got.ok ? got.events : [];
    const data = events.flatMap((event) => (event.kind === "token" ? [event.data] : []));
    read.set(owner, [...(read.get(owner) ?? []), ...data]);
  };
  for (const step of commands) {
    if ("pass" in step) clock.pass(step.pass);
    else if ("dialsFail" in step) dialsFail = step.dialsFail;
    else if ("break" in step) {
      const call = wire.calls.at(-1 - step.nth);
      if (call !== undefined && !call.hungUp && !ended.has(call)) {
        ended.add(call);
        call.end(new AmsError(step.break, "Ended."));
      }
    } else {
      const { owner, streamName } = step;
      const session = sessionOf(owner, step.session);
      const target = { link: "link-of-x", streamName };
      if ("join" in step) calls.push(session.join({ ...target, takeOver: step.join }));
      else if ("send" in step) calls.push(session.send({ ...target, data: owner }));
      else if ("leave" in step) calls.push(session.leave(target));
      else if ("end" in step) session.end({ leaveWire: step.end });
      else calls.push(session.recv(target).then((got) => note(owner, got)));
      for (let turn = 0; turn < step.microtasks; turn += 1) await null;
      if (step.microtasks > 0) continue; // What comes next meets it on its way.
    }
    for (const call of wire.calls) {
      if (!call.hungUp && !ended.has(call)) call.say(`for ${call.options.credential}`);
    }
    for (let turn = 0; turn < TURNS; turn += 1) await settle();
    const live = liveCalls(wire.calls, ended);
    expect(new Set(live).size).toBe(live.length);
    expect(wrapper.size.subscriptions).toBeLessThanOrEqual(OWNERS.length * NAMES.length);
  }
  await Promise.all(calls); // None of them rejects.
  for (const [owner, data] of read) {
    expect(new Set([...data, `for ams_sk_${owner}`]).size).toBe(1);
  }
  for (const { options, sent } of wire.calls) {
    for (const data of sent) expect(options.credential).toBe(`ams_sk_${data}`);
  }
  await wrapper.close();
  expect(liveCalls(wire.calls, ended)).toEqual([]);
}

test("a subscription never has two connections, accounts never meet, and when all is closed nothing stays open", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(command, { maxLength: 50 }), (commands) => run(desk(), commands)),
    { numRuns: 150 },
  );
});

test("after any of it an explicit takeover gets a subscription that works", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(command, { maxLength: 30 }), async (commands) => {
      const world = desk();
      const { wire, open, clock } = world;
      const sessionOf = sessions(world);
      for (const step of commands) {
        if ("pass" in step) clock.pass(step.pass);
        else if ("dialsFail" in step) wire.resumed = step.dialsFail;
        else if ("break" in step) wire.calls.at(-1)?.end(new AmsError(step.break, "Ended."));
        else if ("leave" in step) await sessionOf(step.owner, 0).leave({ link: "link-of-x" });
        else if (!("end" in step)) {
          await sessionOf(step.owner, step.session).join({ link: "link-of-x", ...step });
        } else sessionOf(step.owner, step.session).end();
        await settle();
      }
      const session = open("last");
      must(await session.join({ link: "link-of-x", streamName: "one", takeOver: true }));
      must(await session.send({ data: "a" }));
      const { nextCursor } = must(await session.recv({ maxEvents: 1_000 }));
      for (const call of wire.calls) call.say("the end");
      await settle();
      const { events } = must(await session.recv({ cursor: nextCursor }));
      expect(events.filter((event) => event.kind === "token")).toHaveLength(1);
    }),
    { numRuns: 100 },
  );
});

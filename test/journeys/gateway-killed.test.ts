/** A gateway is killed, or stands still for a while, and the others carry on (§5.6.1, §5.9). */
import { expect, test } from "vitest";
import type { Member } from "../cluster.ts";
import {
  type Account,
  createAccount,
  inspect,
  type Minted,
  mint,
  until,
} from "../conformance/driver.ts";
import { readSeq } from "../conformance/invariants.ts";
import { dial, expectRefusal, join, type Subscriber } from "../conformance/subscriber.ts";
import { inCluster, onRedis, speakToAll } from "./journey.ts";
import {
  countJoined,
  countLeft,
  expectInOrder,
  expectNothingSilent,
  knowsOf,
  tokensOf,
} from "./losses.ts";

/** Streams that an account may hold in this cluster. */
const STREAMS = 3;

/** Milliseconds in which the survivors announce what a dead gateway held (§5.6.1). */
const ANNOUNCED_MS = 10_000;

const DISPLACED = { code: 4001, reason: "stream_displaced" };
const FULL = "account_concurrency_limit";

/** Where the survivors are; each test gets one more gateway to lose. */
const SURVIVORS = [0, 1];

onRedis("of three gateways one", () => {
  const cluster = inCluster({ gateways: 2, env: { AMS_STREAMS_PER_ACCOUNT: String(STREAMS) } });

  /** A conversation with a reader on each survivor, and one more gateway, which is to fail. */
  async function setUp() {
    const victim = await cluster().addGateway();
    speakToAll(cluster());
    const at = cluster().gateways.indexOf(victim);
    const [ann, bob] = [await createAccount(), await createAccount()];
    const minted = await mint(bob);
    const readers = await Promise.all(
      SURVIVORS.map((index) => join(minted, { as: bob, name: `reader-${index}`, at: index })),
    );
    return { victim, at, ann, bob, minted, readers };
  }

  test("§5.6.1 §3.3.9 killed: its streams are announced as left once, within 10 s, and their places are free again", async () => {
    const { victim, at, ann, minted, readers } = await setUp();
    const stays = await join(minted, { as: ann, name: "stays", at: 0 });
    const lost = await Promise.all(
      ["lost-1", "lost-2"].map((name) => join(minted, { as: ann, name, at })),
    );
    for (const index of [0, 1, at]) {
      await expectRefusal(dial(minted, { as: ann, name: "more", at: index }), 4003, FULL);
    }
    for (const one of lost) one.say(`last word of ${one.id}`);
    for (const one of lost)
      for (const reader of readers) await reader.token(`last word of ${one.id}`);

    await victim.kill();
    const watchers = [...readers, stays];
    for (const one of lost) {
      expect((await one.ended()).code).toBe(1006);
      for (const watcher of watchers) await heardLeave(watcher, one.id);
    }
    for (const watcher of watchers) {
      for (const one of lost) expect(countLeft(watcher, one.id)).toBe(1);
      expect(watcher.invariants.roster.size).toBe(3);
    }
    expect((await inspect(minted)).streams).toHaveLength(3);
    await joinOnceFree(minted, { as: ann, name: "new-1", at: 0 });
    await joinOnceFree(minted, { as: ann, name: "new-2", at: 1 });
    await expectRefusal(dial(minted, { as: ann, name: "new-3", at: 0 }), 4003, FULL);
  });

  test("§3.5 §3.3.12 killed: its client takes its stream again elsewhere at once, and keeps it when the dead are swept", async () => {
    const { victim, at, ann, minted, readers } = await setUp();
    const old = await join(minted, { as: ann, name: "lead", at });
    const other = await join(minted, { as: ann, name: "other", at });
    await join(minted, { as: ann, name: "third", at: 0 });
    old.say("before");
    for (const reader of readers) await reader.token("before");
    await victim.kill();
    const heir = await join(minted, { as: ann, name: "lead", at: 1 });
    expect(heir.joined).toMatchObject({ stream_id: old.id, resumed: true });
    expect(heir.joined.epoch).toBeGreaterThan(old.joined.epoch);
    heir.say("after");
    for (const reader of readers) {
      await reader.token("after");
      await heardLeave(reader, other.id); // The dead gateway has been swept.
      expect(countLeft(reader, old.id)).toBe(0);
    }
    expect((await inspect(minted)).streams.map(({ stream_id }) => stream_id)).toContain(heir.id);
    heir.say("still here");
    for (const reader of readers) await reader.token("still here");
    await joinOnceFree(minted, { as: ann, name: "new-1", at: 0 });
    await expectRefusal(dial(minted, { as: ann, name: "new-2", at: 0 }), 4003, FULL);
  });

  test("§5.9 paused until its lease has run out: it takes its streams back under the same epoch, and is announced again", async () => {
    const { victim, at, ann, minted, readers } = await setUp();
    const paused = await join(minted, { as: ann, name: "paused", at });
    const beside = await join(minted, { as: ann, name: "beside", at });
    const { epoch } = paused.joined;
    paused.say("before");
    for (const reader of [...readers, beside]) await reader.token("before");
    stand(victim);
    for (const word of ["during 1", "during 2", "during 3"]) paused.say(word);
    for (const reader of readers) await heardLeave(reader, paused.id);
    goOn(victim);
    for (const reader of readers) {
      await reader.see("that it has joined again", () => countJoined(reader, paused.id) === 2);
      // Without another frame of the stream: what was dropped on the way is reported.
      await reader.see("all it said, or a gap", () => knowsOf(reader, paused.id) === 4);
    }
    paused.say("after");
    for (const reader of [...readers, beside]) {
      const { seq } = await reader.token("after");
      expect(readSeq(seq)).toEqual({ epoch, n: 5 });
      expectInOrder(reader, paused.id);
      expectNothingSilent(reader, paused.id, { epoch, first: 1, last: 5 });
    }
    expect(tokensOf(beside, paused.id)).toHaveLength(5);
    await expectSameRoster(minted, [...readers, paused, beside]);
    expect(countLeft(beside, paused.id)).toBe(0);
    await joinOnceFree(minted, { as: ann, name: "third", at: 0 });
    await expectRefusal(dial(minted, { as: ann, name: "fourth", at: 1 }), 4003, FULL);
  });

  test.for([
    { how: "shorter than its lease", untilSwept: false },
    { how: "longer than its lease", untilSwept: true },
  ])(
    "§5.9 §3.5.1 paused while its stream is taken over, $how: its socket is closed 4001 and nothing of it comes late",
    async ({ untilSwept }) => {
      const { victim, at, ann, minted, readers } = await setUp();
      const old = await join(minted, { as: ann, name: "lead", at });
      const beside = await join(minted, { as: ann, name: "beside", at });
      old.say("before");
      for (const reader of readers) await reader.token("before");
      stand(victim);
      const heir = await join(minted, { as: ann, name: "lead", at: 0 });
      expect(heir.joined.resumed).toBe(true);
      heir.say("of the heir");
      for (const reader of readers) await reader.token("of the heir");
      old.say("too late");
      if (untilSwept) for (const reader of readers) await heardLeave(reader, beside.id);
      goOn(victim);
      expect(await old.ended()).toEqual(DISPLACED);
      heir.say("at last");
      for (const reader of readers) {
        await reader.token("at last");
        expect(reader.heard.slice(reader.heard.indexOf("of the heir"))).not.toContain("too late");
        expectInOrder(reader, heir.id);
        expect(countLeft(reader, heir.id)).toBe(0);
      }
      await expectSameRoster(minted, [...readers, heir, beside]);
    },
  );
});

function stand(member: Member): void {
  process.kill(member.pid, "SIGSTOP");
}

function goOn(member: Member): void {
  process.kill(member.pid, "SIGCONT");
}

async function heardLeave(reader: Subscriber, id: string): Promise<void> {
  await reader.see(`that ${id} has left`, () => countLeft(reader, id) > 0, ANNOUNCED_MS);
}

/** A place that is swept is free a moment behind its stream's leave. */
async function joinOnceFree(
  minted: Minted,
  wishes: { readonly as: Account; readonly name: string; readonly at: number },
): Promise<void> {
  await until(
    () => dial(minted, wishes).settled(),
    (joined) => joined,
  );
}

/** Fails unless every reader comes to believe in exactly the streams that inspect lists. */
async function expectSameRoster(minted: Minted, readers: readonly Subscriber[]): Promise<void> {
  const sorted = (ids: Iterable<string>) => [...ids].sort().join();
  const expected = sorted(readers.map(({ id }) => id));
  const listed = async () => sorted((await inspect(minted)).streams.map((one) => one.stream_id));
  await until(listed, (ids) => ids === expected);
  for (const reader of readers) {
    await reader.see("the roster", () => sorted(reader.invariants.roster) === expected);
  }
}

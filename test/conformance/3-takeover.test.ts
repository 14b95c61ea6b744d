/** §3.5: a new connection takes a live stream over, on the same gateway and from another one. */
import { expect, test } from "vitest";
import { account, HERE, inspect, mint, THERE } from "./driver.ts";
import { readSeq } from "./invariants.ts";
import { base64, dial, join } from "./subscriber.ts";

const PLACES = [
  { from: HERE, to: HERE, how: "on one gateway" },
  { from: HERE, to: THERE, how: "from another gateway" },
  { from: THERE, to: HERE, how: "and back" },
];
const DISPLACED = { code: 4001, reason: "stream_displaced" };

test.for(PLACES)(
  "§3.5 the stream keeps its id and the others see nobody come or go, $how",
  async ({ from, to }) => {
    const [ann, bob] = await Promise.all([account("ann"), account("bob")]);
    const minted = await mint(ann);
    const watchers = [
      await join(minted, { as: bob, name: "here", at: HERE }),
      await join(minted, { as: bob, name: "there", at: THERE }),
    ];
    const old = await join(minted, { as: ann, name: "lead", at: from });
    old.say("old");
    for (const watcher of watchers) await watcher.token("old");
    const { joined_at } =
      (await inspect(minted)).streams.find(({ stream_id }) => stream_id === old.id) ?? {};
    const heir = await join(minted, { as: ann, name: "lead", at: to });
    expect(await old.ended()).toEqual(DISPLACED);
    expect(heir.joined).toMatchObject({ stream_id: old.id, resumed: true });
    expect(heir.joined.epoch).toBeGreaterThan(old.joined.epoch);
    expect(heir.peers).toEqual(new Set(watchers.map(({ id }) => id)));
    heir.say("new");
    for (const watcher of watchers) {
      const token = await watcher.token("new");
      expect(token.stream_id).toBe(old.id);
      expect(readSeq(token.seq).epoch).toBe(heir.joined.epoch);
      const types = watcher.frames.filter((f) => "stream_id" in f && f.stream_id === old.id);
      expect(types.map(({ type }) => type)).toEqual(["stream_joined", "token", "token"]);
    }
    const now = (await inspect(minted)).streams.find(({ stream_id }) => stream_id === old.id);
    expect(now?.joined_at, "§2.5.2 a takeover doesn't change joined_at").toBe(joined_at);
  },
);

test("§3.5 the first connection of a name is not resumed, nor is one that comes back after leaving", async () => {
  const ann = await account();
  const minted = await mint(ann);
  const watcher = await join(minted, { as: ann, name: "watcher" });
  const first = await join(minted, { as: ann, name: "lead" });
  first.leave();
  await watcher.next("stream_left");
  const back = await join(minted, { as: ann, name: "lead", at: THERE });
  expect(first.joined).not.toHaveProperty("resumed");
  expect(back.joined).not.toHaveProperty("resumed");
  expect(back.joined.epoch).toBeGreaterThan(first.joined.epoch);
});

test("§3.5.1 nothing of the old connection arrives after anything of the new one, while both are sending", async () => {
  const [ann, bob] = await Promise.all([account("ann"), account("bob")]);
  const minted = await mint(ann);
  const readers = [
    await join(minted, { as: bob, name: "here", at: HERE }),
    await join(minted, { as: bob, name: "there", at: THERE }),
  ];
  for (const round of [1, 2, 3, 4]) {
    const old = await join(minted, { as: ann, name: "lead", at: round });
    for (let n = 0; n < 200; n += 1) old.say(`old-${round}`);
    const heir = await join(minted, { as: ann, name: "lead", at: round + 1 });
    heir.say(`new-${round}`);
    expect(await old.ended()).toEqual(DISPLACED);
    for (const reader of readers) await reader.token(`new-${round}`);
  }
  const fence = await join(minted, { as: bob, name: "fence", at: THERE });
  fence.say("fence");
  for (const reader of readers) {
    await reader.token("fence");
    for (const round of [1, 2, 3, 4]) {
      const heard = reader.heard.slice(reader.heard.indexOf(`new-${round}`));
      expect(heard, "a token of the displaced connection came late").not.toContain(`old-${round}`);
    }
  }
});

test("§3.5.2 what the old connection sent before is delivered", async () => {
  const [ann, bob] = await Promise.all([account("ann"), account("bob")]);
  const minted = await mint(ann);
  const readers = [
    await join(minted, { as: bob, name: "here", at: HERE }),
    await join(minted, { as: bob, name: "there", at: THERE }),
  ];
  const old = await join(minted, { as: ann, name: "lead", at: HERE });
  const sent = Array.from({ length: 100 }, (_, n) => `token ${n}`);
  for (const data of sent) old.say(data);
  await old.drained();
  const heir = await join(minted, { as: ann, name: "lead", at: THERE });
  heir.say("new");
  for (const reader of readers) {
    await reader.token("new");
    expect(reader.heard).toEqual([...sent, "new"]);
  }
});

test("§3.5.3 metadata that is not given stays, and one that differs is sent to the others", async () => {
  const [ann, bob] = await Promise.all([account("ann"), account("bob")]);
  const minted = await mint(ann);
  const watcher = await join(minted, { as: bob, name: "watcher", at: THERE });
  const given = (value: object) => ({ "x-ams-stream-metadata": base64(value) });
  await join(minted, { as: ann, name: "lead", headers: given({ is: 1 }) });
  const silent = await join(minted, { as: ann, name: "lead", at: THERE });
  expect(silent.joined.metadata).toEqual({ is: 1 });
  const same = await join(minted, { as: ann, name: "lead", headers: given({ is: 1 }) });
  expect(same.joined.metadata).toEqual({ is: 1 });
  const changed = await join(minted, { as: ann, name: "lead", headers: given({ is: 2 }) });
  expect(changed.joined.metadata).toEqual({ is: 2 });
  const announced = await watcher.next("stream_metadata");
  expect(announced).toMatchObject({ stream_id: changed.id, metadata: { is: 2 } });
  expect(readSeq(announced.seq).epoch, "of the connection that changed it").toBe(
    changed.joined.epoch,
  );
  changed.say("fence");
  await watcher.token("fence");
  expect(watcher.frames.filter(({ type }) => type === "stream_metadata")).toHaveLength(1);
});

test("§3.2.4 a peer identity is set once: a takeover keeps it", async () => {
  const [ann, bob] = await Promise.all([account("ann"), account("bob")]);
  const minted = await mint(ann);
  const identity = { kind: "agent", model: "m-1" };
  const given = (value: object) => ({ "x-ams-peer-identity": base64(value) });
  await join(minted, { as: ann, name: "lead", headers: given(identity) });
  const silent = await join(minted, { as: ann, name: "lead" });
  expect(silent.joined.peer_identity).toEqual(identity);
  const other = await join(minted, {
    as: ann,
    name: "lead",
    at: THERE,
    headers: given({ kind: "human" }),
  });
  expect(other.joined.peer_identity).toEqual(identity);
  const late = await join(minted, { as: bob, at: THERE });
  expect(late.joined.peers).toMatchObject([{ peer_identity: identity }]);
});

test("§3.5.4 what a connection asked for is not handed on", async () => {
  const ann = await account();
  const minted = await mint(ann);
  const headers = { "x-ams-self-subscribe": "true", "x-ams-receipts": "true" };
  await join(minted, { as: ann, name: "lead", headers });
  const heir = await join(minted, { as: ann, name: "lead" });
  expect(heir.joined.self_subscribe).toBe(false);
  const witness = await join(minted, { as: ann, name: "witness" });
  heir.say("a");
  await witness.token("a");
  await heir.drained();
  expect(heir.frames.map(({ type }) => type)).toEqual(["joined", "stream_joined", "pong"]);
});

test("§3.5 of many connections for one stream at once the last holds it, and every other is displaced", async () => {
  const [ann, bob] = await Promise.all([account("ann"), account("bob")]);
  const minted = await mint(ann);
  const watcher = await join(minted, { as: bob, name: "watcher", at: THERE });
  const attempts = Array.from({ length: 12 }, (_, at) =>
    dial(minted, { as: ann, name: "lead", at }),
  );
  const settled = await Promise.all(attempts.map((one) => one.settled()));
  const all = attempts.filter((_, index) => settled[index]);
  const epochs = all.map(({ joined }) => joined.epoch);
  expect(new Set(epochs).size, "§4.6.1 no two connections have the same epoch").toBe(all.length);
  const holder = all.find(({ joined }) => joined.epoch === Math.max(...epochs));
  for (const one of attempts.filter((some) => some !== holder)) {
    expect(await one.ended()).toEqual(DISPLACED);
  }
  holder?.say("I hold it");
  await watcher.token("I hold it");
  expect(watcher.frames.filter(({ type }) => type === "stream_joined")).toHaveLength(1);
  expect((await inspect(minted)).streams).toHaveLength(2);
});

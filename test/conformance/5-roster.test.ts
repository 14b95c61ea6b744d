/** §5.6: the roster is true for every reader, however many come and go at once. */
import { expect, test } from "vitest";
import { account, HERE, inspect, mint, THERE, until } from "./driver.ts";
import { join, type Subscriber } from "./subscriber.ts";

test("§5.6 those who join at the same time all learn of each other, each once", async () => {
  const [ann, bob, eve] = await Promise.all([account("ann"), account("bob"), account("eve")]);
  const minted = await mint(ann);
  const all = await Promise.all(
    [ann, bob, eve].flatMap((as, who) =>
      Array.from({ length: 6 }, (_, n) => join(minted, { as, name: `s-${who}-${n}`, at: who + n })),
    ),
  );
  const everybody = new Set(all.map(({ id }) => id));
  expect(everybody.size).toBe(18);
  for (const one of all) {
    await one.see("all 18 streams", () => one.invariants.roster.size === 18);
    expect(one.invariants.roster).toEqual(everybody);
  }
});

test("§5.6 under many joins and leaves at once every reader ends up with the true roster", async () => {
  const [ann, bob, eve] = await Promise.all([account("ann"), account("bob"), account("eve")]);
  const minted = await mint(ann);
  const watchers = [
    await join(minted, { as: ann, name: "w-here", at: HERE }),
    await join(minted, { as: eve, name: "w-there", at: THERE }),
  ];
  const actors = [ann, bob, eve].flatMap((as, who) =>
    [0, 1, 2, 3].map(async (n) => {
      for (let round = 0; ; round += 1) {
        const one = await join(minted, { as, name: `s-${who}-${n}`, at: who + n + round });
        one.say(`round ${round}`);
        if (round === 6) return one;
        if ((round + n) % 3 === 0) one.socket.terminate();
        else one.leave();
        if ((round + n) % 2 === 0) await one.closed; // Else the next one may take it over.
      }
    }),
  );
  const stayed: Subscriber[] = await Promise.all(actors);
  const truth = new Set([...stayed, ...watchers].map(({ id }) => id));
  for (const one of [...watchers, ...stayed]) {
    await one.see(`the roster of ${truth.size}`, () => same(one.invariants.roster, truth));
  }
  const shown = await until(
    () => inspect(minted),
    ({ streams }) => streams.length === truth.size,
  );
  expect(new Set(shown.streams.map(({ stream_id }) => stream_id))).toEqual(truth);
});

test("§5.6 a roster has of each stream its name, account and latest metadata", async () => {
  const [ann, bob] = await Promise.all([account("ann"), account("bob")]);
  const minted = await mint(ann);
  const one = await join(minted, { as: ann, name: "one" });
  const watcher = await join(minted, { as: bob, name: "watcher", at: THERE });
  one.send({ type: "set_metadata", metadata: { is: "new" } });
  await watcher.next("stream_metadata");
  const late = await join(minted, { as: bob, name: "late", at: THERE });
  expect(late.joined.peers).toHaveLength(2);
  expect(late.joined.peers).toContainEqual({
    stream_id: one.id,
    stream_name: "one",
    owner_account_id: ann.account_id,
    metadata: { is: "new" },
  });
});

test("§6.3 a stream leaves at once when its client closes, with whatever code, or just vanishes", async () => {
  const [ann, bob] = await Promise.all([account("ann"), account("bob")]);
  const minted = await mint(ann);
  const watchers = [
    await join(minted, { as: bob, name: "here", at: HERE }),
    await join(minted, { as: bob, name: "there", at: THERE }),
  ];
  const ways: readonly ((one: Subscriber) => void)[] = [
    (one) => one.leave(1000),
    (one) => one.leave(1001),
    (one) => one.leave(4001),
    (one) => one.socket.close(),
    (one) => one.socket.terminate(),
  ];
  for (const [index, way] of ways.entries()) {
    const one = await join(minted, { as: ann, name: `s${index}`, at: index });
    way(one);
    for (const watcher of watchers) {
      await watcher.next("stream_left", ({ stream_id }) => stream_id === one.id);
      expect(watcher.peers).toEqual(
        new Set(watchers.flatMap(({ id }) => (id === watcher.id ? [] : [id]))),
      );
    }
  }
});

function same(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return a.size === b.size && [...a].every((item) => b.has(item));
}

test("§4.5.4 a summary of the roster is counts: none of the others by name, and every token", async () => {
  const [ann, bob] = await Promise.all([account("ann"), account("bob")]);
  const minted = await mint(ann);
  const first = await join(minted, { as: ann, name: "first", at: HERE });
  const headers = { "x-ams-roster": "Summary" };
  const reader = await join(minted, { as: bob, name: "reader", at: THERE, headers });
  expect(reader.joined).toMatchObject({ peers: [], peer_count: 1 });
  const others = await Promise.all(
    Array.from({ length: 8 }, (_, n) => join(minted, { as: ann, name: `s-${n}`, at: n })),
  );
  await reader.next("x_roster", ({ peer_count }) => peer_count === 9);
  for (const one of others) one.leave();
  await reader.next("x_roster", ({ peer_count }) => peer_count === 1);
  first.say("still heard");
  expect(await reader.token("still heard")).toMatchObject({ stream_name: "first" });
  reader.say("and hears");
  await first.token("and hears");
  // Others learn of it as of anybody.
  expect(first.peers.has(reader.id)).toBe(true);
  const types = new Set(reader.frames.map(({ type }) => type));
  expect(types).toEqual(new Set(["joined", "x_roster", "token"]));
});

test("§4.5.4 §5.10 a summary goes with a selection", async () => {
  const [ann, bob] = await Promise.all([account("ann"), account("bob")]);
  const minted = await mint(ann);
  const [one, two] = [
    await join(minted, { as: ann, name: "one", at: HERE }),
    await join(minted, { as: ann, name: "two", at: THERE }),
  ];
  const headers = { "x-ams-roster": "summary", "x-ams-subscribe-streams": two.id };
  const reader = await join(minted, { as: bob, name: "reader", at: HERE, headers });
  expect(reader.joined.peer_count).toBe(2);
  one.say("not for it");
  two.say("for it");
  await reader.token("for it");
  expect(reader.frames.filter(({ type }) => type === "token")).toHaveLength(1);
});

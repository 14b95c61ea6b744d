// What the directory lists in a gateway's name and nobody there answers for is given back, some of
// it at a time.
import { DirectoryUnavailable, type Held } from "@ams/directory";
import { beforeEach, expect, test } from "vitest";
import { entryOf, silentLog, slotOf, WHERE } from "../testing/fakes.ts";
import { Rig } from "../testing/rig.ts";
import { Review } from "./review.ts";

let pages: (readonly Held[])[];
let asked: string[];
let fault: Error | null;
let gateway: string;
let answersFor: (held: Held) => boolean;
let review: Review;
let connections: string[];
let kept: string[];

const slot = (number: number): Held => ({
  kind: "quota_slot",
  slot: slotOf(number, `connection-${number}`),
});

beforeEach(() => {
  pages = [];
  asked = [];
  fault = null;
  gateway = "gateway-a";
  answersFor = () => false;
  [connections, kept] = [[], []];
  const directory = {
    heldBy: async (id: string, cursor: string | null) => {
      if (fault !== null) throw fault;
      const at = Number(cursor ?? 0);
      asked.push(`${id} ${at}`);
      return { held: pages[at] ?? [], next: at + 1 < pages.length ? `${at + 1}` : null };
    },
    letGo: async (id: string, held: Held) => {
      asked.push(
        `${id} gives ${held.kind === "quota_slot" ? held.slot.connection : held.connection}`,
      );
    },
  };
  review = new Review({
    directory,
    gateway: () => gateway,
    answersFor: (held) => answersFor(held),
    connections: () => connections,
    keepSlot: (connection) => kept.push(connection),
    log: silentLog(),
  });
});

test("§3.3.9 a quota slot that no session and no join holds is given back, the others stay", async () => {
  pages = [[slot(1), slot(2)], [slot(3)]];
  answersFor = (held) => held.kind === "quota_slot" && held.slot.connection === "connection-2";
  await review.round();
  expect(asked).toEqual([
    "gateway-a 0",
    "gateway-a gives connection-1",
    "gateway-a 1",
    "gateway-a gives connection-3",
  ]);
});

test("§3.3.9 a session whose slot two whole walks do not show gets it again, one that is shown does not", async () => {
  answersFor = () => true;
  connections = ["connection-1", "connection-2"];
  pages = [[slot(1)], []];
  await review.round();
  expect(kept).toEqual([]);
  await review.round();
  expect(kept).toEqual(["connection-2"]);
  pages = [[slot(1)], [slot(2)]];
  connections = [...connections, "joined-meanwhile"];
  await review.round();
  pages = [[slot(1), { kind: "quota_slot", slot: slotOf(3, "joined-meanwhile") }], [slot(2)]];
  await review.round();
  expect(kept).toEqual(["connection-2"]);
});

test("a round reads some pages, the next one goes on there, and a new id begins from the first", async () => {
  pages = Array.from({ length: 70 }, () => []);
  await review.round();
  await review.round();
  expect(asked).toHaveLength(64);
  expect(asked.at(-1)).toBe("gateway-a 63");
  gateway = "gateway-b";
  await review.round();
  expect(asked[64]).toBe("gateway-b 0");
});

test("§5.9 a directory that is away ends the round, and the next one goes on", async () => {
  pages = [[slot(1)]];
  fault = new DirectoryUnavailable("away");
  await expect(review.round()).rejects.toBe(fault);
  fault = null;
  await review.round();
  expect(asked).toEqual(["gateway-a 0", "gateway-a gives connection-1"]);
});

test("a conversation answers for its sessions' streams and quota slots, and for its joins under way", () => {
  const { conversation, ...rig } = new Rig();
  const entry = entryOf(1, 1);
  const stream = { kind: "stream", where: WHERE, ...entry } as const;
  const held = { kind: "quota_slot", slot: slotOf(1, entry.connection) } as const;
  expect([stream, held].map((one) => conversation.answersFor(one))).toEqual([false, false]);
  conversation.arrivals.expect(entry.connection, {
    link: 1,
    accept: () => undefined,
    refuse: () => undefined,
  });
  const another = { kind: "quota_slot", slot: slotOf(2, entry.connection) } as const;
  expect([stream, held, another].map((one) => conversation.answersFor(one))).toEqual([
    true,
    true,
    true,
  ]);
  conversation.arrivals.forget(entry.connection);
  expect(rig.asked).toEqual([]);
});

test("a session answers for its own stream and quota slot only", () => {
  const rig = new Rig();
  const entry = entryOf(1, 1);
  rig.join(entry);
  const answers = (one: Held) => rig.conversation.answersFor(one);
  expect(answers({ kind: "stream", where: WHERE, ...entry })).toBe(true);
  expect(answers({ kind: "quota_slot", slot: slotOf(1, entry.connection) })).toBe(true);
  expect(answers({ kind: "quota_slot", slot: slotOf(2, entry.connection) })).toBe(false);
  const guest = { ...slotOf(1, entry.connection), kind: "guest" } as const;
  expect(answers({ kind: "quota_slot", slot: guest })).toBe(false);
  expect(answers({ kind: "quota_slot", slot: slotOf(1, "another") })).toBe(false);
});

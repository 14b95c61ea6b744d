// Conversations that are open here: opened by the first join, brought in line after the bus was
// away, closed behind the last.
import {
  type Directory,
  DirectoryUnavailable,
  encodeEvent,
  type RosterEntry,
} from "@ams/directory";
import { beforeEach, expect, test, vi } from "vitest";
import { admissionOf, deferred, endOfTurn, entryOf, streamId, WHERE } from "../testing/fakes.ts";
import { Rig } from "../testing/rig.ts";
import { Conversations } from "./conversations.ts";

type Asked = {
  readonly mark: string;
  readonly tails: boolean;
  readonly answer: (entries: readonly RosterEntry[] | null) => void;
  readonly fail: () => void;
};

const ADMISSION = admissionOf("hash");

let rig: Rig;
let asked: Asked[];
let conversations: Conversations;

beforeEach(() => {
  rig = new Rig();
  asked = [];
  const snapshot: Directory["snapshot"] = (_where, { mark, tails }) => {
    const { promise, resolve } = deferred<readonly RosterEntry[] | null>();
    const failed = deferred();
    asked.push({ mark, tails, answer: resolve, fail: () => failed.resolve() });
    const failing = failed.promise.then(() => Promise.reject(new DirectoryUnavailable("away")));
    return Promise.race([promise, failing]);
  };
  const directory = { ...rig.deps.directory, snapshot };
  conversations = new Conversations({ ...rig.deps, directory }, rig.bus);
});

const channel = () => [...rig.bus.subscribed.keys()][0] ?? "";
const hear = (event: Parameters<typeof encodeEvent>[0]) =>
  rig.bus.subscribed.get(channel())?.(Buffer.from(encodeEvent(event)));
const claim = (number: number, epoch: number) =>
  hear({ kind: "claimed", entry: theirs(number, epoch), displaced: null });
const mark = (index: number) =>
  hear({ kind: "mark", mark: asked[index]?.mark ?? "", tails: false });
const theirs = (number: number, epoch: number) => entryOf(number, epoch, { gateway: "gateway-b" });

async function open() {
  const acquired = conversations.acquire(ADMISSION);
  await endOfTurn();
  mark(0);
  asked[0]?.answer([theirs(1, 1)]);
  const conversation = await acquired;
  if (conversation === null) throw new Error("it is gone");
  return conversation;
}

const present = (conversation: Awaited<ReturnType<typeof open>>) =>
  new Set([...conversation.roster.streams()].map(({ entry }) => entry.stream_id));

test("the first join subscribes and asks once, however many join at once; the last release unsubscribes", async () => {
  const both = [conversations.acquire(ADMISSION), conversations.acquire(ADMISSION)];
  await endOfTurn();
  expect(asked).toHaveLength(1);
  mark(0);
  claim(2, 2);
  asked[0]?.answer([theirs(1, 1)]);
  const [first, second] = await Promise.all(both);
  if (!first) throw new Error("it is gone");
  expect(second).toBe(first);
  expect(present(first)).toEqual(new Set([streamId(1), streamId(2)]));
  conversations.release(first);
  expect(rig.bus.subscribed.size).toBe(1);
  conversations.release(first);
  conversations.release(first);
  expect([rig.bus.subscribed.size, conversations.size]).toEqual([0, 0]);
});

test("§3.3 what the latest join has read is remembered while the conversation is open, and no longer", async () => {
  expect(conversations.admissionTo(WHERE.address)).toBeUndefined();
  const conversation = await open();
  expect(conversations.admissionTo(WHERE.address)).toBe(ADMISSION);
  const later = admissionOf("another");
  await conversations.acquire(later);
  expect(conversations.admissionTo(WHERE.address)).toBe(later);
  conversations.release(conversation);
  expect(conversations.admissionTo(WHERE.address)).toBe(later);
  conversations.release(conversation);
  expect(conversations.admissionTo(WHERE.address)).toBeUndefined();
});

test("a conversation that is gone is null to all who wait for it, and nothing stays open", async () => {
  const both = [conversations.acquire(ADMISSION), conversations.acquire(ADMISSION)];
  await endOfTurn();
  asked[0]?.answer(null);
  expect(await Promise.all(both)).toEqual([null, null]);
  expect([rig.bus.subscribed.size, conversations.size]).toEqual([0, 0]);
});

test("a directory that is away is an error to all who wait, and nothing stays open", async () => {
  const both = [conversations.acquire(ADMISSION), conversations.acquire(ADMISSION)];
  const settled = Promise.allSettled(both);
  await endOfTurn();
  asked[0]?.fail();
  expect((await settled).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  expect([rig.bus.subscribed.size, conversations.size]).toEqual([0, 0]);
});

test("§5.6 when the bus comes up while the roster is read, what was announced meanwhile isn't lost", async () => {
  const acquired = conversations.acquire(ADMISSION);
  await endOfTurn();
  mark(0);
  rig.bus.up([channel()]);
  await endOfTurn();
  claim(2, 2);
  asked[0]?.answer([theirs(1, 1)]);
  const conversation = await acquired;
  if (conversation === null) throw new Error("it is gone");
  await endOfTurn();
  mark(1);
  asked[1]?.answer([theirs(1, 1), theirs(2, 2)]);
  await endOfTurn();
  expect(present(conversation)).toEqual(new Set([streamId(1), streamId(2)]));
});

test("§5.6 when the bus comes up twice, an answer of the first time never undoes what was heard since", async () => {
  const conversation = await open();
  rig.bus.up([channel()]);
  await endOfTurn();
  mark(1);
  rig.bus.up([channel()]);
  await endOfTurn();
  claim(2, 2);
  expect(asked).toHaveLength(2);
  asked[1]?.answer([theirs(1, 1)]);
  await endOfTurn();
  mark(2);
  claim(3, 3);
  asked[2]?.answer([theirs(1, 1), theirs(2, 2)]);
  await endOfTurn();
  expect(present(conversation)).toEqual(new Set([streamId(1), streamId(2), streamId(3)]));
  expect(asked.map(({ tails }) => tails)).toEqual([false, true, true]);
});

test("§2.7.2 a conversation that is gone when the bus is back closes its sessions", async () => {
  const conversation = await open();
  rig.bus.up([channel()]);
  await endOfTurn();
  asked[1]?.answer(null);
  await endOfTurn();
  expect(conversation.roster.size).toBe(1);
  expect([...conversation.sessions.values()]).toEqual([]);
});

test("§5.6 a conversation that could not be brought in line is tried again, though the bus says nothing more", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  try {
    const conversation = await open();
    rig.bus.up([channel()]);
    await endOfTurn();
    asked[1]?.fail();
    await endOfTurn();
    expect(asked).toHaveLength(2);
    vi.advanceTimersByTime(1_000);
    await endOfTurn();
    mark(2);
    asked[2]?.answer([theirs(4, 4)]);
    await endOfTurn();
    expect(present(conversation)).toEqual(new Set([streamId(4)]));
  } finally {
    vi.useRealTimers();
  }
});

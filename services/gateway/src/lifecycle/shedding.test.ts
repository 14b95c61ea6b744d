import { expect, test } from "vitest";
import type { Conversation } from "../conversation/conversation.ts";
import type { Session } from "../conversation/session.ts";
import { createShedding } from "./shedding.ts";

const NOW_MS = Date.parse("2026-01-01T00:10:00.000Z");

type Wish = {
  readonly name: string;
  /** Its account; a guest's unless given. */
  readonly account?: string;
  /** Whose conversation it is in. */
  readonly owner?: string;
  /** Milliseconds since it joined, and since its last whole message. */
  readonly joinedAgo?: number;
  readonly quiet?: number;
};

/** A gateway of these sessions, which leave when they are closed. */
function open(wishes: readonly Wish[]) {
  const closed: string[] = [];
  const warned: Record<string, unknown>[] = [];
  const state = { isFull: true, nowMs: NOW_MS };
  const all = wishes.map((wish) => {
    const { name, account = "acc_anon_1", owner = "ann", joinedAgo = 60_000 } = wish;
    const joined_at = new Date(NOW_MS - joinedAgo).toISOString();
    const session = {
      stream: { entry: { owner_account_id: account, joined_at } },
      heardMs: NOW_MS - (wish.quiet ?? joinedAgo),
      close: (reason: string) => closed.push(`${name} ${reason}`),
    } as unknown as Session;
    const conversation = { where: { address: { namespace: owner } } } as unknown as Conversation;
    return { name, session, conversation };
  });
  const here = () => all.filter(({ name }) => !closed.includes(`${name} rate_limited`));
  const look = createShedding({
    memory: { isFull: () => state.isFull },
    conversations: { sessions: here },
    now: () => state.nowMs,
    log: { warn: (fields: object) => void warned.push({ ...fields }) },
  });
  /** A look, and one after it has been full for as long as a guest must be quiet. */
  const lookTwice = () => {
    look();
    state.nowMs += 5_000;
    look();
  };
  return { closed, warned, state, look, lookTwice, here };
}

const some = (count: number, wish: (n: number) => Wish) =>
  Array.from({ length: count }, (_, n) => wish(n));

test("§5.8.1 a full gateway ends quiet guests, the newest first, a hundred at a look, and nobody else", () => {
  const { look, lookTwice, closed, state, warned } = open([
    { name: "account", account: "acc_1", joinedAgo: 600_000 },
    { name: "talking", quiet: -1_000_000 },
    { name: "early", joinedAgo: 300_000, quiet: 5_000 },
    ...some(120, (n) => ({ name: `g${n}`, joinedAgo: 10_000 + 10 * n })),
  ]);
  state.isFull = false;
  look();
  expect(closed).toEqual([]);
  state.isFull = true;
  lookTwice();
  expect(closed).toEqual(
    some(100, (n) => ({ name: `g${n}` })).map(({ name }) => `${name} rate_limited`),
  );
  expect(warned).toEqual([{ event: "guests_ended", count: 100 }]);
});

test.each([
  ["before", 600_000],
  ["after", 6_000],
])(
  "§5.8.1 guests of the owner who has the most of them are ended first: ten listeners elsewhere that came %s them stay",
  (_when, joinedAgo) => {
    const { lookTwice, here } = open([
      ...some(10, (n) => ({ name: `listener${n}`, owner: "bob", joinedAgo })),
      ...some(110, (n) => ({ name: `attacker${n}`, owner: "eve" })),
    ]);
    lookTwice();
    expect(here().filter(({ name }) => name.startsWith("listener"))).toHaveLength(10);
    expect(here()).toHaveLength(20);
  },
);

test("§5.8.1 when no quiet guest is left for ten seconds, quiet sockets of accounts end, of the account with the most first", () => {
  const { look, lookTwice, closed, state, here, warned } = open([
    { name: "guest" },
    { name: "talking", account: "acc_3", quiet: -1_000_000 },
    { name: "reader", account: "acc_1" },
    ...some(30, (n) => ({ name: `a${n}`, account: "acc_2", owner: "eve" })),
  ]);
  lookTwice();
  expect(closed).toEqual(["guest rate_limited"]);
  look();
  state.nowMs += 9_999;
  look();
  expect(closed).toHaveLength(1);
  state.nowMs += 1;
  look();
  expect(closed).toHaveLength(26);
  expect(here().map(({ name }) => name)).toContain("reader");
  expect(warned.at(-1)).toEqual({ event: "accounts_ended", count: 25 });
  state.isFull = false;
  look();
  state.isFull = true;
  look();
  expect(closed).toHaveLength(26);
});

test("§5.8.1 a listener is not ended because whoever filled the memory has not been quiet for long yet", () => {
  const { look, state, here, closed } = open([
    ...some(10, (n) => ({ name: `listener${n}`, owner: "bob" })),
    ...some(110, (n) => ({ name: `attacker${n}`, owner: "eve", joinedAgo: 100 })),
  ]);
  look();
  state.nowMs += 4_999;
  look();
  expect(closed).toEqual([]);
  state.nowMs += 1;
  look();
  expect(here().filter(({ name }) => name.startsWith("listener"))).toHaveLength(10);
  expect(closed).toHaveLength(100);
});

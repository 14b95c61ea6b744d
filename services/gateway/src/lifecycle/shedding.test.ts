import { expect, test } from "vitest";
import type { Session } from "../conversation/session.ts";
import { shed } from "./shedding.ts";

/** A session as far as shedding looks at it. */
function session(owner: string, heardMs: number, closed: string[], name: string) {
  const stream = { entry: { owner_account_id: owner } };
  const close = (reason: string) => closed.push(`${name} ${reason}`);
  return { session: { stream, heardMs, close } as unknown as Session };
}

test("§5.8.1 a full gateway ends quiet guests, the longest quiet first, a hundred at a look, and nobody else", () => {
  const closed: string[] = [];
  const counts: number[] = [];
  let isFull = false;
  const guests = Array.from({ length: 120 }, (_, n) =>
    session("acc_anon_1", 120 - n, closed, `g${n}`),
  );
  const sessions = [
    session("acc_1", 0, closed, "account"),
    session("acc_anon_1", 9_000, closed, "talking"),
    ...guests,
  ];
  const look = () =>
    shed({
      memory: { isFull: () => isFull },
      conversations: { sessions: () => sessions },
      now: () => 10_000,
      log: { warn: ({ count }: { count?: number }) => void counts.push(count ?? 0) },
    });
  look();
  expect(closed).toEqual([]);
  isFull = true;
  look();
  expect(closed).toHaveLength(100);
  expect(closed.slice(0, 2)).toEqual(["g119 rate_limited", "g118 rate_limited"]);
  expect(closed.every((one) => one.startsWith("g"))).toBe(true);
  expect(counts).toEqual([100]);
});

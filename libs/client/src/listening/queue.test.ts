import { describe, expect, test, vi } from "vitest";
import { AmsError } from "../errors.ts";
import { Queue } from "./queue.ts";

const code = (promise: Promise<unknown>) =>
  promise.then(
    () => "resolved",
    (error: unknown) => (error instanceof AmsError ? error.code : "not an AmsError"),
  );

describe("a queue", () => {
  test("gives its items in order, also to those who asked before they came", async () => {
    const queue = new Queue<number>(() => {});
    const first = queue.next();
    queue.push(1, 1);
    for (let item = 2; item <= 5_000; item += 1) queue.push(item, 1);
    expect(await first).toEqual({ value: 1, done: false });
    for (let item = 2; item <= 5_000; item += 1) expect((await queue.next()).value).toBe(item);
  });

  test("that is full gives all that it holds, then throws slow_consumer once, and is then done", async () => {
    const onDone = vi.fn();
    const queue = new Queue<string>(onDone, 10);
    for (const item of ["a", "b", "c"]) queue.push(item, 5);
    queue.push("d", 1);
    expect(onDone).toHaveBeenCalledOnce();
    expect((await queue.next()).value).toBe("a");
    expect((await queue.next()).value).toBe("b");
    expect(await code(queue.next())).toBe("slow_consumer");
    expect((await queue.next()).done).toBe(true);
  });

  test("frees space as it is read", async () => {
    const queue = new Queue<string>(() => {}, 10);
    for (let turn = 0; turn < 100; turn += 1) {
      queue.push("x", 10);
      expect((await queue.next()).value).toBe("x");
    }
  });

  test("ends for everybody who waits, and forgets what it holds when its reader leaves", async () => {
    const queue = new Queue<string>(() => {});
    const waiting = [queue.next(), queue.next()];
    queue.end(null);
    expect(await Promise.all(waiting)).toEqual([
      { value: undefined, done: true },
      { value: undefined, done: true },
    ]);
    const other = new Queue<string>(() => {});
    other.push("x", 1);
    await other.return();
    other.push("y", 1);
    expect((await other.next()).done).toBe(true);
  });
});

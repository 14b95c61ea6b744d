import { afterEach, expect, test, vi } from "vitest";
import { later } from "./later.ts";

afterEach(() => {
  vi.useRealTimers();
});

const never = () => new Promise<never>(() => {});

test("a part that doesn't load rejects with `unreachable` and why, and the next call loads it", async () => {
  const why = new TypeError("Failed to fetch dynamically imported module");
  const load = vi.fn(async () => "part").mockRejectedValueOnce(why);
  await expect(later(load, undefined)).rejects.toMatchObject({ code: "unreachable", cause: why });
  await expect(later(load, undefined)).resolves.toBe("part");
});

test("a part that neither comes nor fails rejects with `timeout` after 15 seconds", async () => {
  vi.useFakeTimers();
  const rejected = expect(later(never, undefined)).rejects.toMatchObject({ code: "timeout" });
  await vi.advanceTimersByTimeAsync(14_999);
  expect(vi.getTimerCount()).toBe(1);
  await vi.advanceTimersByTimeAsync(1);
  await rejected;
});

test("a signal ends the waiting, and no timer is left behind", async () => {
  vi.useFakeTimers();
  const caller = new AbortController();
  const rejected = expect(later(never, caller.signal)).rejects.toMatchObject({ code: "aborted" });
  caller.abort();
  await rejected;
  expect(vi.getTimerCount()).toBe(0);
  await later(async () => "part", undefined);
  expect(vi.getTimerCount()).toBe(0);
});

test("a load that fails when nobody waits any more is nobody's fault", async () => {
  const caller = new AbortController();
  let fail = (_: Error) => {};
  const load = () =>
    new Promise<never>((_, reject) => {
      fail = reject;
    });
  const rejected = expect(later(load, caller.signal)).rejects.toMatchObject({ code: "aborted" });
  caller.abort();
  await rejected;
  const uncaught = vi.fn();
  process.once("unhandledRejection", uncaught);
  fail(new Error("too late"));
  await new Promise((resolve) => setImmediate(resolve));
  process.off("unhandledRejection", uncaught);
  expect(uncaught).not.toHaveBeenCalled();
});

import { Registry } from "prom-client";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { watchDirectory } from "./readiness.ts";
import { PEPPERS } from "./testing/control.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test("it is ready while the directory answers, and asks again by itself", async () => {
  const answers = [
    () => Promise.reject(new Error("away")),
    () => Promise.resolve(3),
    () => Promise.reject(new Error("away")),
    () => Promise.resolve(4),
  ];
  const registry = new Registry();
  const ping = () => answers.shift()?.() ?? Promise.resolve(5);
  const confirmPeppers = () => Promise.resolve({ ok: true, value: null } as const);
  const readiness = watchDirectory({
    directory: { ping, confirmPeppers },
    peppers: PEPPERS,
    registry,
    unknownPeppers: () => expect.fail("they were confirmed"),
  });
  expect(readiness.isConfirmed()).toBe(false);
  expect(readiness.notReady()).toBe("directory");
  await vi.advanceTimersByTimeAsync(200);
  expect(readiness.notReady()).toBeNull();
  expect(readiness.isConfirmed()).toBe(true);
  expect(await registry.metrics()).toContain("ams_control_directory_ping_seconds 0.003");
  await vi.advanceTimersByTimeAsync(1_000);
  expect(readiness.notReady()).toBe("directory");
  await vi.advanceTimersByTimeAsync(200);
  expect(readiness.notReady()).toBeNull();
  readiness.stop();
  expect(readiness.notReady()).toBe("stopping");
  expect(vi.getTimerCount()).toBe(0);
});

test("§8.2 the peppers are asked for once the directory answers, and the process ends when it knows none", async () => {
  const unknown: string[] = [];
  let asked = 0;
  const readiness = watchDirectory({
    directory: {
      ping: () => (asked++ === 0 ? Promise.reject(new Error("away")) : Promise.resolve(1)),
      confirmPeppers: () => Promise.resolve({ ok: false, fault: "link" } as const),
    },
    peppers: PEPPERS,
    registry: new Registry(),
    unknownPeppers: (list) => unknown.push(list),
  });
  await vi.advanceTimersByTimeAsync(100);
  expect(unknown).toEqual([]);
  await vi.advanceTimersByTimeAsync(100);
  expect(unknown).toEqual(["link"]);
  expect(readiness.isConfirmed()).toBe(false);
  readiness.stop();
});

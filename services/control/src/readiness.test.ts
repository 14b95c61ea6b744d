import { Registry } from "prom-client";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { watchDirectory } from "./readiness.ts";

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
  const readiness = watchDirectory({ ping }, registry);
  expect(readiness.notReady()).toBe("directory");
  await vi.advanceTimersByTimeAsync(200);
  expect(readiness.notReady()).toBeNull();
  expect(await registry.metrics()).toContain("ams_control_directory_ping_seconds 0.003");
  await vi.advanceTimersByTimeAsync(1_000);
  expect(readiness.notReady()).toBe("directory");
  await vi.advanceTimersByTimeAsync(200);
  expect(readiness.notReady()).toBeNull();
  readiness.stop();
  expect(readiness.notReady()).toBe("stopping");
  expect(vi.getTimerCount()).toBe(0);
});

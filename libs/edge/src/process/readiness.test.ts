import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { watchDeployment } from "./readiness.ts";

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

test("it is ready while the deployment answers, and asks again by itself", async () => {
  const health = { host: "h", ts: "" };
  const ask = vi
    .fn()
    .mockResolvedValue(health)
    .mockRejectedValueOnce(new Error("away"))
    .mockResolvedValueOnce(health)
    .mockRejectedValueOnce(new Error("away"));
  const readiness = watchDeployment(ask);
  expect(readiness.notReady()).toBe("deployment");
  await vi.advanceTimersByTimeAsync(200);
  expect(readiness.notReady()).toBeNull();
  await vi.advanceTimersByTimeAsync(2_000);
  expect(readiness.notReady()).toBe("deployment");
  await vi.advanceTimersByTimeAsync(200);
  expect(readiness.notReady()).toBeNull();
  readiness.stop();
  expect(readiness.notReady()).toBe("stopping");
  expect(vi.getTimerCount()).toBe(0);
});

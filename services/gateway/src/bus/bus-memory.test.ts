// The bus within one process keeps the promises of every bus.
import { expect, test } from "vitest";
import { collect, testBus } from "./bus.contract.ts";
import { openMemoryBus, openMemoryBusPorts } from "./bus-memory.ts";

testBus("memory", () => {
  const [a = openMemoryBus(), b = openMemoryBus()] = openMemoryBusPorts(2);
  return Promise.resolve({ a, b, close: () => Promise.all([a.close(), b.close()]).then() });
});

test("memory: a payload is delivered before publish returns, also behind a subscriber that threw", async () => {
  const bus = openMemoryBus();
  const { heard, deliver } = collect();
  const channel = "ams:{p1}:conv_1";
  const throwing = "ams:{p1}:conv_2";
  await bus.subscribe(channel, deliver);
  await bus.subscribe(throwing, () => {
    throw new Error("a subscriber's fault");
  });
  expect(() => bus.publish(throwing, Buffer.from("x"))).toThrow("a subscriber's fault");
  const taken = bus.publish(channel, Buffer.from("1"));
  expect(heard).toEqual(["1"]);
  expect(await taken).toBe(true);
});

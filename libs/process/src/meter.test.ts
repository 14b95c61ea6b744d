import { expect, test } from "vitest";
import { createMeters } from "./meter.ts";

/** Milliseconds of CPU time per second: a burst of four times as much. */
const CPU_MS = 5;

function open() {
  const reached = { publicUrl: null, trustProxy: false };
  const meters = createMeters({
    config: { ...reached, addressCpuMsPerSecond: CPU_MS, accountCpuMsPerSecond: CPU_MS },
    now: () => 0,
  });
  return (secret: string, address = "192.0.2.1") =>
    meters(new Request("http://ams.example/", { headers: { authorization: secret } }), address);
}

test("§2.1.6 a secret that fails its check is its address's to pay, from that request on", () => {
  const ask = open();
  ask("right").paidBy("account", "acc_1");
  const ended = ask("right");
  ended.spend(100);
  expect(ended.refusal()?.kind).toBe("account");
  ended.paidByAddress();
  expect(ended.refusal()?.kind).toBe("address");
  expect(ask("right").refusal()?.kind).toBe("address");
  const other = ask("another", "192.0.2.2");
  other.paidBy("account", "acc_1");
  expect(other.refusal()).toBeNull();
});

test("§2.1.6 where nothing is checked, a secret that was right once soon pays nothing of its account", () => {
  const ask = open();
  ask("right").paidBy("account", "acc_1");
  let atAccount = 0;
  for (let n = 0; n < 1_000; n += 1) {
    const meter = ask("right");
    meter.spend(1_000);
    if (meter.refusal()?.kind === "account") atAccount += 1;
  }
  expect(atAccount).toBe(50);
  ask("right").paidBy("account", "acc_1");
  expect(ask("right").refusal()?.kind).toBe("account");
});

test("§2.1.6 an edge on this machine has no budget for a secret that failed either", () => {
  const meter = open()("wrong", "127.0.0.1");
  meter.spend(1_000);
  meter.paidByAddress();
  expect(meter.refusal()).toBeNull();
});

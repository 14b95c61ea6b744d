import { Socket } from "node:net";
import { expect, onTestFinished, test, vi } from "vitest";
import { startFakeBroker } from "../testing/fake-broker.ts";
import { joinQuickly } from "../testing/quick.ts";

test("what is sent in one turn of the event loop goes out in one write, in order", async () => {
  const broker = await startFakeBroker();
  onTestFinished(() => broker.stop());
  const { me, call } = await joinQuickly(broker);
  const write = vi.spyOn(Socket.prototype as unknown as { _writev(): void }, "_writev");
  onTestFinished(() => write.mockRestore());
  const numbers = Array.from({ length: 100 }, (_, n) => `${n}`);
  const sent = Promise.all(numbers.map((data) => me.send(data)));
  for (const data of numbers) expect((await call.frame()).data).toBe(data);
  expect(write).toHaveBeenCalledTimes(1);
  await sent;
  await me.close();
});

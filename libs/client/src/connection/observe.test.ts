import { expect, test } from "vitest";
import { startFakeBroker, token } from "../testing/fake-broker.ts";
import { joinQuickly } from "../testing/quick.ts";

test("an observer sees every frame both ways, as text and in order, whatever it does itself", async () => {
  const broker = await startFakeBroker();
  const frames: string[] = [];
  const uncaught: unknown[] = [];
  const note = (error: unknown) => uncaught.push(error);
  const others = process.listeners("uncaughtException");
  process.removeAllListeners("uncaughtException");
  process.on("uncaughtException", note);
  const onFrame = (direction: "in" | "out", text: string) => {
    frames.push(`${direction} ${text}`);
    if (direction === "out") throw new Error("The observer's own fault.");
  };
  const { me, call } = await joinQuickly(broker, { onFrame });
  await me.send("a");
  await call.frame();
  const pinging = me.ping();
  await call.frame();
  call.sendText(' {"type":"pong"} ');
  await pinging;
  const heard = me.tokens().next();
  const text = JSON.stringify(token("1-1", "b"));
  call.sendText(text);
  await heard;
  expect(frames[0]).toMatch(/^in {"type":"joined",/);
  expect(frames.slice(1)).toEqual([
    'out {"type":"token","data":"a"}',
    'out {"type":"ping"}',
    'in  {"type":"pong"} ',
    `in ${text}`,
  ]);
  expect(uncaught).toHaveLength(2);
  process.off("uncaughtException", note);
  for (const listener of others) process.on("uncaughtException", listener);
  await me.close();
  await broker.stop();
});

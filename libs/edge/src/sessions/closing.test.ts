/** How a process ends: who listens hears why, who waits is answered, and nothing comes back. */
import { expect, test } from "vitest";
import { LAST_WORD_MS } from "../limits.ts";
import { desk, Ear, faultIn, must, settle } from "../testing/desk.ts";

const X = { link: "link-of-x" };

test("a listener is notified of the subscription's end before its stream ends", async () => {
  const { wire, wrapper, open } = desk();
  const session = open("s1");
  must(await session.join(X));
  const ear = new Ear();
  must(session.listen(ear));
  await settle();
  wire.call.say("last word");
  await settle();
  await wrapper.close();
  expect(ear.brief).toEqual(["last word", "closed 4503 draining"]);
  expect(ear.ends).toEqual(["wrapper_closed"]);
  expect(wire.call.hungUp).toBe(true);
  expect(faultIn(await session.recv(X))).toBe("session_ended");
  expect(wrapper.size).toEqual({ sessions: 0, subscriptions: 0, listeners: 0 });
});

test("who lags still gets what there is, and is waited for, but not without limit", async () => {
  for (const goesOn of [true, false]) {
    const { wire, clock, wrapper, open } = desk();
    const session = open("s1");
    must(await session.join(X));
    const ear = new Ear();
    ear.appetite = 1;
    const { listening } = must(session.listen(ear));
    await settle();
    wire.call.sayAll(["a", "b", "c"]);
    await settle();
    const closed = wrapper.close();
    await settle();
    expect([ear.brief, ear.ends]).toEqual([["a"], []]);
    ear.appetite = Number.POSITIVE_INFINITY;
    if (goesOn) listening.resume();
    else clock.pass(LAST_WORD_MS);
    await closed;
    expect(ear.brief).toEqual(goesOn ? ["a", "b", "c", "closed 4503 draining"] : ["a"]);
    expect(ear.ends).toEqual(["wrapper_closed"]);
  }
});

test("a call under way is answered, and neither an old subscription nor a new one gets onto the wire again", async () => {
  const { wire, clock, wrapper, open } = desk();
  const session = open("s1");
  must(await session.join({ ...X, streamName: "old" }));
  const lags = new Ear();
  lags.appetite = 1;
  must(session.listen(lags));
  wire.call.sayAll(["a", "b"]);
  await settle();
  expect(must(await session.recv({ streamName: "old" })).events).toHaveLength(2);
  const waiting = session.recv({ streamName: "old", waitMs: 25_000 });
  await settle();
  let dialled = () => {};
  wire.dialling = () =>
    new Promise<void>((resolve) => {
      dialled = resolve;
    });
  const joining = session.join({ ...X, streamName: "late" });
  await settle();
  const closed = wrapper.close();
  const calls = ["old", "new"].map((streamName) => session.send({ ...X, streamName, data: "x" }));
  const answers = await Promise.all([waiting, ...calls]);
  expect(answers.map(faultIn)).toEqual(["unavailable", "unavailable", "unavailable"]);
  dialled();
  expect(faultIn(await joining)).toBe("unavailable");
  clock.pass(LAST_WORD_MS);
  await closed;
  expect(wire.calls.map((call) => call.hungUp)).toEqual([true, true]);
});

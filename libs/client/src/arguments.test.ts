import { afterEach, beforeEach, expect, test } from "vitest";
import { createAccount, openAccount } from "./account/account.ts";
import { inspect, offer } from "./account/deployment.ts";
import { join } from "./node.ts";
import { splitText } from "./sending/token.ts";
import { codeOf } from "./testing/collect.ts";
import { CREDENTIAL, type FakeBroker, startFakeBroker } from "./testing/fake-broker.ts";
import { joinQuickly } from "./testing/quick.ts";

/** What a program without types may give by mistake: an undefined name, a number, null. */
const wrong = (value: unknown) => value as never;
/** A call that throws at once, as a promise. */
const calling = async (call: () => unknown) => await call();

const accountOf = async (deployment: FakeBroker) => {
  deployment.answer = () => ({
    status: 200,
    body: JSON.stringify({ account_id: "acc_1", namespace: "demo", created_at: "now" }),
  });
  return await openAccount(deployment.url, { credential: CREDENTIAL });
};

let broker: FakeBroker;
beforeEach(async () => {
  broker = await startFakeBroker();
});
afterEach(() => broker.stop());

test("a stream that somebody else reads is refused as a source, and so is what is none", async () => {
  const { me } = await joinQuickly(broker);
  const locked = new ReadableStream<string>();
  locked.getReader();
  for (const source of [locked, wrong({}), wrong(7), wrong(null), wrong("text")]) {
    await expect(me.pipe(source)).rejects.toMatchObject({
      name: "AmsError",
      code: "invalid_argument",
      message:
        "A pipe reads from an async iterable, an iterable or a ReadableStream, and from one that nobody else reads.",
    });
  }
  await me.close();
});

test("a picker is a function, and is not passed over when it is none", async () => {
  const { me, call } = await joinQuickly(broker);
  for (const picker of [5, null, "data"]) {
    expect(await codeOf(me.pipe(["a"], wrong(picker)))).toBe("invalid_argument");
  }
  expect(await codeOf(me.pipe(["a"], wrong(undefined), wrong({ signal: 5 })))).toBe(
    "invalid_argument",
  );
  await me.send("the first that goes out");
  expect((await call.frame()).data).toBe("the first that goes out");
  await me.close();
});

test("a name that is none is refused, where it would be waited for without end", async () => {
  const { me } = await joinQuickly(broker);
  for (const name of [undefined, null, 5]) {
    expect(await codeOf(calling(() => me.text(wrong(name))))).toBe("invalid_argument");
    if (name !== undefined) {
      expect(await codeOf(calling(() => me.turns(wrong(name))))).toBe("invalid_argument");
    }
    expect(await codeOf(me.peer(wrong(name)))).toBe("invalid_argument");
  }
  for (const from of [null, 5]) {
    expect(await codeOf(calling(() => me.tokens({ from: wrong(from) })))).toBe("invalid_argument");
  }
  await me.close();
});

test("a listener is a function", async () => {
  const { me } = await joinQuickly(broker);
  for (const type of ["token", "joined"] as const) {
    expect(await codeOf(calling(() => me.on(type, wrong(5))))).toBe("invalid_argument");
  }
  await me.close();
});

test("a signal is an AbortSignal, or one that behaves so, wherever it is given", async () => {
  const { me } = await joinQuickly(broker);
  const signal = wrong(5);
  for (const call of [
    () => me.send("a", { signal }),
    () => me.pipe(["a"], { signal }),
    () => me.setMetadata({}, { signal }),
    () => me.ping({ signal }),
    () => me.peer("nobody", { signal }),
    () => me.tokens({ signal }),
    () => me.text("nobody", { signal }),
    () => join(broker.link, { guest: true, signal }),
    () => offer(broker.url, { signal }),
  ]) {
    expect(await codeOf(calling(call))).toBe("invalid_argument");
  }
  await me.close();
});

test("options are an object, and a text to split is a string", async () => {
  expect(await codeOf(join(broker.link, wrong(null)))).toBe("invalid_argument");
  expect(await codeOf(createAccount(broker.url, wrong(null)))).toBe("invalid_argument");
  expect(await codeOf(calling(() => splitText(wrong(5))))).toBe("invalid_argument");
});

test("an option that there isn't is refused by its name, wherever options are given", async () => {
  const { me, call } = await joinQuickly(broker);
  const account = await accountOf(broker);
  const typo = wrong({ singal: undefined, streamname: "me" });
  for (const use of [
    () => join(broker.link, typo),
    () => createAccount(broker.url, typo),
    () => openAccount(broker.url, typo),
    () => offer(broker.url, typo),
    () => inspect(broker.link, typo),
    () => account.mint(typo),
    () => account.newLink("alias", typo),
    () => account.rotate(typo),
    () => account.list(typo).next(),
    () => account.delete(typo),
    () => me.tokens(typo),
    () => me.events(typo),
    () => me.text("a", typo),
    () => me.turns("a", typo),
    () => me.turns(typo),
    () => me.peer("a", typo),
    () => me.send("a", typo),
    () => me.pipe(["a"], typo),
    () => me.setMetadata({}, typo),
    () => me.endTurn(typo),
    () => me.ping(typo),
  ]) {
    await expect(calling(use)).rejects.toMatchObject({
      code: "invalid_argument",
      message: expect.stringMatching(/^There is no option singal: there are .*signal.*\.$/),
    });
  }
  await me.send("the first that goes out");
  expect((await call.frame()).data).toBe("the first that goes out");
  await me.close();
});

test("a long name of an option is cut in the sentence", async () => {
  await expect(join(broker.link, wrong({ ["x".repeat(10_000)]: 1 }))).rejects.toMatchObject({
    message: expect.stringMatching(/^There is no option x{64}: /),
  });
});

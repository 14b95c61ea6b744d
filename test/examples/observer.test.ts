// examples/observer, run as its README says.
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Standalone, startStandalone } from "../standalone.ts";
import { arrival, joinAs, mint } from "./conversation.ts";
import { runExample } from "./example.ts";

let ams: Standalone;
beforeAll(async () => {
  ams = await startStandalone();
});
afterAll(() => ams.stop());

test("the observer logs who comes, speaks, changes and goes, and emits nothing itself", async () => {
  const { magicLink } = await mint(ams.url);
  const ada = await joinAs("ada", magicLink);
  const heard: string[] = [];
  ada.on("token", (token) => heard.push(token.data));
  const observer = runExample("observer", [magicLink], {});
  expect(await observer.line(/observing/)).toMatch(/ observing as \S+, with 1 others here$/);
  expect((await arrival(ada)).metadata).toEqual({ role: "observer" });

  await ada.send("hello\n\u001b[2J");
  expect(await observer.line(/ada/)).toMatch(/Z ada said "hello\\n\\u001b\[2J" \(\d+-1\)$/);
  await ada.setMetadata({ mood: "good" });
  expect(await observer.line(/ada/)).toMatch(/Z ada is now \{"mood":"good"\}$/);
  const bob = await joinAs("bob", magicLink);
  expect(await observer.line(/bob/)).toMatch(/Z bob joined$/);
  await bob.close();
  expect(await observer.line(/bob/)).toMatch(/Z bob left$/);

  observer.signal("SIGINT");
  expect(await observer.ended).toMatchObject({ code: 0, stderr: "" });
  expect(heard).toEqual([]);
});

test("the observer says why when the conversation is closed under it", async () => {
  const { account, alias, magicLink } = await mint(ams.url);
  const observer = runExample("observer", [], { AMS_LINK: magicLink });
  await observer.line(/observing/);
  await account.close(alias);
  const { code, stderr } = await observer.ended;
  expect([code, stderr]).toEqual([1, "The owner closed the conversation.\n"]);
});

test("the observer joins as an account when it is given a credential", async () => {
  const { account, magicLink } = await mint(ams.url);
  const ada = await joinAs("ada", magicLink);
  runExample("observer", [magicLink], { AMS_CREDENTIAL: account.credential });
  expect((await arrival(ada)).ownerAccountId).toBe(account.accountId);
});

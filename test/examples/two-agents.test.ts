// examples/two-agents, run as its README says.
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Standalone, startStandalone } from "../standalone.ts";
import { joinAs, mint } from "./conversation.ts";
import { runExample } from "./example.ts";
import { linkIn } from "./links.ts";

let ams: Standalone;
beforeAll(async () => {
  ams = await startStandalone();
});
afterAll(() => ams.stop());

const run = (...args: string[]) => runExample("two-agents", args, { AMS_URL: ams.url });

test("one agent mints and shares a link, asks, and is answered by the other, token by token", async () => {
  const asker = run();
  const link = linkIn(await asker.line(/npx tsx/));
  const answerer = run(link);
  const name = (await answerer.line(/^answering as /)).replace("answering as ", "");
  const [asked, answered] = await Promise.all([asker.ended, answerer.ended]);
  expect(answered).toEqual({
    code: 0,
    stdout: `answering as ${name}\nwas asked: What is 6 times 7?\n`,
    stderr: "",
  });
  expect(asked).toMatchObject({ code: 0, stderr: "" });
  expect(asked.stdout).toContain(`asking ${name}: What is 6 times 7?\n6 times 7 is 42.\n`);
});

test("an answer that would steer the asker's terminal is printed without what could", async () => {
  const asker = run();
  const me = await joinAs("trickster", linkIn(await asker.line(/npx tsx/)));
  await me.turns("asker").next();
  await me.send("\u001b[2J\u009b31m\u0007forty\ntwo\r");
  await me.endTurn();
  const { stdout } = await asker.ended;
  expect(stdout).toMatch(/\n\[2J31mforty\ntwo\n$/);
});

test("with a credential the conversation is that account's", async () => {
  const { account } = await mint(ams.url);
  const env = { AMS_URL: ams.url, AMS_CREDENTIAL: account.credential };
  const asker = runExample("two-agents", [], env);
  expect(linkIn(await asker.line(/npx tsx/))).toContain(`${ams.url}/${account.namespace}/`);
});

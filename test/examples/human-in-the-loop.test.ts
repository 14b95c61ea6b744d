// examples/human-in-the-loop, run as its README says, without a terminal.
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { type Standalone, startStandalone } from "../standalone.ts";
import { joinAs } from "./conversation.ts";
import { runExample } from "./example.ts";
import { linkIn } from "./links.ts";

let ams: Standalone;
beforeAll(async () => {
  ams = await startStandalone();
});
afterAll(() => ams.stop());

/** Where the agent makes the files that it wants to delete. */
let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ams-human-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const run = (...args: string[]) =>
  runExample("human-in-the-loop", args, { AMS_URL: ams.url, TMPDIR: folder });
const files = () =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".txt"))
    .map((path) => basename(path));

test("the agent deletes what the person allows and keeps what it doesn't", async () => {
  const agent = run();
  const person = run(linkIn(await agent.line(/npx tsx/)));
  await person.line(/May I delete .*draft\.txt\?" Type yes or no\.$/);
  person.type("perhaps");
  await person.line(/^Type yes or no\.$/);
  expect(files()).toEqual(["draft.txt"]);
  person.type("YES");
  await agent.line(/^deleted .*draft\.txt$/);
  await person.line(/May I delete .*report\.txt\?"/);
  expect(files()).toEqual(["report.txt"]);
  person.type("no");
  await agent.line(/^kept .*report\.txt$/);
  expect(await agent.ended).toMatchObject({ code: 0, stderr: "" });
  expect(await person.ended).toMatchObject({ code: 0, stderr: "" });
  expect(files()).toEqual(["report.txt"]);
});

test("answers may stand in a pipe before they are asked for", async () => {
  const agent = run();
  const person = run(linkIn(await agent.line(/npx tsx/)));
  person.type("no\nyes");
  person.endInput();
  expect((await agent.ended).stdout).toMatch(/kept .*draft\.txt\ndeleted .*report\.txt\n$/);
  expect(await person.ended).toMatchObject({ code: 0, stderr: "" });
  expect(files()).toEqual(["draft.txt"]);
});

test("a person who leaves without a word has allowed nothing, and the agent ends", async () => {
  const agent = run();
  const person = run(linkIn(await agent.line(/npx tsx/)));
  await person.line(/May I delete/);
  person.endInput();
  expect((await agent.ended).stdout).toMatch(/kept .*draft\.txt\nkept .*report\.txt\n$/);
  expect(await person.ended).toMatchObject({ code: 0, stderr: "" });
  expect(files()).toEqual(["draft.txt", "report.txt"]);
});

test("a yes that was not meant for the question allows nothing", async () => {
  const agent = run();
  const me = await joinAs("eager", linkIn(await agent.line(/npx tsx/)));
  const questions = me.text("agent");
  await me.send("yes");
  const [first] = String((await questions.next()).value).split(" ");
  await me.send("yes");
  await me.send(`${first} no`);
  await agent.line(/^kept .*draft\.txt$/);
  await questions.next();
  await me.send(`${first} yes`);
  await me.close();
  await agent.line(/^kept .*report\.txt$/);
  expect(await agent.ended).toMatchObject({ code: 0, stderr: "" });
});

test("the link admits nobody but the agent and one person", async () => {
  const agent = run();
  const link = linkIn(await agent.line(/npx tsx/));
  await joinAs("first", link);
  const second = await run(link).ended;
  expect(second).toMatchObject({ code: 1, stdout: "" });
  expect(second.stderr).toBe("The magic link is wrong, expired, used up or revoked.\n");
});

// What the examples say when something is wrong: one sentence, and an exit status that isn't 0.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Standalone, startStandalone } from "../standalone.ts";
import { runExample } from "./example.ts";
import { NO_SERVER, NO_SERVER_SAID, wrongLink } from "./links.ts";

/** They mint a conversation of their own when they are given no link. */
const MINTING = ["two-agents", "llm-stream", "translator", "human-in-the-loop"];
/** They join by a link. */
const JOINING = ["two-agents", "observer", "llm-stream", "human-in-the-loop"];
/** They can do nothing without a link. */
const LINK_NEEDED = ["observer", "webhook-wrapper"];

const ONE_SENTENCE = /^[A-Z][^\n]+\.\n$/;

let ams: Standalone;
beforeAll(async () => {
  ams = await startStandalone();
});
afterAll(() => ams.stop());

describe.each(MINTING)("%s", (name) => {
  test("says that no AMS answers", async () => {
    const ended = await runExample(name, [], { AMS_URL: NO_SERVER }).ended;
    expect(ended).toEqual({ code: 1, stdout: "", stderr: NO_SERVER_SAID });
  });

  test("says that its credential is none, and shows nothing of it", async () => {
    const credential = `ams_sk_${"A".repeat(43)}`;
    const env = { AMS_URL: ams.url, AMS_CREDENTIAL: credential };
    const ended = await runExample(name, [], env).ended;
    expect(ended).toMatchObject({ code: 1, stdout: "" });
    expect(ended.stderr).toMatch(ONE_SENTENCE);
    expect(ended.stderr).not.toContain(credential);
  });
});

describe.each(JOINING)("%s", (name) => {
  test.each([
    ["a link that nobody minted", () => wrongLink(ams.url), "There is no such conversation.\n"],
    ["a link to where no AMS is", () => wrongLink(NO_SERVER), NO_SERVER_SAID],
    ["something else than a link", () => "hello", ONE_SENTENCE],
  ])("says so when it is given %s", async (_, link, said) => {
    const ended = await runExample(name, [], { AMS_LINK: link() }).ended;
    expect(ended).toMatchObject({ code: 1, stdout: "" });
    expect(ended.stderr).toMatch(said);
  });
});

test.each(LINK_NEEDED)("%s says that it needs a link", async (name) => {
  const ended = await runExample(name, [], { AMS_URL: ams.url }).ended;
  expect(ended).toMatchObject({ code: 1, stdout: "" });
  expect(ended.stderr).toMatch(/^Usage: [^\n]+\n$/);
});

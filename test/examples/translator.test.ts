// examples/translator, run as its README says.
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Standalone, startStandalone } from "../standalone.ts";
import { joinAs, mint } from "./conversation.ts";
import { runExample } from "./example.ts";
import { linkIn } from "./links.ts";
import { startTap } from "./tap.ts";

let ams: Standalone;
beforeAll(async () => {
  ams = await startStandalone();
});
afterAll(() => ams.stop());

const run = (...args: string[]) => runExample("translator", args, { AMS_URL: ams.url });

test("what the author types the reader reads in French, and each is sent only what it selected", async () => {
  const taps = await Promise.all([startTap(ams.url), startTap(ams.url), startTap(ams.url)]);
  const [toAuthor, toTranslator, toReader] = taps;
  const author = runExample("translator", [], { AMS_URL: toAuthor.through(`${ams.url}/`) });
  const link = linkIn(await author.line(/ translator '/)).replace(/^http:\/\/[^/]+/, ams.url);
  const translator = run("translator", toTranslator.through(link));
  await translator.line(/^translating$/);
  const reader = run("reader", toReader.through(link));
  await reader.line(/^reading$/);
  await author.line(/^Both are here/);

  author.type("Hello world");
  author.type("thanks, and goodbye");
  expect(await reader.line(/./)).toBe("bonjour monde");
  expect(await reader.line(/./)).toBe("merci, et au revoir");
  author.endInput();
  const ended = await Promise.all([author.ended, translator.ended, reader.ended]);
  expect(ended).toMatchObject(Array(3).fill({ code: 0, stderr: "" }));

  const [authors, translators, readers] = taps.map((tap) => tap.received());
  expect(authors).not.toContain('"type":"token"');
  expect(translators).toContain("Hello world");
  expect(translators).not.toContain("bonjour");
  expect(readers).toContain("bonjour monde");
  expect(readers).not.toContain("Hello world");
});

test.each(["translator", "reader"])("a %s with nobody to hear says so", async (role) => {
  const { magicLink } = await mint(ams.url);
  await joinAs("somebody", magicLink);
  const { code, stderr } = await run(role, magicLink).ended;
  expect(code).toBe(1);
  expect(stderr).toMatch(/^There is no \w+ in the conversation yet: start it first\.\n$/);
});

test.each([["translator"], ["reader"], ["critic", "http://127.0.0.1:1"]])(
  "without a link or with an unknown part it says what it needs: %s",
  async (...args) => {
    const { code, stderr } = await run(...args).ended;
    expect(code).toBe(1);
    expect(stderr).toMatch(/^Usage: [^\n]+\n$/);
  },
);

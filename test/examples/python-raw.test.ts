// examples/python-raw, run as its README says.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Standalone, startStandalone } from "../standalone.ts";
import { arrival, joinAs, mint } from "./conversation.ts";
import { runProgram } from "./example.ts";
import { NO_SERVER, wrongLink } from "./links.ts";
import { findPython } from "./python3-websockets.ts";

const python = findPython();
const run = (...args: string[]) =>
  runProgram(python ?? "", ["examples/python-raw/python_raw.py", ...args], {});

let ams: Standalone;
beforeAll(async () => {
  ams = await startStandalone();
});
afterAll(() => ams.stop());

describe.skipIf(python === null)("python-raw", () => {
  test("greets who joins, prints what they say, and says why it ends", async () => {
    const { account, alias, magicLink } = await mint(ams.url);
    const ada = await joinAs("ada", magicLink);
    const snake = run(magicLink);
    expect(await snake.line(/joined/)).toMatch(/^joined as snake-[0-9a-f]{4}, with 1 others$/);
    const { streamId } = await arrival(ada, (name) => name.startsWith("snake-"));

    const heard = ada.tokens({ from: streamId });
    const bob = await joinAs("bob", magicLink);
    expect((await heard.next()).value?.data).toBe("welcome, bob");
    await bob.send("thank you €\n");
    expect(await snake.line(/bob/)).toBe("bob: 'thank you €\\n'");

    await account.close(alias);
    const { code, stderr } = await snake.ended;
    expect([code, stderr]).toEqual([1, "The conversation ended: conversation_closed.\n"]);
  });

  test("Ctrl-C leaves it without a word", async () => {
    const { magicLink } = await mint(ams.url);
    const snake = run(magicLink);
    await snake.line(/joined/);
    snake.signal("SIGINT");
    expect(await snake.ended).toMatchObject({ code: 0, stderr: "" });
  });

  test.each([
    ["no link", () => [], /^Usage: [^\n]+\n$/],
    ["something else than a link", () => ["hello"], /^No AMS answers at this link\.\n$/],
    ["a link to where nothing listens", () => [wrongLink(NO_SERVER)], /^No AMS answers .*\.\n$/],
    ["a link that nobody minted", () => [wrongLink(ams.url)], /: conversation_not_found\.\n$/],
  ])("given %s it says so in one sentence", async (_, args, said) => {
    const ended = await run(...args()).ended;
    expect(ended).toMatchObject({ code: 1, stdout: "" });
    expect(ended.stderr).toMatch(said);
    expect(ended.stderr.match(/\n/g)).toHaveLength(1);
  });
});

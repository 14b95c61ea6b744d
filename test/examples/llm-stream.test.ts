// examples/llm-stream, run as its README says.
import { sentinelOf } from "@ams/client";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Standalone, startStandalone } from "../standalone.ts";
import { joinAs } from "./conversation.ts";
import { runExample } from "./example.ts";
import { linkIn } from "./links.ts";

const TEXT = "A token is not a message. It is a piece of one, on its way while the next is made.";

let ams: Standalone;
beforeAll(async () => {
  ams = await startStandalone();
});
afterAll(() => ams.stop());

const run = (...args: string[]) => runExample("llm-stream", args, { AMS_URL: ams.url });

test("the model's chunks reach the reader as one text, and the broker has all of them", async () => {
  const writer = run();
  const reader = run(linkIn(await writer.line(/npx tsx/)));
  expect(await reader.ended).toEqual({ code: 0, stdout: `${TEXT}\n`, stderr: "" });
  const { code, stdout, stderr } = await writer.ended;
  expect([code, stderr]).toEqual([0, ""]);
  expect(stdout).toMatch(/ is here\nthe broker has all 20 tokens\n$/);
});

test("each chunk with a text is one token, sent as it is made", async () => {
  const writer = run();
  const me = await joinAs("reader", linkIn(await writer.line(/npx tsx/)));
  const tokens: { data: string; atMs: number }[] = [];
  me.on("token", ({ data, ts }) => {
    if (sentinelOf(data) === null) tokens.push({ data, atMs: Date.parse(ts) });
  });
  for await (const event of me.events()) if (event.type === "stream_left") break;
  expect(tokens.map((token) => token.data)).toEqual(TEXT.split(/(?<= )/));
  const [first, last] = [tokens[0]?.atMs ?? 0, tokens.at(-1)?.atMs ?? 0];
  expect(last - first).toBeGreaterThan(19 * 20); // 19 pauses of 30 ms, by the broker's clock.
});

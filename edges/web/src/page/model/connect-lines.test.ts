import { expect, test } from "vitest";
import { serverNameOf } from "../../server-name.ts";
import { connectAddress, connectLines } from "./connect-lines.ts";

const LINK = "https://ams.example/falcon/conversations/standup?t=aZ-_09";

test("§1.4 the WebSocket address is the link with /connect, its query and ws", () => {
  expect(connectAddress(LINK, "raw-1")).toBe(
    "wss://ams.example/falcon/conversations/standup/connect?t=aZ-_09&stream_name=raw-1",
  );
});

test("every line holds the whole link, quoted where a shell would read it, and JSON that parses", () => {
  const lines = connectLines(LINK, "x1y2");
  for (const { id, text } of lines) {
    expect(text, id).toContain("t=aZ-_09");
    if (text.startsWith("{")) expect(JSON.stringify(JSON.parse(text)), id).toContain(LINK);
  }
  const shell = lines.filter(({ text }) => /^(claude|codex|npx|curl|websocat|code) /.test(text));
  expect(shell).toHaveLength(6);
  for (const { id, text } of shell) expect(text, id).toMatch(/'[^']*aZ-_09[^']*'/);
  expect(new Set(lines.map(({ id }) => id)).size).toBe(lines.length);
});

test("each conversation has a name of its own in an MCP client, short enough for its tools", () => {
  expect(serverNameOf("standup")).toBe("ams-standup");
  expect(serverNameOf("a".repeat(63))).toBe(`ams-${"a".repeat(24)}`);
  expect(serverNameOf(`${"a".repeat(23)}-${"b".repeat(9)}`)).toBe(`ams-${"a".repeat(23)}`);
  const [claude] = connectLines(LINK, "x1y2");
  expect(claude?.text).toContain(" ams-standup '");
});

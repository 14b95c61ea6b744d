/** Which requests of the one port are whose. */
import { expect, test } from "vitest";
import { createFront } from "./front.ts";

const app = (name: string) => ({ fetch: async () => new Response(name) });
const front = createFront({ mcp: app("mcp"), web: app("web"), control: app("control") });

async function serviceOf(request: Request): Promise<string> {
  return (await front.fetch(request, { address: "127.0.0.1" })).text();
}

test.each<[string, string, Record<string, string>, boolean]>([
  ["POST", "/falcon/conversations/x", {}, true],
  ["DELETE", "/falcon/conversations/x", {}, true],
  ["OPTIONS", "/falcon/conversations/x", {}, true],
  ["GET", "/falcon/conversations/x", { accept: "text/event-stream" }, true],
  ["GET", "/falcon/conversations/x", { "mcp-session-id": "x" }, true],
  ["GET", "/falcon/conversations/x", { "mcp-protocol-version": "2026-07-28" }, true],
  ["GET", "/falcon/conversations/x", { accept: "text/html,*/*" }, false],
  ["HEAD", "/falcon/conversations/x", {}, false],
  ["GET", "/mcp", { accept: "text/html" }, true],
  ["POST", "/v1/conversations/conversations", {}, false],
  ["POST", "/v1/accounts", {}, false],
])("%s %s with %j is the edge's: %s", async (method, path, headers, expected) => {
  const request = new Request(`http://h${path}`, { method, headers });
  expect((await serviceOf(request)) === "mcp").toBe(expected);
});

const HTML = "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8";

test.each([
  ["GET", "/", "*/*", true],
  ["HEAD", "/", "*/*", true],
  ["POST", "/", HTML, true],
  ["GET", "/_tincan/main.js", "*/*", true],
  ["GET", "/falcon/conversations/standup", "*/*", true],
  ["HEAD", "/falcon/conversations/standup", "*/*", true],
  ["POST", "/falcon/conversations/standup", HTML, false],
  ["GET", "/falcon/conversations/standup/connect", "*/*", false],
  ["GET", "/v1/conversations/standup", HTML, false],
  ["GET", "/docs/conversations/standup", "*/*", false],
  ["GET", "/Falcon/conversations/standup", "*/*", false],
  ["GET", "/Falcon/conversations/standup", HTML, true],
  ["POST", "/Falcon/conversations/standup", HTML, false],
  ["GET", "/falcon", HTML, true],
  ["GET", "/v1", HTML, false],
  ["GET", "/v1/falcon/conversations/standup", HTML, false],
  ["GET", "/docs", HTML, false],
  ["GET", "/openapi.json", HTML, false],
  ["GET", "/healthz", HTML, false],
])("%s %s by who accepts %s is the page's: %s", async (method, path, accept, isPages) => {
  const request = new Request(`https://ams.example${path}`, { method, headers: { accept } });
  expect((await serviceOf(request)) === "web").toBe(isPages);
});

test("without an edge its requests go to the next route, and at last to control", async () => {
  const alone = createFront({ control: app("control") });
  const asked = new Request("http://h/falcon/conversations/x", {
    headers: { accept: "text/html" },
  });
  expect(await (await alone.fetch(asked, { address: "127.0.0.1" })).text()).toBe("control");
});

// Anything at all may be sent to the edge: it answers in kind, never by a fault of its own.
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  ask,
  call,
  initialize,
  type Json,
  open,
  stateless,
  statelessHeaders,
  tool,
} from "./raw.ts";
import { type Minted, startWorld, type World } from "./world.ts";

let world: World;
let there: Minted;
let session: string;

beforeAll(async () => {
  world = await startWorld({ AMS_MCP_SESSIONS_PER_ADDRESS: "10000" });
  there = await world.conversation();
  session = await open(there.link);
});

afterAll(() => world.stop());

const METHODS = [
  "initialize",
  "ping",
  "tools/list",
  "tools/call",
  "resources/list",
  "resources/read",
  "resources/subscribe",
  "prompts/get",
  "completion/complete",
  "logging/setLevel",
  "server/discover",
  "notifications/cancelled",
  "notifications/initialized",
];
const TOOLS = [
  "ams_join",
  "ams_send",
  "ams_recv",
  "ams_peers",
  "ams_leave",
  "ams_set_metadata",
  "ams_create_conversation",
];
const ARGUMENTS = [
  "data",
  "metadata",
  "cursor",
  "since",
  "last_n",
  "magic_link",
  "conversation_id",
  "stream_name",
  "max_events",
  "peer_identity",
  "alias",
  "replay",
];

const value = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom(
    "",
    "c1~a~b~c~1",
    "c1~~~~",
    "conv_0",
    0,
    -1,
    Number.MAX_VALUE,
    2 ** 53,
    {},
    [],
    null,
    true,
  ),
);
const given = fc.dictionary(fc.constantFrom(...ARGUMENTS), value, { maxKeys: 4 });
const params = fc.oneof(
  value,
  fc.record({ name: fc.constantFrom(...TOOLS, "x"), arguments: given }),
  fc.record({ uri: fc.oneof(fc.string(), fc.webUrl(), fc.constant("ams://conversations/conv_0")) }),
  fc.record({ notifications: value, _meta: value }),
);
const message = fc.record(
  {
    jsonrpc: fc.constantFrom("2.0", "1.0", 2),
    id: fc.oneof(fc.integer(), fc.string(), fc.constant(null), value),
    method: fc.oneof(fc.constantFrom(...METHODS), fc.string()),
    params,
  },
  { requiredKeys: [] },
);
const body = fc.oneof(
  { weight: 6, arbitrary: message },
  fc.array(message, { maxLength: 3 }),
  value,
);

const PATIENCE = { numRuns: 250 };

/** Answers of this shape only: none is a fault, and each ends. */
async function expectAnswer(response: Response): Promise<void> {
  const text = await response.text();
  expect([response.status, response.status < 500 ? "" : text]).toEqual([response.status, ""]);
  expect(text).not.toContain("internal_error");
  expect(text).not.toMatch(/\\n {4}at /);
}

test("any message in a session", async () => {
  await fc.assert(
    fc.asyncProperty(body, fc.boolean(), async (sent, withSession) => {
      const headers = withSession ? { "mcp-session-id": session } : {};
      await expectAnswer(await ask(there.link, { body: JSON.stringify(sent) ?? "", headers }));
    }),
    PATIENCE,
  );
  const { value: alive } = await tool(there.link, await open(there.link), "ams_send", {
    data: "x",
  });
  expect(alive.ok).toBe(true);
});

test("any call of any tool in both eras", async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...TOOLS), given, async (name, some) => {
      const { bearer } = there;
      const headers = { "mcp-session-id": session };
      await expectAnswer(await ask(there.link, { body: call(name, some as Json), headers }));
      await expectAnswer(
        await ask(`${world.url}/mcp`, {
          body: stateless("tools/call", { name, arguments: some }),
          headers: { ...statelessHeaders("tools/call", name), ...bearer },
        }),
      );
    }),
    PATIENCE,
  );
});

test("any headers and any envelope", async () => {
  const header = fc.constantFrom(
    "accept",
    "content-type",
    "mcp-session-id",
    "mcp-protocol-version",
    "mcp-method",
    "mcp-name",
    "last-event-id",
    "authorization",
    "origin",
  );
  const text = fc.oneof(
    fc.constantFrom(
      "2026-07-28",
      "2025-11-25",
      "application/json",
      "text/event-stream",
      "*/*",
      "Bearer x",
      "post.x.1",
      "null",
    ),
    fc.stringMatching(/^[ -~]{0,40}$/),
  );
  const method = fc.constantFrom("GET", "POST", "DELETE", "OPTIONS", "PUT");
  await fc.assert(
    fc.asyncProperty(
      method,
      fc.dictionary(header, text),
      fc.boolean(),
      async (verb, headers, young) => {
        const sent =
          verb === "POST" ? { body: young ? stateless("tools/list") : initialize() } : {};
        await expectAnswer(await ask(there.link, { method: verb, headers, ...sent }));
      },
    ),
    PATIENCE,
  );
});

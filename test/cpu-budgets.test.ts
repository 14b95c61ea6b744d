/**
 * One address that asks more than its share of an edge is refused, and takes nothing from others:
 * neither from other addresses nor from who shows a right link or credential at its own (§2.1.6).
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { createAccount, mint, speakTo, until } from "./conformance/driver.ts";
import { type Standalone, startStandalone } from "./standalone.ts";

/** Milliseconds of CPU time per second and address: a burst of twenty requests. */
const ADDRESS_MS = 5;

/** Requests of an attacker; most of them are refused, which costs next to nothing. */
const FLOOD = 100;

const INITIALIZE = {
  jsonrpc: "2.0",
  id: 1,
  method: "initialize",
  params: {
    protocolVersion: "2025-06-18",
    capabilities: {},
    clientInfo: { name: "one", version: "1" },
  },
};

let standalone: Standalone;

beforeAll(async () => {
  standalone = await startStandalone({
    AMS_TRUST_PROXY: "true",
    AMS_ADDRESS_CPU_MS_PER_SECOND: String(ADDRESS_MS),
  });
  speakTo({ control: standalone.url, gateways: [standalone.url] });
});

afterAll(() => standalone.stop());

const ask = (address: string, path: string, init: RequestInit = {}) =>
  fetch(standalone.url + path, {
    ...init,
    headers: { ...init.headers, "x-forwarded-for": address },
  });

/** One call of MCP's; its session ends with the server. */
const mcp = (address: string, path: string, headers: Readonly<Record<string, string>> = {}) =>
  ask(address, path, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      ...headers,
    },
    body: JSON.stringify(INITIALIZE),
  });

async function flood(one: () => Promise<Response>): Promise<Response> {
  for (let n = 0; n < FLOOD; n += 1) {
    const answer = await one();
    if (answer.status === 429) return answer;
    await answer.body?.cancel();
  }
  return expect.fail("nothing was refused");
}

async function expectRefused(answer: Response): Promise<void> {
  expect(Number(answer.headers.get("retry-after"))).toBeGreaterThanOrEqual(1);
  expect(await answer.json()).toEqual({
    error: "rate_limited",
    message: expect.stringContaining(`${ADDRESS_MS} ms of CPU time`),
  });
}

test.each([
  ["the page", (address: string) => ask(address, "/")],
  ["a link of nothing", (address: string) => ask(address, "/no/conversations/where?t=wrong")],
  ["MCP", (address: string) => mcp(address, "/mcp")],
  ["a log of nothing", (address: string) => ask(address, "/no/conversations/where/log?t=wrong")],
])("§2.1.6 %s refuses an address that used its budget, and no other", async (what, one) => {
  const address = `192.0.2.${what.length}`;
  await expectRefused(await flood(() => one(address)));
  expect((await one(`198.51.100.${what.length}`)).status).not.toBe(429);
});

test("§2.1.6 at an address that used its budget, MCP serves who shows a right link or credential", async () => {
  const ann = await createAccount();
  const { magic_link } = await mint(ann);
  const { pathname, search } = new URL(magic_link);
  const byLink = () => mcp("192.0.2.99", pathname + search);
  const byBearer = () => mcp("192.0.2.99", "/mcp", { authorization: `Bearer ${ann.credential}` });
  expect([(await byLink()).status, (await byBearer()).status]).toEqual([200, 200]);
  await expectRefused(await flood(() => mcp("192.0.2.99", "/mcp")));
  expect([(await byLink()).status, (await byBearer()).status]).toEqual([200, 200]);
});

test("§2.1.6 at MCP, a link that was replaced is paid by the address that shows it", async () => {
  const ann = await createAccount();
  const { magic_link } = await mint(ann);
  const { pathname, search } = new URL(magic_link);
  const byOldLink = () => mcp("192.0.2.98", pathname + search);
  expect((await byOldLink()).status).toBe(200);
  const authorization = `Bearer ${ann.credential}`;
  await ask("192.0.2.97", `/v1${pathname}/link`, { method: "POST", headers: { authorization } });
  // What was right may be believed for a second.
  await until(
    async () => (await byOldLink()).status,
    (status) => status !== 200,
  );
  await expectRefused(await flood(byOldLink));
});

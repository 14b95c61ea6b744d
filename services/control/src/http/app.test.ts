import { DirectoryUnavailable } from "@ams/directory";
import { PROBLEMS } from "@ams/protocol";
import { healthBody, offerBody } from "@ams/protocol/schema";
import { afterEach, expect, test } from "vitest";
import { openTestControl, PEPPERS, type TestControl } from "../testing/control.ts";
import { joinStream } from "../testing/directory.ts";
import { ROUTES } from "./app.ts";

let open: TestControl | null = null;
afterEach(async () => {
  await open?.close();
  open = null;
});

async function start(...given: Parameters<typeof openTestControl>): Promise<TestControl> {
  open = await openTestControl(...given);
  return open;
}

test.each([
  "/",
  "/v2",
  "/v1/",
  "/v1/account/",
  "/v1/acme",
  "/v1//conversations",
  "/v1/a/b/c/d/e",
  "/readyz",
  "/metrics",
  "/V1",
  "/%ff",
  "/v1/%E0%A4%A/conversations/x/y",
])("§2.1.1 the unknown path %s is 404 not_found", async (path) => {
  const { ask } = await start();
  for (const method of ["GET", "POST", "DELETE", "PUT"]) {
    const answer = await ask(method, path);
    expect([answer.status, answer.json]).toEqual([
      404,
      { error: "not_found", message: PROBLEMS.not_found.message },
    ]);
  }
});

test.each([
  ["/v1", "GET, HEAD, OPTIONS"],
  ["/v1/accounts", "POST, OPTIONS"],
  ["/v1/account", "GET, DELETE, HEAD, OPTIONS"],
  ["/v1/account/credential", "POST, OPTIONS"],
  ["/v1/acme/conversations", "POST, GET, HEAD, OPTIONS"],
  ["/v1/acme/conversations/talk", "GET, DELETE, HEAD, OPTIONS"],
  ["/v1/acme/conversations/talk/link", "POST, OPTIONS"],
  ["/healthz", "GET, HEAD, OPTIONS"],
])("§2.1.1 %s takes %s and nothing else", async (path, allow) => {
  const { ask } = await start();
  for (const method of ["PUT", "PATCH", "PROPFIND"]) {
    const answer = await ask(method, path);
    expect([answer.status, answer.json.error]).toEqual([405, "method_not_allowed"]);
    expect(answer.headers.get("allow")).toBe(allow);
  }
  const options = await ask("OPTIONS", path);
  expect([options.status, options.text, options.headers.get("allow")]).toEqual([204, "", allow]);
});

test("§2.1.1 HEAD answers as GET without a body", async () => {
  const { ask } = await start();
  const head = await ask("HEAD", "/v1");
  expect([head.status, head.text]).toEqual([200, ""]);
  expect(head.headers.get("content-type")).toBe("application/json");
  const refused = await ask("HEAD", "/v1/accounts");
  expect([refused.status, refused.text]).toEqual([405, ""]);
});

test("§2.1.3 every origin may read every answer under /v1, and preflights are answered", async () => {
  const { ask } = await start();
  const headers = { origin: "https://page.example", "access-control-request-method": "POST" };
  for (const [method, path] of [
    ["GET", "/v1"],
    ["GET", "/v1/account"],
    ["GET", "/v1/nothing/here"],
    ["PUT", "/v1/accounts"],
    ["OPTIONS", "/v1/accounts"],
  ] as const) {
    const answer = await ask(method, path, { headers });
    expect(answer.headers.get("access-control-allow-origin")).toBe("*");
    expect(answer.headers.get("access-control-allow-credentials")).toBeNull();
    expect(answer.headers.get("access-control-expose-headers")).toBe("Retry-After");
  }
  const preflight = await ask("OPTIONS", "/v1/acme/conversations", { headers });
  expect(preflight.headers.get("access-control-allow-headers")).toBe("authorization, content-type");
  expect(preflight.headers.get("access-control-allow-methods")).toContain("POST");
  const health = await ask("GET", "/healthz", { headers });
  expect(health.headers.get("access-control-allow-origin")).toBeNull();
});

test("§2.8 the offer has version, features and limits, and says no more than is true", async () => {
  const { ask } = await start({ guests: false, mintsPerMinute: 7, replayTtlSMax: 0 });
  const { json, status } = await ask("GET", "/v1");
  expect(status).toBe(200);
  expect(() => offerBody.parse(json)).not.toThrow();
  expect(json.features).not.toContain("guests");
  expect(json.features).not.toContain("replay");
  expect(json.limits).toMatchObject({ mints_per_minute: 7, token_bytes: 65_536 });
  await open?.close();
  const open2 = await start({ guests: true });
  const { features } = (await open2.ask("GET", "/v1")).json;
  expect(features).toEqual(expect.arrayContaining(["guests", "replay"]));
});

test("§2.9 /healthz names the instance", async () => {
  const { ask } = await start();
  const { json, status } = await ask("GET", "/healthz");
  expect(status).toBe(200);
  expect(healthBody.parse(json)).toEqual({
    ok: true,
    host: "tried",
    ts: "2026-01-02T03:04:05.006Z",
  });
});

test("§9.2 a store without memory for anything new is 503, and says what still works", async () => {
  const { ask } = await start({}, (directory) => ({
    ...directory,
    createAccount: () => Promise.reject(new DirectoryUnavailable("OOM", { isFull: true })),
  }));
  const full = await ask("POST", "/v1/accounts", { body: { namespace: "acme" } });
  expect([full.status, full.json.error]).toEqual([503, "unavailable"]);
  expect(full.json.message).toMatch(/Deleting, revoking and closing still work.*maxmemory/);
  expect(full.headers.get("retry-after")).toBe("60");
});

test("§9.2 a directory that can't be reached is 503, and what else goes wrong is 500", async () => {
  const { ask, lines } = await start({}, (directory) => ({
    ...directory,
    createAccount: () => Promise.reject(new DirectoryUnavailable("canary: at 10.0.0.1")),
    grantOf: () => Promise.reject(new TypeError("canary: it broke")),
  }));
  const away = await ask("POST", "/v1/accounts", { body: { namespace: "acme" } });
  expect([away.status, away.json.error]).toEqual([503, "unavailable"]);
  expect(away.headers.get("retry-after")).toBe("1");
  expect(away.json.message).toContain("try again");
  const broken = await ask("GET", "/v1/account", { bearer: `ams_sk_${"a".repeat(43)}` });
  expect([broken.status, broken.json.error]).toEqual([500, "internal_error"]);
  expect(away.text + broken.text + lines.join("")).not.toContain("canary");
  expect(lines.map((line) => JSON.parse(line)).map(({ route, error }) => [route, error])).toEqual([
    ["create_account", "DirectoryUnavailable"],
    ["show_account", "TypeError"],
  ]);
});

test("requests, accounts, mints and refusals are counted by the names of routes", async () => {
  const { ask, account, registry } = await start({ mintsPerMinute: 1 });
  const { credential: bearer } = await account("acme");
  await ask("POST", "/v1/acme/conversations", { bearer });
  await ask("POST", "/v1/acme/conversations", { bearer });
  const metrics = await registry.metrics();
  for (const line of [
    'ams_control_requests_total{route="create_account",status="2xx"} 1',
    'ams_control_requests_total{route="mint_conversation",status="2xx"} 1',
    'ams_control_requests_total{route="mint_conversation",status="4xx"} 1',
    'ams_control_request_seconds_count{route="mint_conversation"} 2',
    "ams_control_accounts_created_total 1",
    "ams_control_conversations_minted_total 1",
    'ams_control_rate_limited_total{limit="mints"} 1',
  ]) {
    expect(metrics).toContain(line);
  }
});

test("§8 no secret and no metadata comes into a log line, a metric, or an answer that isn't its owner's", async () => {
  const { ask, account, lines, registry, directory } = await start({ accountsPerMinute: 5 });
  const address = "203.0.113.77";
  const { credential: bearer } = await account("acme");
  const body = {
    alias: "talk",
    metadata: { a: "canary-metadata" },
    stream_metadata: { a: "canary-stream" },
  };
  const minted = await ask("POST", "/v1/acme/conversations", { bearer, body, address });
  const first = new URL(minted.json.magic_link).searchParams.get("t") ?? "";
  await joinStream(directory, "talk", { name: "a", metadata: '{"a":"canary-live"}' });
  await ask("GET", `/v1/acme/conversations/talk?t=${first}`, { address });
  const replaced = await ask("POST", "/v1/acme/conversations/talk/link", { bearer, address });
  const second = new URL(replaced.json.magic_link).searchParams.get("t") ?? "";
  const rotated = await ask("POST", "/v1/account/credential", { bearer, address });
  const refused = [
    await ask("GET", `/v1/acme/conversations/talk?t=${first}`, { address }),
    await ask("GET", "/v1/account", { bearer, address }),
    await ask("POST", "/v1/accounts", { body: '{"canary-body":', address }),
    await ask("GET", `/v1/acme/conversations/talk/${second}`, { address }),
  ];
  await ask("DELETE", "/v1/account", { bearer: rotated.json.credential, address });
  const seen = [...lines, await registry.metrics(), ...refused.map(({ text }) => text)].join("\n");
  const secrets = [bearer, rotated.json.credential, first, second, address, "canary", "203.0.113"];
  for (const secret of [...secrets, ...PEPPERS.credential, ...PEPPERS.link]) {
    expect(seen).not.toContain(secret);
  }
  expect(lines.map((line) => JSON.parse(line).event)).toEqual([
    "account_created",
    "conversation_minted",
    "link_replaced",
    "credential_rotated",
    "account_deleted",
  ]);
});

test("every route has a name of its own", () => {
  const names = ROUTES.map(({ endpoint }) => endpoint.name);
  expect(new Set(names).size).toBe(names.length);
});

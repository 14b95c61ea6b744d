/** The operator API on the embedded directory. */
import { DEPLOYMENT_LIMITS } from "@ams/directory";
import { PROBLEMS } from "@ams/protocol";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openTestControl, PEPPERS, type TestControl } from "../testing/control.ts";
import { joinStream } from "../testing/directory.ts";
import { readOperatorKeyWish, runOperatorKey } from "./key-command.ts";
import { OPERATOR_ROUTES } from "./routes.ts";

let open: TestControl;
let admin: string;
beforeEach(async () => {
  open = await openTestControl();
  admin = await open.operatorKey("admin");
});
afterEach(() => open.close());

const ask = (method: string, path: string, given: { bearer?: string; body?: unknown } = {}) =>
  open.ask(method, `/operator/v1${path}`, { bearer: admin, ...given });

test("§11.1 every route wants an operator key, and an account's credential is none", async () => {
  const { credential } = await open.account("acme");
  for (const { method, path } of OPERATOR_ROUTES) {
    const none = await open.ask(method, path.replace(/:\w+/, "x"));
    expect([path, none.status, none.json.error]).toEqual([path, 401, "missing_credential"]);
    const bearer = credential;
    const wrong = await open.ask(method, path.replace(/:\w+/, "x"), { bearer });
    expect([path, wrong.status, wrong.json.error]).toEqual([path, 401, "invalid_credential"]);
  }
});

test("§11.1 a role may do what it may, and no more", async () => {
  const { account_id } = await open.account("acme");
  const may = new Map<string, number[]>();
  for (const role of ["read", "support", "admin"] as const) {
    const bearer = await open.operatorKey(role);
    const statuses = [
      await ask("GET", "/accounts", { bearer }),
      await ask("POST", `/accounts/${account_id}/suspend`, { bearer }),
      await ask("POST", `/accounts/${account_id}/limits`, { bearer, body: {} }),
      await ask("DELETE", `/accounts/${account_id}`, { bearer, body: { confirm: "acme" } }),
      await ask("POST", "/gateways/00/drain", { bearer }),
    ];
    may.set(
      role,
      statuses.map(({ status }) => status),
    );
  }
  expect(Object.fromEntries(may)).toEqual({
    read: [200, 403, 403, 403, 403],
    support: [200, 200, 200, 403, 403],
    admin: [200, 200, 200, 204, 404],
  });
});

test("§11.1 a key in the address is refused, however it is spelled, and not logged", async () => {
  const spelled = admin.replaceAll("_", "%5f");
  for (const query of [`?key=${admin}`, `?q=${spelled}`, `?${admin}`]) {
    const answer = await ask("GET", `/accounts${query}`);
    expect([answer.status, answer.json.error]).toEqual([400, "invalid_request"]);
    expect((await open.ask("GET", `/operator/v1/accounts${query}`)).status).toBe(400);
  }
  const logged = open.lines.join("\n");
  expect(logged).toContain("key_in_address");
  expect(logged).not.toContain(admin.slice(7));
});

test("§11.1 a revoked key opens nothing; keys are listed without their secret", async () => {
  const run = async (...args: string[]) => {
    const wish = readOperatorKeyWish(["operator-key", ...args]);
    if (!wish.ok) throw new Error(wish.fault);
    return runOperatorKey(open.directory, PEPPERS, wish.value);
  };
  const listed = await run("list");
  expect(listed.out).not.toContain(admin.slice(7));
  const [{ key_id }] = JSON.parse(listed.out);
  expect((await run("revoke", key_id)).exit).toBe(0);
  expect((await ask("GET", "/key")).status).toBe(401);
  expect((await run("revoke", key_id)).exit).toBe(64);
  expect(readOperatorKeyWish(["operator-key", "create", "ida", "owner"])).toMatchObject({
    ok: false,
  });
});

test("§11.2 accounts are found by what they begin with, page by page, and shown by id or namespace", async () => {
  const { account_id } = await open.account("acme");
  for (const namespace of ["acme-2", "beta", "acorn"]) await open.account(namespace);
  const first = (await ask("GET", "/accounts?limit=2")).json;
  expect(first.accounts.map((one: { namespace: string }) => one.namespace)).toEqual([
    "acme",
    "acme-2",
  ]);
  const next = (await ask("GET", `/accounts?limit=2&cursor=${first.next_cursor}`)).json;
  expect(next).toMatchObject({
    accounts: [{ namespace: "acorn" }, { namespace: "beta" }],
    next_cursor: null,
  });
  expect((await ask("GET", "/accounts?q=be")).json.accounts).toHaveLength(1);
  expect((await ask("GET", "/accounts?q=%00")).json.accounts).toEqual([]);
  expect((await ask("GET", "/accounts?cursor=%00")).json.error).toBe("invalid_cursor");
  const shown = (await ask("GET", "/accounts/acme")).json;
  expect(shown).toMatchObject({ account_id, suspended: null, use: { conversations: 0 } });
  expect((await ask("GET", `/accounts/${account_id}`)).json).toEqual(shown);
  expect((await ask("GET", "/accounts/nobody")).json.error).toBe("not_found");
});

test("§11.2 limits that can't be are refused with the reason, and change nothing", async () => {
  await open.account("acme");
  const set = (body: unknown) => ask("POST", "/accounts/acme/limits", { body });
  for (const body of [
    { streams_max: 0 },
    { streams_max: -1 },
    { streams_max: 1.5 },
    { streams_max: "9" },
    { guests_max: 1e13 },
    { streams: 5 },
    { plan: "gold" },
  ]) {
    const refused = await set(body);
    expect([refused.status, refused.json.error]).toEqual([400, "invalid_request"]);
  }
  expect((await set({ streams_max: 3, guests_max: 0 })).json).toMatchObject({
    streams_max: 3,
    guests_max: 0,
    conversations_max: null,
    subscribers_max: null,
  });
  expect((await set({ streams_max: null })).json).toMatchObject({
    streams_max: null,
    guests_max: 0,
  });
});

test("§11.2 an account is put under a plan that exists, and under none", async () => {
  await open.account("acme");
  const set = (plan: unknown) => ask("POST", "/accounts/acme/plan", { body: { plan } });
  for (const plan of ["gold", "", 5, undefined, "../x"]) {
    expect((await set(plan)).json.error).toBe("invalid_request");
  }
  const limits = { ...DEPLOYMENT_LIMITS, streams_max: 2 };
  await open.directory.setPlan({ name: "gold", limits });
  expect((await set("gold")).json).toMatchObject({ namespace: "acme", plan: "gold" });
  expect((await ask("GET", "/accounts/acme")).json.plan).toBe("gold");
  expect((await set(null)).json.plan).toBeNull();
});

test("§11.3 a suspended account is refused until it is resumed, and its own log says so", async () => {
  const { credential: bearer } = await open.account("acme");
  const body = { reason: "floods" };
  const suspended = await ask("POST", "/accounts/acme/suspend", { body });
  expect(suspended.json.suspended).toMatchObject({ reason: "floods" });
  for (const [method, path] of [
    ["GET", "/v1/account"],
    ["POST", "/v1/acme/conversations"],
    ["POST", "/v1/account/keys"],
    ["DELETE", "/v1/account"],
  ] as const) {
    const refused = await open.ask(method, path, {
      bearer,
      body: method === "GET" ? undefined : {},
    });
    expect([path, refused.status, refused.json]).toEqual([
      path,
      403,
      { error: "account_suspended", message: PROBLEMS.account_suspended.message },
    ]);
  }
  await ask("POST", "/accounts/acme/resume");
  const { events } = (await open.ask("GET", "/v1/account/events", { bearer })).json;
  expect(events.slice(0, 2)).toMatchObject([
    { action: "resumed", actor: "operator" },
    { action: "suspended", actor: "operator", request_id: expect.stringMatching(/^req_/) },
  ]);
  expect(JSON.stringify(events)).not.toContain("floods");
  for (const reason of ["x".repeat(501), 5, "a\u0000b"]) {
    const refused = await ask("POST", "/accounts/acme/suspend", { body: { reason } });
    expect(refused.json.error).toBe("invalid_request");
  }
});

test("§11.5 a deletion wants the namespace, and then nothing of the account is left", async () => {
  const { account_id, credential: bearer } = await open.account("acme");
  await open.ask("POST", "/v1/acme/conversations", { bearer, body: { alias: "standup" } });
  await joinStream(open.directory, "standup", { name: "lead" });
  for (const confirm of [undefined, "acm", account_id]) {
    const refused = await ask("DELETE", "/accounts/acme", { body: { confirm } });
    expect(refused.json.error).toBe("invalid_request");
  }
  expect((await ask("DELETE", "/accounts/acme", { body: { confirm: "acme" } })).status).toBe(204);
  expect((await ask("GET", `/accounts/${account_id}`)).status).toBe(404);
  expect((await open.ask("GET", "/v1/account", { bearer })).status).toBe(401);
  const again = await open.ask("POST", "/v1/accounts", { body: { namespace: "acme" } });
  expect(again.json.error).toBe("namespace_taken");
});

test("§11.6 the log has who did what by which request, newest first, and as lines", async () => {
  const { account_id } = await open.account("acme");
  const done = await ask("POST", "/accounts/acme/suspend", { body: { reason: "why" } });
  await ask("POST", "/accounts/acme/resume");
  const { events } = (await ask("GET", "/audit?limit=2")).json;
  expect(events).toMatchObject([
    { action: "resumed", detail: null },
    {
      action: "suspended",
      target: `${account_id} acme`,
      actor: expect.stringMatching(/^opk_\w+ of admin$/),
      request_id: done.headers.get("x-request-id"),
      detail: "why",
    },
  ]);
  const lines = (await ask("GET", "/audit?format=ndjson")).text.trim().split("\n");
  expect(lines.map((line) => JSON.parse(line).action)).toEqual([
    "resumed",
    "suspended",
    "operator_key_created",
  ]);
});

test("§11.4 gateways are shown as they report themselves, summed, and what can't be read is left out", async () => {
  const { directory } = open;
  const talker = { conversation_id: "conv_1", stream_id: "str_1", account_id: "acc_1" };
  const report = {
    instance: "g1",
    at: "2026-01-01T00:00:00.000Z",
    started_at: "2026-01-01T00:00:00.000Z",
    draining: false,
    not_ready: null,
    connections: 3,
    conversations: 1,
    memory_bytes: 9,
    frames_in: 5,
    bytes_in: 50,
    frames_out: 10,
    bytes_out: 100,
    refused: { rate_limited: 2 },
    closes: {},
    gaps: { relay: 1 },
    largest: [{ conversation_id: "conv_1", namespace: "acme", connections: 3 }],
    talkers: [{ ...talker, frames_per_s: 7 }],
  };
  await directory.report("aa", JSON.stringify(report), 60_000);
  await directory.report("bb", JSON.stringify({ ...report, instance: "g2" }), 60_000);
  await directory.report("cc", "{}", 60_000);
  await directory.report("dd", "none", 60_000);
  expect((await ask("GET", "/gateways")).json.gateways).toHaveLength(2);
  expect((await ask("GET", "/overview")).json).toMatchObject({
    gateways: 2,
    connections: 6,
    frames_in: 10,
    refused: { rate_limited: 4 },
    gaps: { relay: 2 },
    largest: [{ conversation_id: "conv_1", connections: 6 }],
    talkers: [{ ...talker }, { ...talker }],
  });
  expect((await ask("POST", "/gateways/aa/drain")).json).toEqual({ asked: true });
});

test("§11 the description has every route, and none is on the public port", async () => {
  const { paths } = (await ask("GET", "/openapi.json")).json;
  const described = Object.entries(paths as Record<string, object>).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  const routes = OPERATOR_ROUTES.map(
    ({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, "{$1}")}`,
  );
  expect(described.sort()).toEqual([...routes].sort());
  for (const { path } of OPERATOR_ROUTES) {
    const request = new Request(`http://ams.example${path}`, {
      headers: { authorization: `Bearer ${admin}` },
    });
    const answer = await open.control.fetch(request, { address: "192.0.2.1" });
    expect(answer.status).toBe(404);
  }
});

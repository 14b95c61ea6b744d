import { afterEach, expect, test } from "vitest";
import type { ControlConfig } from "../config.ts";
import { openTestControl, type TestControl } from "../testing/control.ts";

let open: TestControl | null = null;
afterEach(async () => {
  await open?.close();
  open = null;
});

async function start(overrides: Partial<ControlConfig> = {}): Promise<TestControl> {
  open = await openTestControl(overrides);
  return open;
}

test("§2.2 an account is created with a credential that opens it", async () => {
  const { ask } = await start();
  const created = await ask("POST", "/v1/accounts", { body: { namespace: "acme", unknown: [1] } });
  expect(created.status).toBe(201);
  expect(created.json).toEqual({
    account_id: expect.stringMatching(/^acc_[0-9A-HJKMNP-TV-Z]{26}$/),
    namespace: "acme",
    credential: expect.stringMatching(/^ams_sk_[A-Za-z0-9_-]{43}$/),
    created_at: "2026-01-02T03:04:05.006Z",
  });
  expect(created.headers.get("cache-control")).toBe("no-store");
  const shown = await ask("GET", "/v1/account", { bearer: created.json.credential });
  expect(shown.json).toEqual({
    account_id: created.json.account_id,
    namespace: "acme",
    scopes: ["full"],
    created_at: "2026-01-02T03:04:05.006Z",
    plan: null,
    limits: {
      mints_per_minute: 0,
      frames_per_second: 0,
      bytes_per_second: 0,
      deliveries_per_second: 0,
      replay_bytes: 1_048_576,
      replay_ttl_s: 604_800,
      streams_per_account: 10,
      guests_per_account: 1_000,
      conversations_per_account: 0,
      subscribers_per_conversation: 100,
      keys_per_account: 50,
    },
    use: {
      streams_per_account: 0,
      guests_per_account: 0,
      conversations_per_account: 0,
      keys_per_account: 0,
      frames_per_second: 0,
      bytes_per_second: 0,
      deliveries_per_second: 0,
    },
  });
});

test("§2.2.1 of 50 concurrent creates of one namespace exactly one gets 201", async () => {
  const { ask } = await start();
  const tries = Array.from({ length: 50 }, () =>
    ask("POST", "/v1/accounts", { body: { namespace: "acme" } }),
  );
  const answers = await Promise.all(tries);
  expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
  const others = answers.filter(({ status }) => status !== 201);
  expect(others.every((answer) => answer.status === 409)).toBe(true);
  expect(others.every((answer) => answer.json.error === "namespace_taken")).toBe(true);
});

test.each([
  ["an empty body", ""],
  ["no JSON", "{"],
  ["no object", "[]"],
  ["a text", '"acme"'],
  ["two documents", "{} {}"],
  ["a byte order mark", '\uFEFF{"namespace": "acme"}'],
  ["bytes that are no UTF-8", new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])],
  ["too deep", `{"namespace": "acme", "x": ${"[".repeat(200)}${"]".repeat(200)}}`],
])("§2.1.2 %s is 400 invalid_json", async (_what, body) => {
  const { ask } = await start();
  const answer = await ask("POST", "/v1/accounts", { body });
  expect([answer.status, answer.json.error]).toEqual([400, "invalid_json"]);
});

test.each([
  undefined,
  null,
  "",
  "-acme",
  "Acme",
  "ac_me",
  "a".repeat(64),
  "acme\n",
  7,
  ["acme"],
  "v1",
  "docs",
  "healthz",
])("§2.2.1 %j is 400 invalid_namespace", async (namespace) => {
  const { ask } = await start();
  const answer = await ask("POST", "/v1/accounts", { body: { namespace } });
  expect([answer.status, answer.json.error]).toEqual([400, "invalid_namespace"]);
});

test("§2.2.2 where sign-up is closed nobody gets an account", async () => {
  const { ask } = await start({ signUp: { policy: "closed" } });
  const answer = await ask("POST", "/v1/accounts", { body: { namespace: "acme" } });
  expect([answer.status, answer.json.error]).toEqual([403, "signup_closed"]);
});

test("§2.2.2 where sign-up is by invite a code opens it, and nothing else does", async () => {
  const { ask } = await start({ signUp: { policy: "invite", codes: ["code-one!", "code-two!"] } });
  for (const invite of [undefined, null, "", "code-one", "code-three", 1, ["code-one!"]]) {
    const refused = await ask("POST", "/v1/accounts", { body: { namespace: "acme", invite } });
    expect([refused.status, refused.json.error]).toEqual([403, "invalid_invite"]);
  }
  const body = { namespace: "acme", invite: "code-two!" };
  expect((await ask("POST", "/v1/accounts", { body })).status).toBe(201);
});

test("§2.1.5 every attempt to create an account counts, by address", async () => {
  const { ask } = await start({ accountsPerMinute: 3 });
  const attempt = (address: string, body: unknown) =>
    ask("POST", "/v1/accounts", { address, body });
  await attempt("192.0.2.1", { namespace: "one" });
  await attempt("192.0.2.1", { namespace: "v1" });
  await attempt("192.0.2.1", "no JSON");
  const refused = await attempt("192.0.2.1", { namespace: "two" });
  expect([refused.status, refused.json.error]).toEqual([429, "rate_limited"]);
  expect(Number(refused.headers.get("retry-after"))).toBeGreaterThanOrEqual(1);
  expect(Number(refused.headers.get("retry-after"))).toBeLessThanOrEqual(60);
  expect((await attempt("192.0.2.2", { namespace: "two" })).status).toBe(201);
});

test("§2.1.5 a forwarded address counts only where the proxy is trusted, and then the nearest", async () => {
  const forwarded = (last: string) => ({ "x-forwarded-for": `198.51.100.1, ${last}` });
  const untrusting = await start({ accountsPerMinute: 1 });
  await untrusting.ask("POST", "/v1/accounts", { headers: forwarded("203.0.113.1"), body: {} });
  const second = await untrusting.ask("POST", "/v1/accounts", {
    headers: forwarded("203.0.113.2"),
    body: {},
  });
  expect(second.status).toBe(429);
  await untrusting.close();
  const { ask } = await start({ accountsPerMinute: 1, trustProxy: true });
  const statusOf = async (last: string) =>
    (await ask("POST", "/v1/accounts", { headers: forwarded(last), body: {} })).status;
  expect(await statusOf("203.0.113.1")).toBe(400);
  expect(await statusOf("203.0.113.2")).toBe(400);
  expect(await statusOf("203.0.113.1")).toBe(429);
});

test("§2.2.4 the old credential works until the new one is first used, so that a lost answer loses no account", async () => {
  const { ask, account } = await start();
  const { credential } = await account("acme");
  await ask("POST", "/v1/account/credential", { bearer: credential });
  const rotated = await ask("POST", "/v1/account/credential", { bearer: credential });
  expect((await ask("GET", "/v1/account", { bearer: credential })).status).toBe(200);
  expect((await ask("GET", "/v1/account", { bearer: rotated.json.credential })).status).toBe(200);
  expect((await ask("GET", "/v1/account", { bearer: credential })).status).toBe(401);
});

test("§2.2.4 a rotation is limited per account, and a refused one changes nothing", async () => {
  const { ask, account } = await start({ rotationsPerMinute: 2 });
  const [one, other] = [await account("acme"), await account("osprey")];
  const rotate = (bearer: string) => ask("POST", "/v1/account/credential", { bearer });
  await rotate(one.credential);
  await rotate(one.credential);
  const refused = await rotate(one.credential);
  expect([refused.status, refused.json.error]).toEqual([429, "rate_limited"]);
  expect(Number(refused.headers.get("retry-after"))).toBeGreaterThanOrEqual(1);
  expect((await rotate(other.credential)).status).toBe(200);
});

test("§2.2.4 a rotation with a grace of 0 ends the old credential at once", async () => {
  const { ask, account } = await start();
  const { credential } = await account("acme");
  const rotated = await ask("POST", "/v1/account/credential", {
    bearer: credential,
    body: { grace_s: 0 },
  });
  expect(rotated.status).toBe(200);
  expect(Object.keys(rotated.json)).toEqual(["credential"]);
  expect(rotated.json.credential).not.toBe(credential);
  const old = await ask("GET", "/v1/account", { bearer: credential });
  expect([old.status, old.json.error]).toEqual([401, "invalid_credential"]);
  expect((await ask("GET", "/v1/account", { bearer: rotated.json.credential })).status).toBe(200);
});

test("§2.2.4 a rotation with grace keeps the old credential alive beside the new one", async () => {
  const { ask, account } = await start();
  const { credential } = await account("acme");
  const rotated = await ask("POST", "/v1/account/credential", {
    bearer: credential,
    body: { grace_s: 60 },
  });
  expect((await ask("GET", "/v1/account", { bearer: credential })).status).toBe(200);
  expect((await ask("GET", "/v1/account", { bearer: rotated.json.credential })).status).toBe(200);
});

test.each([-1, 1.5, 604_801, "60", true, {}])(
  "§2.2.4 grace_s %j is 400 invalid_grace",
  async (grace_s) => {
    const { ask, account } = await start();
    const { credential } = await account("acme");
    const answer = await ask("POST", "/v1/account/credential", {
      bearer: credential,
      body: { grace_s },
    });
    expect([answer.status, answer.json.error]).toEqual([400, "invalid_grace"]);
    expect((await ask("GET", "/v1/account", { bearer: credential })).status).toBe(200);
  },
);

test("§2.2.5 a deleted account opens nothing and its namespace is never given out again", async () => {
  const { ask, account } = await start();
  const { credential } = await account("acme");
  await ask("POST", "/v1/acme/conversations", { bearer: credential, body: { alias: "talk" } });
  const deleted = await ask("DELETE", "/v1/account", { bearer: credential });
  expect([deleted.status, deleted.text]).toEqual([204, ""]);
  expect((await ask("GET", "/v1/account", { bearer: credential })).status).toBe(401);
  const again = await ask("POST", "/v1/accounts", { body: { namespace: "acme" } });
  expect([again.status, again.json.error]).toEqual([409, "namespace_taken"]);
  const token = "a".repeat(43);
  expect((await ask("GET", `/v1/acme/conversations/talk?t=${token}`)).status).toBe(404);
});

const WITH_BEARER = [
  ["GET", "/v1/account"],
  ["DELETE", "/v1/account"],
  ["POST", "/v1/account/credential"],
  ["POST", "/v1/acme/conversations"],
  ["GET", "/v1/acme/conversations"],
  ["GET", "/v1/acme/conversations/talk"],
  ["DELETE", "/v1/acme/conversations/talk"],
  ["POST", "/v1/acme/conversations/talk/link"],
] as const;

test.each(WITH_BEARER)(
  "§2.1.4 %s %s needs a credential, before anything else",
  async (method, path) => {
    const { ask } = await start();
    const body = method === "POST" ? { body: "no JSON" } : {};
    const missing = await ask(method, path, body);
    expect([missing.status, missing.json.error]).toEqual([401, "missing_credential"]);
    const wrong = [
      "Basic YTpi",
      "Bearer",
      "Bearer x",
      `Bearer ams_sk_${"a".repeat(43)}`,
      "ams_sk_x",
    ];
    for (const authorization of wrong) {
      const invalid = await ask(method, path, { ...body, headers: { authorization } });
      expect([invalid.status, invalid.json.error]).toEqual([401, "invalid_credential"]);
    }
  },
);

test("§2.1.4 the scheme's case doesn't matter", async () => {
  const { ask, account } = await start();
  const { credential } = await account("acme");
  const answer = await ask("GET", "/v1/account", {
    headers: { authorization: `bEARER  ${credential}` },
  });
  expect(answer.status).toBe(200);
});

import { afterEach, expect, test } from "vitest";
import { openTestControl, type TestControl } from "../testing/control.ts";

let open: TestControl | null = null;
afterEach(async () => {
  await open?.close();
  open = null;
});

async function start() {
  open = await openTestControl();
  const { ask, clock } = open;
  const bearer = (await open.account("acme")).credential;
  const make = (body: unknown, by = bearer) =>
    ask("POST", "/v1/account/keys", { bearer: by, body });
  const key = async (...scopes: string[]): Promise<string> =>
    (await make({ name: "one", scopes })).json.credential;
  await ask("POST", "/v1/acme/conversations", { bearer, body: { alias: "talk" } });
  return { ask, clock, bearer, make, key };
}

test("§2.2.8 a key is shown once, listed without its credential, and never logged", async () => {
  const { ask, clock, bearer, make } = await start();
  const wish = { name: "reporter", scopes: ["read", "join", "read"], expires_in_s: 60 };
  const { status, json } = await make(wish);
  const { credential, ...shown } = json;
  expect(status).toBe(201);
  expect(shown).toEqual({
    key_id: expect.stringMatching(/^key_/),
    name: "reporter",
    scopes: ["join", "read"],
    expires_at: new Date(clock.ms + 60_000).toISOString(),
    created_at: new Date(clock.ms).toISOString(),
  });
  const { text } = await ask("GET", "/v1/account/keys", { bearer });
  expect(JSON.parse(text)).toEqual({ keys: [{ ...shown, last_used_at: null }] });
  expect(text + open?.lines.join("")).not.toContain(credential);
});

test.each([
  ["invalid_key_name", { scopes: ["read"] }],
  ["invalid_key_name", { name: "a\tb", scopes: ["read"] }],
  ["invalid_key_name", { name: "x".repeat(65), scopes: ["read"] }],
  ["invalid_scopes", { name: "x" }],
  ["invalid_scopes", { name: "x", scopes: [] }],
  ["invalid_scopes", { name: "x", scopes: ["read", "root"] }],
  ["invalid_scopes", { name: "x", scopes: "read" }],
  ["invalid_scopes", { name: "x", scopes: ["read", 1, null, {}, "join"] }],
  ["invalid_expiry", { name: "x", scopes: ["read"], expires_in_s: 0 }],
  ["invalid_json", "x"],
])("§2.2.8 %s: %j is 400, and no key is made", async (error, body) => {
  const { ask, bearer, make } = await start();
  const answer = await make(body);
  expect([answer.status, answer.json.error]).toEqual([400, error]);
  expect((await ask("GET", "/v1/account/keys", { bearer })).json.keys).toEqual([]);
});

type Route = readonly [string, string, readonly string[], number, object | undefined];

/** Each route with the least scopes that take it, and what it answers then. */
const ROUTES: readonly Route[] = [
  ["GET", "/v1/account", ["read", "mint", "join", "full"], 200, undefined],
  ["GET", "/v1/acme/conversations", ["read", "full"], 200, undefined],
  ["GET", "/v1/acme/conversations/talk", ["read", "full"], 200, undefined],
  ["GET", "/v1/acme/conversations/talk/links", ["read", "full"], 200, undefined],
  ["POST", "/v1/acme/conversations", ["mint", "full"], 201, undefined],
  ["POST", "/v1/acme/conversations/talk/links", ["mint", "full"], 201, undefined],
  ["DELETE", "/v1/acme/conversations/talk/links/link_9", ["full"], 404, undefined],
  ["POST", "/v1/acme/conversations/talk/link", ["full"], 200, undefined],
  ["DELETE", "/v1/acme/conversations/none", ["full"], 404, undefined],
  ["GET", "/v1/account/keys", ["full"], 200, undefined],
  ["POST", "/v1/account/keys", ["full"], 201, { name: "more", scopes: ["read"] }],
  ["DELETE", "/v1/account/keys/none", ["full"], 404, undefined],
  ["POST", "/v1/account/credential", ["full"], 200, undefined],
];

test.each(ROUTES)("§2.2.9 %s %s is for keys of %j", async (method, path, scopes, status, body) => {
  const { ask, key } = await start();
  for (const scope of ["read", "mint", "join", "full"]) {
    const answer = await ask(method, path, { bearer: await key(scope), body });
    if (scopes.includes(scope)) expect([scope, answer.status]).toEqual([scope, status]);
    else {
      const refused = [403, "insufficient_scope"];
      expect([scope, answer.status, answer.json.error]).toEqual([scope, ...refused]);
    }
  }
});

test("§2.2.9 GET /v1/account says what a key may do", async () => {
  const { ask, bearer, key } = await start();
  const scopesOf = async (by: string) =>
    (await ask("GET", "/v1/account", { bearer: by })).json.scopes;
  expect(await scopesOf(bearer)).toEqual(["full"]);
  expect(await scopesOf(await key("join", "mint"))).toEqual(["mint", "join"]);
});

test("§2.2.11 GET /v1/account shows how much of each limit is used, to whoever may read", async () => {
  const { ask, bearer, key } = await start();
  const [reader, joiner] = [await key("read"), await key("join")];
  const accountBy = async (by: string) => (await ask("GET", "/v1/account", { bearer: by })).json;
  const use = {
    streams_per_account: 0,
    guests_per_account: 0,
    conversations_per_account: 1,
    keys_per_account: 2,
  };
  expect((await accountBy(bearer)).use).toMatchObject(use);
  const shown = await accountBy(reader);
  expect(shown.use).toMatchObject(use);
  expect(Object.keys(shown.limits)).toEqual(expect.arrayContaining(Object.keys(use)));
  expect((await accountBy(joiner)).use).toBeUndefined();
});

test("§2.2.9 a key may not delete its account, unless it may do everything", async () => {
  const { ask, key } = await start();
  const refused = await ask("DELETE", "/v1/account", { bearer: await key("read", "mint", "join") });
  expect([refused.status, refused.json.error]).toEqual([403, "insufficient_scope"]);
  expect((await ask("DELETE", "/v1/account", { bearer: await key("full") })).status).toBe(204);
});

test("§2.2.10 a revoked key is 401 everywhere, and gone from the list", async () => {
  const { ask, bearer, make } = await start();
  const { json } = await make({ name: "one", scopes: ["full"] });
  const path = `/v1/account/keys/${json.key_id}`;
  expect((await ask("DELETE", path, { bearer })).status).toBe(204);
  expect((await ask("DELETE", path, { bearer })).status).toBe(404);
  expect((await ask("GET", "/v1/account", { bearer: json.credential })).status).toBe(401);
  expect((await ask("GET", "/v1/account/keys", { bearer })).json.keys).toEqual([]);
});

test("§2.2.8 the 51st live key is 403 with what to do", async () => {
  const { make } = await start();
  for (let count = 1; count <= 50; count += 1) await make({ name: "x", scopes: ["read"] });
  const { status, json } = await make({ name: "x", scopes: ["read"] });
  expect([status, json.error]).toEqual([403, "key_limit"]);
  expect(json.message).toMatch(/50.*revoke/);
});

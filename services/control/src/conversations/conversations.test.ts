import { createHash } from "node:crypto";
import { mintedBody } from "@ams/protocol/schema";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openTestControl, type TestControl } from "../testing/control.ts";

let open: TestControl;
let bearer: string;
let accountId: string;

beforeEach(async () => {
  open = await openTestControl();
  const account = await open.account("acme");
  bearer = account.credential;
  accountId = account.account_id;
});
afterEach(() => open.close());

const mint = (body?: unknown) => open.ask("POST", "/v1/acme/conversations", { bearer, body });

test("§2.3 an empty body mints a conversation with everything generated", async () => {
  const answer = await mint();
  expect(answer.status).toBe(201);
  expect(answer.headers.get("cache-control")).toBe("no-store");
  expect(() => mintedBody.parse(answer.json)).not.toThrow();
  expect(answer.json).toEqual({
    conversation_id: expect.stringMatching(/^conv_[0-9A-HJKMNP-TV-Z]{26}$/),
    namespace: "acme",
    alias: expect.stringMatching(/^[a-z]+-[a-z]+-\d{4}$/),
    id_kind: "ulid",
    metadata: {},
    replay: null,
    expires_at: null,
    created_at: "2026-01-02T03:04:05.006Z",
    magic_link: expect.stringMatching(
      new RegExp(
        `^http://ams\\.example:8081/acme/conversations/${answer.json.alias}\\?t=[\\w-]{43}$`,
      ),
    ),
    stream_id: expect.stringMatching(/^str_[0-9a-f]{26}$/),
    stream_name: expect.stringMatching(/^stream-[A-Za-z0-9_-]{8}$/),
    stream_metadata: {},
  });
});

test("§2.3.9 past the account's conversations a mint is 403, with limit, value and remedy; a deletion frees one", async () => {
  const limited = await openTestControl({ conversationsPerAccount: 2 });
  const { credential } = await limited.account("acme");
  const ask = (method: string, path: string) =>
    limited.ask(method, `/v1/acme/conversations${path}`, { bearer: credential });
  const [first, second] = [await ask("POST", ""), await ask("POST", "")];
  expect([first.status, second.status]).toEqual([201, 201]);
  const refused = await ask("POST", "");
  expect([refused.status, refused.json.error]).toEqual([403, "conversation_limit"]);
  expect(refused.json.message).toMatch(/2 conversations .*conversations_per_account.* delete/);
  await ask("DELETE", `/${first.json.alias}`);
  expect((await ask("POST", "")).status).toBe(201);
  await limited.close();
});

test("§2.3 everything that is asked for is given", async () => {
  const answer = await mint({
    alias: "talk",
    stream_name: "Planner.1",
    id_kind: "ulid",
    metadata: { purpose: "plan" },
    stream_metadata: { colour: "blue" },
    expires_in_s: 60,
    max_joins: 3,
    replay: false,
    unknown: { ignored: true },
  });
  expect(answer.json).toMatchObject({
    alias: "talk",
    stream_name: "Planner.1",
    metadata: { purpose: "plan" },
    stream_metadata: { colour: "blue" },
    expires_at: "2026-01-02T03:05:05.006Z",
  });
  const address = { namespace: "acme", alias: "talk" } as never;
  const admission = await open.directory.admission(address);
  expect(admission?.conversation).toMatchObject({ max_joins: 3, owner_account_id: accountId });
});

test("§2.3.8 null and empty names are generated, and null limits are none", async () => {
  const nulls = await mint({ alias: null, stream_name: null, expires_in_s: null, max_joins: null });
  expect(nulls.status).toBe(201);
  expect(nulls.json.expires_at).toBeNull();
  expect((await mint({ alias: "", stream_name: "" })).status).toBe(201);
});

test("§2.3.2 the minted stream_id is that of its conversation, account and name", async () => {
  const { json } = await mint({ stream_name: "a" });
  const { streamIdOf } = await import("@ams/directory");
  const { PEPPERS } = await import("../testing/control.ts");
  const expected = streamIdOf(PEPPERS, json.conversation_id, accountId as never, "a" as never);
  expect(json.stream_id).toBe(expected);
});

const WRONG = [
  ["invalid_alias", { alias: "Talk" }],
  ["invalid_alias", { alias: "-talk" }],
  ["invalid_alias", { alias: 7 }],
  ["invalid_alias", { alias: "a".repeat(64) }],
  ["invalid_stream_name", { stream_name: "a b" }],
  ["invalid_stream_name", { stream_name: ["a"] }],
  ["invalid_stream_name", { stream_name: "a".repeat(64) }],
  ["unsupported_id_kind", { id_kind: "uuid" }],
  ["unsupported_id_kind", { id_kind: 1 }],
  ["invalid_metadata", { metadata: [] }],
  ["invalid_metadata", { metadata: "{}" }],
  ["invalid_metadata", { metadata: null }],
  ["invalid_metadata", { metadata: { a: "x".repeat(16_384) } }],
  ["invalid_stream_metadata", { stream_metadata: 1 }],
  ["invalid_stream_metadata", { stream_metadata: { a: "x".repeat(16_384) } }],
  ["invalid_expiry", { expires_in_s: 0 }],
  ["invalid_expiry", { expires_in_s: 31_536_001 }],
  ["invalid_expiry", { expires_in_s: 1.5 }],
  ["invalid_expiry", { expires_in_s: "60" }],
  ["invalid_max_joins", { max_joins: 0 }],
  ["invalid_max_joins", { max_joins: 100_001 }],
  ["invalid_max_joins", { max_joins: true }],
  ["invalid_canonical_input", { id_kind: "jcs-sha256" }],
  ["invalid_canonical_input", { canonical_input: {} }],
  ["invalid_canonical_input", { canonical_input: null }],
  ["invalid_replay", { replay: { ttl_s: 60 } }],
  ["invalid_replay", { replay: { ttl_s: 0, max_bytes: 1_024 } }],
  ["invalid_replay", { replay: { ttl_s: 604_801, max_bytes: 1_024 } }],
  ["invalid_replay", { replay: { ttl_s: 1.5, max_bytes: 1_024 } }],
  ["invalid_replay", { replay: { ttl_s: 60, max_bytes: 1_023 } }],
  ["invalid_replay", { replay: { ttl_s: 60, max_bytes: 1_048_577 } }],
  ["invalid_replay", { replay: [60, 1_024] }],
  ["invalid_replay", { replay: true }],
] as const;

test.each(WRONG)("§2.3 %s: %j", async (error, body) => {
  const answer = await mint(body);
  expect([answer.status, answer.json.error]).toEqual([400, error]);
});

test("§7.1 replay is given back by each answer about the conversation", async () => {
  const replay = { ttl_s: 60, max_bytes: 1_024 };
  const minted = await mint({ alias: "kept", replay: { ...replay, more: 1 } });
  expect([minted.status, minted.json.replay]).toEqual([201, replay]);
  const inspected = await open.ask("GET", "/v1/acme/conversations/kept", { bearer });
  expect(inspected.json.replay).toEqual(replay);
  const listed = await open.ask("GET", "/v1/acme/conversations", { bearer });
  expect(listed.json.conversations.at(-1).replay).toEqual(replay);
});

test("§2.3.3 metadata of exactly 16 KiB passes, and one byte more doesn't", async () => {
  const sized = (bytes: number) => ({ a: "x".repeat(bytes - '{"a":""}'.length) });
  expect((await mint({ metadata: sized(16_384) })).status).toBe(201);
  expect((await mint({ metadata: sized(16_385) })).json.error).toBe("invalid_metadata");
});

test("§2.1.2 a body over 1 MiB is 413, whether or not its length is given", async () => {
  const large = `{"x": "${"x".repeat(1_048_576)}"}`;
  const answer = await open.ask("POST", "/v1/acme/conversations", {
    bearer,
    body: large,
    headers: { "content-length": String(large.length) },
  });
  expect([answer.status, answer.json.error]).toEqual([413, "body_too_large"]);
  const chunk = new TextEncoder().encode("x".repeat(65_536));
  let sent = 0;
  const endless = new ReadableStream({
    pull: (controller) => {
      sent += 1;
      controller.enqueue(chunk);
    },
  });
  const request = new Request("http://ams.example/v1/acme/conversations", {
    method: "POST",
    headers: { authorization: `Bearer ${bearer}` },
    body: endless,
    duplex: "half",
  } as RequestInit);
  const response = await open.control.fetch(request, { address: "192.0.2.1" });
  expect(response.status).toBe(413);
  expect(sent).toBeLessThan(20);
});

test("§1.7 metadata comes back as it was given, digit for digit, key for key", async () => {
  const raw =
    '{"b":12345678901234567890,"a":1.0,"e":1e400,"__proto__":{"x":-0},"A":[0.1,1E5,"\\u00e9 \\ud83d\\ude00"]}';
  const minted = await mint(`{"alias": "talk", "metadata" : ${raw}, "stream_metadata": ${raw} }`);
  expect(minted.text).toContain(`"metadata":${raw}`);
  expect(minted.text).toContain(`"stream_metadata":${raw}`);
  const inspected = await open.ask("GET", "/v1/acme/conversations/talk", { bearer });
  expect(inspected.text).toContain(`"metadata":${raw}`);
  const listed = await open.ask("GET", "/v1/acme/conversations", { bearer });
  expect(listed.text).toContain(`"metadata":${raw}`);
});

test("§2.3.1 of 50 concurrent mints of one alias exactly one gets 201", async () => {
  const answers = await Promise.all(Array.from({ length: 50 }, () => mint({ alias: "talk" })));
  expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
  const errors = answers.filter(({ status }) => status !== 201).map(({ json }) => json.error);
  expect(new Set(errors)).toEqual(new Set(["alias_taken"]));
});

test("§2.6 a jcs-sha256 id is that of the namespace and the RFC 8785 bytes", async () => {
  const canonical = '{"a":[1,"é"],"b":1e+23}';
  const digest = createHash("sha256").update(`acme\n${canonical}`).digest("hex");
  const given = '{"id_kind": "jcs-sha256", "canonical_input": {"b": 1e23, "a": [1.0, "\\u00e9"]}}';
  const first = await mint(given);
  expect([first.status, first.json.conversation_id]).toEqual([201, `conv_${digest}`]);
});

test("§2.6.1 minting a canonical input again adds a link to the same conversation", async () => {
  const body = { id_kind: "jcs-sha256", canonical_input: null, alias: "talk" };
  const first = await mint(body);
  const again = await mint({ ...body, alias: "other", metadata: { other: true } });
  expect([first.status, again.status]).toEqual([201, 200]);
  expect(again.json).toMatchObject({
    conversation_id: first.json.conversation_id,
    alias: "talk",
    metadata: {},
  });
  const links = [first, again].map(({ json }) => new URL(json.magic_link));
  expect(links[0]?.search).not.toBe(links[1]?.search);
  for (const link of links) {
    const answer = await open.ask("GET", `/v1/acme/conversations/talk${link.search}`);
    expect(answer.status).toBe(200);
  }
});

test("§2.1.4 another's namespace is 403, whatever the body", async () => {
  await open.account("other");
  for (const namespace of ["other", "absent", "v1", "Not-One"]) {
    const path = `/v1/${namespace}/conversations`;
    const answer = await open.ask("POST", path, { bearer, body: "no JSON" });
    expect([answer.status, answer.json.error]).toEqual([403, "namespace_mismatch"]);
    const listed = await open.ask("GET", path, { bearer });
    expect([listed.status, listed.json.error]).toEqual([403, "namespace_mismatch"]);
  }
});

test("§2.1.5 mints are limited by account", async () => {
  await open.close();
  open = await openTestControl({ mintsPerMinute: 2 });
  bearer = (await open.account("acme")).credential;
  await mint();
  expect((await mint("no JSON")).status).toBe(400);
  const refused = await mint();
  expect([refused.status, refused.json.error]).toEqual([429, "rate_limited"]);
  expect(Number(refused.headers.get("retry-after"))).toBeGreaterThanOrEqual(1);
  const other = (await open.account("other")).credential;
  expect((await open.ask("POST", "/v1/other/conversations", { bearer: other })).status).toBe(201);
});

test("§2.4 a listing gives every conversation once, oldest first, page by page", async () => {
  const aliases = ["zulu", "alpha", "mike", "kilo", "echo"];
  for (const alias of aliases) {
    open.clock.ms += 1;
    await mint({ alias });
  }
  const seen: string[] = [];
  let cursor: string | null = "";
  while (cursor !== null) {
    const path: string = `/v1/acme/conversations?limit=2&cursor=${encodeURIComponent(cursor)}`;
    const { json, status } = await open.ask("GET", path, { bearer });
    expect(status).toBe(200);
    expect(json.conversations.length).toBeLessThanOrEqual(2);
    seen.push(...json.conversations.map((item: { alias: string }) => item.alias));
    cursor = json.next_cursor;
  }
  expect(seen).toEqual(aliases);
});

test("§2.4 a listed conversation has no secret and no stream", async () => {
  await mint({ alias: "talk" });
  const { json } = await open.ask("GET", "/v1/acme/conversations", { bearer });
  expect(Object.keys(json.conversations[0])).toEqual([
    "conversation_id",
    "namespace",
    "alias",
    "id_kind",
    "metadata",
    "replay",
    "expires_at",
    "created_at",
  ]);
  expect(json.next_cursor).toBeNull();
});

test.each(["0", "1001", "-1", "1.5", "x", "1e2"])("§2.4.1 limit=%s is 400", async (limit) => {
  const answer = await open.ask("GET", `/v1/acme/conversations?limit=${limit}`, { bearer });
  expect([answer.status, answer.json.error]).toEqual([400, "invalid_limit"]);
});

test("§2.4.1 a cursor that no listing gave is 400 invalid_cursor", async () => {
  const answer = await open.ask("GET", "/v1/acme/conversations?cursor=%00nonsense", { bearer });
  expect([answer.status, answer.json.error]).toEqual([400, "invalid_cursor"]);
});

test("§2.7.2 a deleted conversation is gone and its alias is free again", async () => {
  await mint({ alias: "talk" });
  const deleted = await open.ask("DELETE", "/v1/acme/conversations/talk", { bearer });
  expect([deleted.status, deleted.text]).toEqual([204, ""]);
  const again = await open.ask("DELETE", "/v1/acme/conversations/talk", { bearer });
  expect([again.status, again.json.error]).toEqual([404, "not_found"]);
  expect((await mint({ alias: "talk" })).status).toBe(201);
});

test("§2.7.2 a stranger deletes nothing", async () => {
  await mint({ alias: "talk" });
  const stranger = (await open.account("other")).credential;
  const answer = await open.ask("DELETE", "/v1/acme/conversations/talk", { bearer: stranger });
  expect([answer.status, answer.json.error]).toEqual([403, "namespace_mismatch"]);
  expect((await open.ask("GET", "/v1/acme/conversations/talk", { bearer })).status).toBe(200);
});

test.each(["Talk", "a_b", "%00", "a".repeat(64)])(
  "§2.7.3 the malformed alias %s is 404",
  async (alias) => {
    const path = `/v1/acme/conversations/${alias}`;
    const asked = [
      await open.ask("GET", path, { bearer }),
      await open.ask("DELETE", path, { bearer }),
      await open.ask("POST", `${path}/link`, { bearer }),
    ];
    for (const answer of asked) {
      expect([answer.status, answer.json.error]).toEqual([404, "not_found"]);
    }
  },
);

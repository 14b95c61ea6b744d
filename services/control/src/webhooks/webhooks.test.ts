import { createSealer } from "@ams/process";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openTestControl, type TestControl } from "../testing/control.ts";
import { SECRETS_USE } from "./sealing.ts";

const SENDER = "a-secret-of-whoever-sends-webhooks-0";
const HOOK = { url: "https://example.com/ams", types: ["stream.joined", "message"] };
const AT = "/v1/account/webhooks";

let control: TestControl;
let bearer: string;
let account_id: string;

beforeEach(async () => {
  control = await openTestControl();
  ({ credential: bearer, account_id } = await control.account("porter"));
});
afterEach(() => control.close());

const make = async () => (await control.ask("POST", AT, { bearer, body: HOOK })).json;
const send = async (step: string, body: unknown, secret = SENDER) =>
  control.ask("POST", `/v1/outbox/${step}`, {
    bearer: secret,
    body,
    headers: { "content-length": String(Buffer.byteLength(JSON.stringify(body))) },
  });

test("§2.15.1 a webhook is made with a secret that is shown once and kept sealed", async () => {
  const made = await control.ask("POST", AT, { bearer, body: HOOK });
  expect(made.status).toBe(201);
  expect(made.json).toMatchObject({ ...HOOK, enabled: true, disabled: null });
  const { secret, ...shown } = made.json;
  expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
  const listed = await control.ask("GET", AT, { bearer });
  expect(listed.json).toEqual({ webhooks: [shown] });
  const [kept] = (await control.directory.webhooksOf(account_id as never)) ?? [];
  expect(JSON.stringify(kept)).not.toContain(secret.slice(6));
  expect(createSealer([SENDER], SECRETS_USE).open(kept?.secrets[0] ?? "")).toBe(secret);
  expect(control.lines.join("\n")).not.toContain(secret.slice(6));
  const events = await control.ask("GET", "/v1/account/events", { bearer });
  expect(events.json.events[0]).toMatchObject({ action: "webhook_created" });
});

test.each([
  "http://example.com/",
  "https://127.0.0.1/",
  "https://2130706433/",
  "https://0x7f.1/",
  "https://[::1]/",
  "https://[::ffff:10.0.0.1]/",
  "https://10.0.0.1:8443/",
  "https://169.254.169.254/latest",
  "https://metadata.internal/",
  "https://localhost./",
  "https://example.com:22/",
  "https://user:pass@example.com/",
  "file:///etc/passwd",
  "not a url",
  `https://example.com/${"a".repeat(2_100)}`,
])("§2.15.1 %s is no target", async (url) => {
  const made = await control.ask("POST", AT, { bearer, body: { ...HOOK, url } });
  expect([made.status, made.json.error]).toEqual([400, "invalid_webhook"]);
  const { webhook_id } = await make();
  const changed = await control.ask("POST", `${AT}/${webhook_id}`, { bearer, body: { url } });
  expect(changed.json.error).toBe("invalid_webhook");
});

test("§2.15.1 wrong members, an eleventh webhook and a key without full are refused", async () => {
  for (const body of [
    {},
    { types: HOOK.types },
    { ...HOOK, types: [] },
    { ...HOOK, types: ["x"] },
  ]) {
    const made = await control.ask("POST", AT, { bearer, body });
    expect([made.status, made.json.error]).toEqual([400, "invalid_webhook"]);
  }
  for (let count = 0; count < 10; count += 1) await make();
  const more = await control.ask("POST", AT, { bearer, body: HOOK });
  expect([more.status, more.json.error]).toEqual([403, "webhook_limit"]);
  const key = { name: "k", scopes: ["mint", "read", "join"] };
  const { json } = await control.ask("POST", "/v1/account/keys", { bearer, body: key });
  const limited = await control.ask("GET", AT, { bearer: json.credential });
  expect([limited.status, limited.json.error]).toEqual([403, "insufficient_scope"]);
});

test("§2.15.2 it is changed, disabled, made live again, its secret replaced, and removed", async () => {
  const { webhook_id, secret } = await make();
  const at = `${AT}/${webhook_id}`;
  const off = await control.ask("POST", at, { bearer, body: { enabled: false } });
  expect(off.json).toMatchObject({ enabled: false, disabled: { reason: "owner" } });
  const on = await control.ask("POST", at, {
    bearer,
    body: { enabled: true, types: ["limit.reached"], url: "https://example.org/" },
  });
  expect(on.json).toMatchObject({ enabled: true, url: "https://example.org/" });
  const rotated = await control.ask("POST", `${at}/secret`, { bearer });
  expect(rotated.json.secret).not.toBe(secret);
  const ask = { account_ids: [account_id] };
  const secretsOf = async () => (await send("webhooks", ask)).json.accounts[account_id][0].secrets;
  const open = createSealer([SENDER], SECRETS_USE).open;
  expect((await secretsOf()).map(open)).toEqual([rotated.json.secret, secret]);
  control.clock.ms += 86_400_000;
  expect((await secretsOf()).map(open)).toEqual([rotated.json.secret]);
  expect((await control.ask("DELETE", at, { bearer })).status).toBe(204);
  for (const [method, path] of [
    ["DELETE", at],
    ["POST", `${at}/secret`],
    ["GET", `${at}/deliveries`],
    ["POST", `${at}/deliveries/evt_1/replay`],
  ] as const) {
    expect((await control.ask(method, path, { bearer })).status).toBe(404);
  }
});

test("§2.15.3 a conversation opts in and out; its events wait for the sender alone", async () => {
  await make();
  await control.ask("POST", "/v1/porter/conversations", { bearer, body: { alias: "standup" } });
  const at = "/v1/porter/conversations/standup/webhooks";
  const other = await control.account("other");
  const foreign = await control.ask("POST", at, { bearer: other.credential });
  expect(foreign.json.error).toBe("namespace_mismatch");
  const opted = await control.ask("POST", at, { bearer, body: { messages: true } });
  expect(opted.json).toEqual({ messages: true });
  const taken = (await send("take", { limit: 10 })).json.events;
  expect(taken).toMatchObject([{ type: "observe", account_id, namespace: "porter" }]);
  const [{ observer }] = taken;
  const question = { namespace: "porter", alias: "standup", observer };
  const link = (await send("link", question)).json.token;
  expect(link).toMatch(/^[A-Za-z0-9_-]{43}$/);
  expect((await send("link", { ...question, observer: "another" })).json.token).toBeNull();
  expect((await send("link", question)).json.token).not.toBe(link);
  const links = await control.ask("GET", "/v1/porter/conversations/standup/links", { bearer });
  const own = links.json.links.filter((one: { name: string }) => one.name === "webhooks");
  expect(own).toMatchObject([{ read_only: true, stream_name: observer }]);
  await send("remove", { places: taken.map((one: { at: unknown }) => one.at) });
  await control.ask("DELETE", "/v1/porter/conversations/standup", { bearer });
  const last = (await send("take", { limit: 10 })).json.events;
  expect(last).toMatchObject([{ type: "conversation.closed", data: { alias: "standup" } }]);
  expect(last[0].message_id).toMatch(/^evt_[A-Za-z0-9_-]{27}$/);
});

test("§2.15.7, §2.15.8 attempts are listed for the owner, and one is sent again", async () => {
  const { webhook_id } = await make();
  const delivery = {
    message_id: "evt_1",
    webhook_id,
    type: "stream.joined",
    attempt: 1,
    at: "2026-01-01T00:00:00.000Z",
    status: "dead",
    http_status: 410,
    error: null,
    took_ms: 3,
    next_attempt_at: null,
  };
  await send("attempts", { attempts: [{ account_id, disables: true, delivery }] });
  const log = await control.ask("GET", `${AT}/${webhook_id}/deliveries?limit=1`, { bearer });
  const { webhook_id: _, ...shown } = delivery;
  expect(log.json).toMatchObject({ deliveries: [shown], next_cursor: null });
  const listed = await control.ask("GET", AT, { bearer });
  expect(listed.json.webhooks[0].disabled).toEqual({ at: delivery.at, reason: "failures" });
  const again = await control.ask("POST", `${AT}/${webhook_id}/deliveries/evt_1/replay`, {
    bearer,
  });
  expect(again.status).toBe(202);
  const [event] = (await send("take", { limit: 10 })).json.events;
  expect(event).toMatchObject({ type: "replay", data: { webhook_id, message_id: "evt_1" } });
  const other = await control.account("other");
  const foreign = await control.ask("GET", `${AT}/${webhook_id}/deliveries`, {
    bearer: other.credential,
  });
  expect(foreign.status).toBe(404);
});

test("§8 the events are nobody's who lacks the secret, and without one there are no webhooks", async () => {
  for (const secret of ["", "wrong", bearer, `${SENDER}x`]) {
    expect((await send("take", { limit: 1 }, secret)).status).toBe(404);
  }
  expect((await send("take", { limit: 100_000 })).status).toBe(400);
  const without = await openTestControl({ eventSecrets: [] });
  const { credential } = await without.account("porter");
  for (const [method, path] of [
    ["GET", AT],
    ["POST", "/v1/outbox/take"],
  ] as const) {
    expect((await without.ask(method, path, { bearer: credential, body: undefined })).status).toBe(
      404,
    );
  }
  await without.close();
});

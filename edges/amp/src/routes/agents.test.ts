import { signCard } from "@ams/amp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Agent, newKey, signIn, startWorld, type World } from "../testing/world.ts";

const ADMIN = "admin-token-of-at-least-32-characters";
let world: World;
let alice: Agent;
beforeAll(async () => {
  world = await startWorld({ env: { AMS_AMP_ADMIN_TOKENS: ADMIN } });
  alice = await world.register("alice");
});
afterAll(() => world.stop());

test("AMP 3: each base means the same; unknown paths and methods are distinguished", async () => {
  const root = `http://127.0.0.1:${world.port}`;
  for (const base of ["/v1", "/api/v1", "/v1/v1", "/api/v1/v1"]) {
    const info = await world.call("GET", `${root}${base}/info`);
    expect(info.status).toBe(200);
    const document = await world.call("GET", `${root}/.well-known/agent-messaging.json`);
    expect(document.body).toMatchObject({ version: "AMP1", endpoint: `${root}/v1` });
  }
  expect((await world.call("GET", `${root}/v1/v1/v1/info`)).status).toBe(404);
  expect((await world.call("GET", "/nothing")).body.error).toBe("not_found");
  const wrong = await world.call("PUT", "/route");
  expect([wrong.status, wrong.body.error]).toEqual([405, "method_not_allowed"]);
  expect(wrong.headers.get("allow")).toBe("POST");
  const socket = await world.call("GET", "/ws");
  expect([socket.status, socket.body.error]).toEqual([426, "upgrade_required"]);
});

test("AMP 1: headers of every answer; pages of other sites read four of them", async () => {
  const open = await world.call("GET", "/info");
  expect(Object.fromEntries(open.headers)).toMatchObject({
    "content-type": "application/json",
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "access-control-allow-origin": "*",
  });
  const own = await alice.call("GET", "/agents/me");
  expect(own.headers.has("access-control-allow-origin")).toBe(false);
  const document = `http://127.0.0.1:${world.port}/.well-known/agent-messaging.json`;
  const found = await world.call("GET", document);
  expect(found.headers.get("cache-control")).toBe("public, max-age=3600");
});

test("AMP 3: health, info and the OpenAPI document say what there is", async () => {
  const health = await world.call("GET", "/health");
  expect(health.body).toMatchObject({
    version: "0.1.2",
    provider: "example.test",
    federation: false,
    agents_online: 0,
  });
  const info = await world.call("GET", "/info");
  expect(info.body).toMatchObject({
    version: "amp/0.1",
    registration_modes: ["open"],
    attachment_limits: { max_attachment_size: 26_214_400, direct_upload: true, av_scanning: false },
  });
  const { paths } = (await world.call("GET", "/openapi.json")).body;
  expect(Object.keys(Object(paths)).length).toBeGreaterThan(35);
});

const GUARDED: readonly (readonly [string, string])[] = [
  ["GET", "/agents/me"],
  ["PATCH", "/agents/me"],
  ["DELETE", "/agents/me"],
  ["GET", "/agents/me/card"],
  ["PUT", "/agents/me/card"],
  ["GET", "/agents/me/inbox"],
  ["POST", "/agents/me/inbox"],
  ["GET", "/agents"],
  ["GET", "/agents/resolve/alice@acme.example.test"],
  ["GET", "/agents/alice@acme.example.test"],
  ["GET", "/auth/user-key"],
  ["DELETE", "/auth/user-key"],
  ["GET", "/agents/owned"],
  ["DELETE", "/agents/owned/x"],
  ["POST", "/auth/rotate-key"],
  ["DELETE", "/auth/revoke-key"],
  ["POST", "/auth/rotate-keys"],
  ["POST", "/route"],
  ["GET", "/messages/pending"],
  ["GET", "/messages"],
  ["GET", "/inbox"],
  ["GET", "/messages/pending/count"],
  ["DELETE", "/messages/pending/msg_1_a"],
  ["DELETE", "/messages/pending"],
  ["POST", "/inbox/msg_1_a/ack"],
  ["POST", "/messages/pending/ack"],
  ["POST", "/messages/pending"],
  ["POST", "/messages/msg_1_a/read"],
  ["POST", "/attachments/upload"],
  ["POST", "/attachments/upload/direct"],
  ["POST", "/attachments/att_1_a/confirm"],
  ["GET", "/attachments/att_1_a"],
  ["GET", "/attachments/att_1_a/download"],
  ["POST", "/agents/x/suspend"],
  ["POST", "/agents/x/unsuspend"],
  ["GET", "/admin/quarantine"],
  ["POST", "/admin/quarantine/qtn_1_a/approve"],
  ["POST", "/admin/quarantine/qtn_1_a/reject"],
  ["GET", "/admin/agents/x/risk"],
  ["POST", "/admin/revocations"],
];

test.each(GUARDED)(
  "AMP 3: %s %s without a key, or with a wrong one, is 401",
  async (method, path) => {
    const bad = `amp_live_sk_${"0".repeat(64)}`;
    for (const key of [undefined, bad, "uk_x", "ams_sk_x"]) {
      const reply = await world.call(method, path, { key });
      expect([reply.status, reply.body.error]).toEqual([401, "unauthorized"]);
    }
  },
);

test("AMP 5: an agent changes what is its own to change, and nothing else", async () => {
  const delivery = { webhook_url: "https://hooks.example.org/a" };
  const policy = { mode: "restricted", allow: ["*@acme.example.test"] };
  const change = { alias: "Al", metadata: { a: 1 }, communication_policy: policy, delivery };
  const changed = await alice.call("PATCH", "/agents/me", { body: change });
  expect(changed.body).toMatchObject({ updated: true, address: alice.address });
  expect(Object(changed.body.delivery).webhook_secret).toMatch(/^whsec_[\w-]{43}$/);
  const me = await alice.call("GET", "/agents/me");
  expect(me.body).toMatchObject({ alias: "Al", metadata: { a: 1 }, communication_policy: policy });
  expect(JSON.stringify(me.body)).not.toContain("whsec");
  for (const field of ["name", "public_key", "key_algorithm", "tenant", "address", "agent_id"]) {
    const reply = await alice.call("PATCH", "/agents/me", { body: { [field]: "x", alias: "no" } });
    expect([reply.status, reply.body.field]).toEqual([400, field]);
  }
  expect((await alice.call("GET", "/agents/me")).body.alias).toBe("Al");
  const gone = { alias: null, delivery: { webhook_url: null }, communication_policy: null };
  await alice.call("PATCH", "/agents/me", { body: gone });
  const after = await alice.call("GET", "/agents/me");
  expect(after.body).toMatchObject({ alias: null, delivery: { webhook_url: null } });
});

test("AMP 3: agents of the tenant are listed by address, page by page, and no other's", async () => {
  for (const name of ["l1", "l2", "l3"])
    await world.register(name, "listed", { alias: `X${name}` });
  const first = await world.register("l4", "listed");
  const page = await first.call("GET", "/agents?limit=2");
  expect(page.body).toMatchObject({ total: 4, has_more: true });
  const cursor = String(page.body.cursor);
  const rest = await first.call("GET", `/agents?limit=2&cursor=${cursor}`);
  expect(rest.body).toMatchObject({
    agents: [
      { address: "l3@listed.example.test", alias: "Xl3", online: false },
      { address: "l4@listed.example.test", alias: null, online: false },
    ],
    has_more: false,
  });
  expect(rest.body).not.toHaveProperty("cursor");
  expect((await first.call("GET", "/agents?search=xL")).body.total).toBe(3);
  expect((await first.call("GET", "/agents?tenant=acme")).body.error).toBe("tenant_access_denied");
  expect((await first.call("GET", "/agents?limit=0")).body.field).toBe("limit");
});

test("AMP 3: an address is resolved in any case, percent-encoded, and in its short forms", async () => {
  const socket = await signIn(alice);
  const names = ["alice", "alice@acme", "ALICE@Acme.Example.Test", "alice%40acme.example.test"];
  for (const name of names) {
    const found = await alice.call("GET", `/agents/resolve/${name}`);
    expect(found.body).toMatchObject({ address: alice.address, online: true });
    expect(found.body.did).toMatch(/^did:key:z6Mk/);
  }
  expect((await alice.call("GET", `/agents/${alice.address}`)).status).toBe(200);
  expect((await alice.call("GET", "/agents/resolve/nobody")).body.error).toBe("not_found");
  socket.socket.close();
});

test("AMP 2: a card is the provider's word until the agent puts its own, signed", async () => {
  const asserted = await alice.call("GET", "/agents/me/card");
  expect(asserted.body).toMatchObject({ signature: null, provider_asserted: true });
  const { signature: _, provider_asserted: __, ...card } = asserted.body;
  const signature = signCard(alice.key, card);
  const put = (body: unknown) => alice.call("PUT", "/agents/me/card", { body });
  expect((await put({ ...card, signature: "AAAA" })).body.error).toBe("signature_invalid");
  expect((await put({ ...card, address: "x@y.example.test", signature })).body.field).toBe(
    "address",
  );
  expect((await put({ ...card, public_key: newKey().pem, signature })).body.field).toBe(
    "public_key",
  );
  const late = { ...card, expires_at: "2099-01-01T00:00:00Z" };
  expect((await put({ ...late, signature: signCard(alice.key, late) })).body.field).toBe(
    "expires_at",
  );
  expect((await put({ ...card, signature })).body).toEqual({ ...card, signature });
  expect((await alice.call("GET", "/agents/me/card")).body).toEqual({ ...card, signature });
});

test("AMP 13: an API key is rotated and revoked", async () => {
  const dora = await world.register("dora");
  const rotated = await dora.call("POST", "/auth/rotate-key");
  expect(rotated.body).toMatchObject({ expires_at: null });
  const key = String(rotated.body.api_key);
  for (const one of [dora.apiKey, key])
    expect((await world.call("GET", "/agents/me", { key: one })).status).toBe(200);
  const again = await world.call("POST", "/auth/rotate-key", { key });
  expect((await dora.call("GET", "/agents/me")).status).toBe(401);
  const last = String(again.body.api_key);
  const socket = dora.connect({ authorization: `Bearer ${last}` });
  expect(await socket.next()).toMatchObject({ type: "connected" });
  const revoked = await world.call("DELETE", "/auth/revoke-key", { key: last });
  expect(revoked.body).toMatchObject({ revoked: true });
  expect((await world.call("GET", "/agents/me", { key: last })).status).toBe(401);
  expect(await socket.closed).toMatchObject({ code: 4003 });
});

test("AMP 13: a key pair is rotated by the old key's signature; the old one is revoked", async () => {
  const { signText } = await import("@ams/amp");
  const gina = await world.register("gina");
  const next = newKey();
  const rotate = (body: object) => gina.call("POST", "/auth/rotate-keys", { body });
  expect((await rotate({ new_public_key: next.pem })).body.error).toBe("missing_field");
  const wanted = { new_public_key: next.pem, key_algorithm: "Ed25519" };
  const forged = await rotate({ ...wanted, proof: signText(next.key, next.pem) });
  expect(forged.body.error).toBe("signature_invalid");
  const taken = { new_public_key: alice.pem, key_algorithm: "Ed25519" };
  const conflict = await rotate({ ...taken, proof: signText(gina.key, alice.pem) });
  expect([conflict.status, conflict.body.error]).toEqual([409, "key_conflict"]);
  const done = await rotate({ ...wanted, proof: signText(gina.key, next.pem) });
  expect(done.body).toMatchObject({ rotated: true, address: gina.address, public_key: next.pem });
  expect((await gina.send("alice")).body.error).toBe("signature_invalid");
  const old = await rotate({
    new_public_key: gina.pem,
    key_algorithm: "Ed25519",
    proof: signText(next.key, gina.pem),
  });
  expect(old.body.error).toBe("key_conflict");
});

test("AMP 13: suspension stops sending, reading and sockets, and ends by itself", async () => {
  const hugo = await world.register("hugo");
  const socket = await signIn(hugo);
  const until = new Date(Date.now() + 3_600_000).toISOString();
  const suspend = (body: object) =>
    world.call("POST", `/agents/${hugo.id}/suspend`, { key: ADMIN, body });
  const done = await suspend({ reason: "test", expires_at: until });
  expect(done.body).toMatchObject({ suspended: true, reason: "test", expires_at: until });
  expect(await socket.closed).toEqual({ code: 4003, reason: "agent_suspended" });
  expect((await hugo.send("alice")).body.error).toBe("agent_suspended");
  expect((await alice.send("hugo")).body.error).toBe("recipient_suspended");
  for (const path of ["/messages/pending", "/messages/pending/count"])
    expect((await hugo.call("GET", path)).body.error).toBe("agent_suspended");
  const again = await signIn(hugo);
  expect(again.connected).toMatchObject({ type: "error", error: "agent_suspended" });
  const ended = await world.call("POST", `/agents/${hugo.id}/unsuspend`, { key: ADMIN });
  expect(ended.body).toMatchObject({ suspended: false });
  expect((await hugo.send("alice")).status).toBe(200);
  await suspend({ expires_at: new Date(Date.now() - 1).toISOString() });
  expect((await hugo.send("alice")).status).toBe(200);
});

test("AMP 13: a key that an administrator revokes signs nothing more", async () => {
  const ivan = await world.register("ivan");
  const body = {
    fingerprint: ivan.body.fingerprint,
    agent_address: ivan.address,
    reason: "key_compromise",
  };
  const revoked = await world.call("POST", "/admin/revocations", { key: ADMIN, body });
  expect(revoked.body).toMatchObject({ ...body, superseded_by: null });
  expect((await ivan.send("alice")).body.error).toBe("key_revoked");
  expect((await ivan.send("alice", { signature: "AAAA" })).body.error).toBe("signature_invalid");
});

test("AMP 5: a deregistered agent has no key, no queue, no socket and no address", async () => {
  const judy = await world.register("judy");
  await alice.send("judy");
  const socket = await signIn(judy);
  const reply = await judy.call("DELETE", "/agents/me");
  expect(reply.body).toMatchObject({ deregistered: true, address: judy.address });
  expect(await socket.closed).toEqual({ code: 4003, reason: "deregistered" });
  expect((await judy.call("GET", "/agents/me")).status).toBe(401);
  expect((await alice.send("judy")).body.error).toBe("not_found");
});

import { generateKeyPairSync } from "node:crypto";
import { registrationText, signText } from "@ams/amp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { agentOf, newKey, signIn, startWorld, type World } from "../testing/world.ts";

const ADMIN = "admin-token-of-at-least-32-characters";
let world: World;
beforeAll(async () => {
  world = await startWorld({ env: { AMS_AMP_ADMIN_TOKENS: ADMIN } });
});
afterAll(() => world.stop());

const asked = (name: string, more: object = {}) => {
  const { pem } = newKey();
  return { name, tenant: "acme", public_key: pem, key_algorithm: "Ed25519", ...more };
};
const register = (body: object, key?: string) =>
  world.call("POST", "/register", { body, ...(key === undefined ? {} : { key }) });

test("AMP 4: a registration answers all that a client needs, and the key works", async () => {
  const reply = await register(
    asked("Alice", { alias: "A", scope: { platform: "gh", repo: "r" } }),
  );
  expect(reply.status).toBe(201);
  expect(reply.body).toMatchObject({
    address: "alice@r.gh.acme.example.test",
    short_address: "alice@acme.example.test",
    local_name: "alice",
    tenant_id: "acme",
    tenant: "acme",
    provider: {
      name: "example.test",
      endpoint: world.endpoint,
      route_url: `${world.endpoint}/route`,
    },
    key_algorithm: "Ed25519",
  });
  expect(reply.body.api_key).toMatch(/^amp_live_sk_[0-9a-f]{64}$/);
  expect(reply.body).not.toHaveProperty("owner_id");
  const me = await world.call("GET", "/agents/me", { key: String(reply.body.api_key) });
  expect(me.body).toMatchObject({ alias: "A", metadata: null, tenant: "acme" });
});

const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const p256 = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
const p384 = generateKeyPairSync("ec", { namedCurve: "secp384r1" });
const small = generateKeyPairSync("rsa", { modulusLength: 1024 });
const pemOf = (key: { publicKey: (typeof rsa)["publicKey"] }) =>
  key.publicKey.export({ type: "spki", format: "pem" }).toString();

test("AMP 2: RSA and P-256 keys register, CRLF and no final newline too", async () => {
  const keys = [
    [pemOf(rsa), "RSA"],
    [pemOf(p256).replaceAll("\n", "\r\n"), "ECDSA"],
    [newKey().pem.trim(), "Ed25519"],
  ];
  for (const [index, [public_key, key_algorithm]] of keys.entries()) {
    const reply = await register(asked(`key-${index}`, { public_key, key_algorithm }));
    expect(reply.status).toBe(201);
    expect(String(reply.body.public_key)).toMatch(/^-----BEGIN PUBLIC KEY-----\n[^\r]+\n$/s);
  }
});

const private_key = rsa.privateKey.export({ type: "pkcs8", format: "pem" }).toString();
const LOW = `-----BEGIN PUBLIC KEY-----\n${Buffer.concat([
  Buffer.from("302a300506032b6570032100", "hex"),
  Buffer.alloc(32),
]).toString("base64")}\n-----END PUBLIC KEY-----\n`;

test.each([
  ["no name", { name: undefined }, "missing_field", "name"],
  ["null name", { name: null }, "missing_field", "name"],
  ["a name with a blank", { name: "a b" }, "invalid_field", "name"],
  ["a long name", { name: "a".repeat(64) }, "invalid_field", "name"],
  ["no key", { public_key: null }, "missing_field", "public_key"],
  ["a private key", { public_key: private_key }, "invalid_field", "public_key"],
  ["two keys", { public_key: pemOf(rsa) + pemOf(rsa) }, "invalid_field", "public_key"],
  ["P-384", { public_key: pemOf(p384), key_algorithm: "ECDSA" }, "invalid_field", "public_key"],
  ["RSA 1024", { public_key: pemOf(small), key_algorithm: "RSA" }, "invalid_field", "public_key"],
  ["a key of small order", { public_key: LOW }, "invalid_field", "public_key"],
  ["another label", { key_algorithm: "RSA" }, "invalid_field", "key_algorithm"],
  ["an unknown label", { key_algorithm: "DSA" }, "invalid_field", "key_algorithm"],
  ["no tenant", { tenant: undefined }, "missing_field", "tenant"],
  ["a tenant with a dot", { tenant: "a.b" }, "invalid_field", "tenant"],
  ["a repo alone", { scope: { repo: "r" } }, "missing_field", "scope.platform"],
  ["a bad repo", { scope: { platform: "p", repo: "a/b" } }, "invalid_field", "scope.repo"],
  ["an id that is no UUID", { agent_id: "x" }, "invalid_field", "agent_id"],
  ["a long alias", { alias: "a".repeat(129) }, "invalid_field", "alias"],
  ["metadata that is a list", { metadata: [] }, "invalid_field", "metadata"],
  ["large metadata", { metadata: { a: "x".repeat(16_384) } }, "invalid_field", "metadata"],
  ["33 capabilities", { capabilities: Array(33).fill("a") }, "invalid_field", "capabilities"],
  [
    "an http webhook",
    { delivery: { webhook_url: "http://a.test/" } },
    "invalid_field",
    "delivery.webhook_url",
  ],
])("AMP 4: %s is refused by its field", async (_title, more, error, field) => {
  const reply = await register(asked("refused", more));
  expect([reply.status, reply.body.error, reply.body.field]).toEqual([400, error, field]);
});

test("AMP 4: a bearer that is no user key is 401, an API key too", async () => {
  const agent = await world.register("bearer");
  for (const key of ["uk_nothing-that-anybody-made", agent.apiKey, "x"])
    expect((await register(asked("nobody"), key)).status).toBe(401);
});

test("AMP 4: a taken name suggests three free ones; its key alone gives nothing", async () => {
  const carol = await world.register("carol");
  const other = await register(asked("carol"));
  expect([other.status, other.body.error]).toEqual([409, "name_taken"]);
  expect(other.body.suggestions).toHaveLength(3);
  expect(other.body.details).toEqual({ suggestions: other.body.suggestions });
  const same = await register(asked("carol", { public_key: carol.pem }));
  expect([same.status, same.body.error]).toEqual([409, "name_taken"]);
  const twice = await register(asked("carol-2", { public_key: carol.pem }));
  expect([twice.status, twice.body.error]).toEqual([409, "key_already_registered"]);
  const id = await register(asked("dan", { agent_id: carol.id }));
  expect([id.status, id.body.field]).toEqual([400, "agent_id"]);
});

test("AMP 4: a proof of the key gives a new API key, once, and all earlier ones end", async () => {
  const erin = await world.register("erin");
  const socket = await signIn(erin);
  const at = Math.floor(Date.now() / 1_000);
  const prove = (timestamp: number) =>
    asked("erin", {
      public_key: erin.pem,
      proof_timestamp: timestamp,
      proof: signText(erin.key, registrationText(erin.address, timestamp)),
    });
  for (const late of [at - 400, at + 400])
    expect((await register(prove(late))).body.error).toBe("name_taken");
  const back = await register(prove(at));
  expect(back.status).toBe(200);
  expect(back.body.agent_id).toBe(erin.id);
  expect((await erin.call("GET", "/agents/me")).status).toBe(401);
  expect((await socket.closed).code).toBe(4003);
  const again = agentOf(world.endpoint, erin, back.body);
  expect((await again.call("GET", "/agents/me")).status).toBe(200);
  expect((await register(prove(at))).body.error).toBe("name_taken");
});

test("AMP 4: an address given up is held, also for its former holder", async () => {
  const frank = await world.register("frank");
  expect((await frank.call("DELETE", "/agents/me")).body).toMatchObject({ deregistered: true });
  const back = await register(asked("frank", { public_key: frank.pem }));
  expect(back.body.error).toBe("name_taken");
});

test("AMP 4: modes: invite, admin, and what an admin token or a listed owner may", async () => {
  const { mkdtempSync, writeFileSync } = await import("node:fs");
  const folder = mkdtempSync("/tmp/amp-tenants-");
  const file = `${folder}/tenants.json`;
  const user_key = "uk_listed-by-the-operator-1234";
  const tenants = {
    inv: { mode: "invite", invite_codes: ["code-1"], agent_limit: 1 },
    shut: { mode: "admin", owners: [{ id: "usr_1", user_key }] },
    dom: { mode: "verified" },
  };
  writeFileSync(file, JSON.stringify({ tenants }));
  const env = { AMS_AMP_TENANTS_FILE: file, AMS_AMP_ADMIN_TOKENS: ADMIN };
  const other = await startWorld({ env });
  const post = async (body: object, key?: string) => {
    const reply = await other.call("POST", "/register", { body, ...(key ? { key } : {}) });
    const { reason } = Object(reply.body.details);
    return [reply.status, reply.body.error ?? reply.body.owner_id ?? null, reason ?? null];
  };
  const denied = (reason: string) => [403, "tenant_access_denied", reason];
  expect(await post(asked("a", { tenant: "inv" }))).toEqual(denied("invite"));
  const invited = { tenant: "inv", invite_code: "code-1" };
  expect(await post(asked("a", invited))).toEqual([201, null, null]);
  expect(await post(asked("b", invited))).toEqual(denied("agent_limit"));
  expect(await post(asked("a", { tenant: "shut" }))).toEqual(denied("mode"));
  expect(await post(asked("a", { tenant: "shut" }), ADMIN)).toEqual([201, null, null]);
  const owned = asked("c", { tenant: undefined });
  expect(await post(owned, user_key)).toEqual([201, "usr_1", null]);
  expect(await post(asked("d", { tenant: "inv" }), user_key)).toEqual(denied("tenant"));
  expect(await post(asked("a", { tenant: "dom" }))).toEqual(denied("verification"));
  await other.stop();
});

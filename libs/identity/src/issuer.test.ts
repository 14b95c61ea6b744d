// JWTs of the operator's issuer: a real issuer library's, every wrong one, and key sets that hang
// or lie.
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { DirectoryUnavailable } from "@ams/directory";
import { openMemoryDirectory } from "@ams/directory/testing";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { OAuth2Server } from "oauth2-mock-server";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createIdentity, externalHash, type Identity } from "./identity.ts";
import type { IssuerTerms } from "./issuer.ts";

const PEPPERS = { credential: ["c".repeat(32)], link: ["l".repeat(32)] } as const;
const AUDIENCE = "https://ams.example";

const real = new OAuth2Server();
let refused: string[];
let nowMs: number;
let directory: ReturnType<typeof openMemoryDirectory>;
const servers: Server[] = [];

beforeAll(async () => {
  await real.issuer.keys.generate("RS256");
  await real.start(0, "127.0.0.1");
});
afterAll(() => real.stop());
beforeEach(() => {
  refused = [];
  nowMs = Date.now();
  directory = openMemoryDirectory({ announce: () => undefined, now: () => nowMs });
});
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

function open(over: Partial<IssuerTerms> = {}): Identity {
  const issuer: IssuerTerms = {
    issuer: real.issuer.url ?? "",
    audience: AUDIENCE,
    keySetUrl: `${real.issuer.url}/jwks`,
    algorithms: ["RS256", "ES256"],
    namespaceClaim: "ams_namespace",
    scopeClaim: "scope",
    createsAccounts: true,
    ...over,
  };
  const onRefused = (reason: string) => void refused.push(reason);
  return createIdentity({ directory, peppers: PEPPERS, issuer, onRefused, now: () => nowMs });
}

/** A token as the library makes it, with these claims changed. */
const issue = (claims: Record<string, unknown> = {}, header: Record<string, unknown> = {}) =>
  real.issuer.buildToken({
    scopesOrTransform: (given, payload) => {
      const own = { aud: AUDIENCE, ams_namespace: "falcon", scope: "openid ams:join ams:read" };
      Object.assign(given, header);
      Object.assign(payload, own, claims);
    },
  });

describe("a real issuer", () => {
  test("§2.13.1 its token is the account of its namespace, made once, and keeps its scopes and end", async () => {
    const identity = open();
    const token = await issue({ exp: Math.floor(nowMs / 1_000) + 300 });
    const [first, second] = await Promise.all([identity.identify(token), identity.identify(token)]);
    expect(first).toEqual(second);
    expect(first).toMatchObject({
      ok: true,
      value: {
        scopes: ["join", "read"],
        endsMs: (Math.floor(nowMs / 1_000) + 360) * 1_000,
        credential: externalHash(real.issuer.url ?? "", "falcon"),
      },
    });
    const grant = await identity.grantOf(token);
    expect(grant).toMatchObject({ value: { account: { namespace: "falcon" } } });
    const all = await issue({ scope: ["ams:full", "x"] });
    expect(await identity.grantOf(all)).toMatchObject({ value: { scopes: ["full"] } });
  });

  test("§2.13.2 a namespace that somebody signed up for is never its; without creation none is made", async () => {
    const limits = { streams_max: null, guests_max: null, conversations_max: null };
    const own = { account_id: "acc_01J8ZQ4T9V3W5X7Y9ABCDEFGHJ", namespace: "falcon" } as never;
    await directory.createAccount(
      { ...Object(own), created_at: "", ...limits, subscribers_max: null },
      "theirs",
    );
    expect(await open().identify(await issue())).toMatchObject({ fault: "invalid_credential" });
    const other = await issue({ ams_namespace: "kestrel" });
    expect(await open({ createsAccounts: false }).identify(other)).toMatchObject({ ok: false });
    expect(await directory.accountOf("kestrel" as never)).toBeNull();
    expect(refused).toEqual(["namespace_not_linked", "namespace_not_linked"]);
  });

  const s = () => Math.floor(Date.now() / 1_000);
  test.each<[string, string, () => Record<string, unknown>]>([
    ["another issuer", "err_jwt_claim_validation_failed iss", () => ({ iss: "https://x.example" })],
    ["another audience", "err_jwt_claim_validation_failed aud", () => ({ aud: "other" })],
    ["no audience", "err_jwt_claim_validation_failed aud", () => ({ aud: undefined })],
    ["no end", "err_jwt_claim_validation_failed exp", () => ({ exp: undefined })],
    ["an end 5 minutes ago", "err_jwt_expired", () => ({ exp: s() - 300 })],
    ["valid in 5 minutes", "err_jwt_claim_validation_failed nbf", () => ({ nbf: s() + 300 })],
    ["made 5 minutes from now", "bad_time", () => ({ iat: s() + 300, nbf: s() })],
    ["no namespace", "bad_namespace", () => ({ ams_namespace: undefined })],
    ["a reserved namespace", "bad_namespace", () => ({ ams_namespace: "mcp" })],
    ["a namespace that is a list", "bad_namespace", () => ({ ams_namespace: ["falcon"] })],
  ])("§2.13.1 %s: refused", async (_, why, claims) => {
    const token = await issue(claims());
    expect(await open().identify(token)).toEqual({ ok: false, fault: "invalid_credential" });
    expect(refused).toEqual([why]);
  });

  test("§2.13.1 clocks may differ by 60 s", async () => {
    const late = await issue({ exp: s() - 50, iat: s() - 100 });
    expect(await open().identify(late)).toMatchObject({ ok: true });
    const early = await issue({ iat: s() + 50, nbf: s() + 50 });
    expect(await open().identify(early)).toMatchObject({ ok: true });
  });

  test("§2.13.1 alg none, HMAC under the public key, and a changed payload are refused", async () => {
    const identity = open();
    const token = await issue();
    const [head = "", payload = "", signature = ""] = token.split(".");
    const { kid } = JSON.parse(Buffer.from(head, "base64url").toString());
    const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const none = `${encode({ alg: "none", kid, typ: "JWT" })}.${payload}.${signature}`;
    const secret = Buffer.from(JSON.stringify(real.issuer.keys.toJSON()[0]));
    const hmac = await new SignJWT(JSON.parse(Buffer.from(payload, "base64url").toString()))
      .setProtectedHeader({ alg: "HS256", kid })
      .sign(secret);
    const claims = JSON.parse(Buffer.from(payload, "base64url").toString());
    const changed = `${head}.${encode({ ...claims, ams_namespace: "kestrel" })}.${signature}`;
    for (const wrong of [none, hmac, changed]) {
      expect(await identity.identify(wrong)).toEqual({ ok: false, fault: "invalid_credential" });
    }
    const bad = "err_jws_signature_verification_failed";
    expect(refused).toEqual(["alg_not_allowed", "alg_not_allowed", bad]);
  });
});

/** A key set of ours, with the answer that the test gives. */
async function keySet(answer: (response: import("node:http").ServerResponse) => void) {
  let asked = 0;
  const server = createServer((_, response) => {
    asked += 1;
    answer(response);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return { keySetUrl: `http://127.0.0.1:${port}/jwks`, asked: () => asked };
}

const json = (body: unknown) => (response: import("node:http").ServerResponse) =>
  response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body));

describe("key sets that lie", () => {
  test("§2.13.3 an unknown kid is asked for once in 30 s, whatever number of tokens comes", async () => {
    const set = await keySet(json({ keys: [] }));
    const identity = open(set);
    const tokens = await Promise.all(Array.from({ length: 20 }, () => issue()));
    for (const token of tokens) {
      expect(await identity.identify(token)).toMatchObject({ fault: "invalid_credential" });
    }
    expect(set.asked()).toBe(1);
    expect(new Set(refused)).toEqual(new Set(["unknown_kid"]));
  });

  test("§2.13.3 a token that can't be right asks nobody", async () => {
    const set = await keySet(json({ keys: [] }));
    const identity = open({ ...set, algorithms: ["ES256"] });
    expect(await identity.identify(await issue())).toMatchObject({ ok: false });
    expect(set.asked()).toBe(0);
  });

  test.each<[string, (response: import("node:http").ServerResponse) => void]>([
    ["too large", json({ keys: [], more: "x".repeat(300_000) })],
    [
      "endless",
      (response) => {
        response.writeHead(200);
        const more = () => {
          if (!response.destroyed) response.write("x".repeat(65_536), () => setImmediate(more));
        };
        more();
      },
    ],
    ["too many keys", json({ keys: Array.from({ length: 101 }, () => ({})) })],
    ["no key set", json({ other: 1 })],
    ["no JSON", (response) => response.writeHead(200).end("<html>")],
    ["an error", (response) => response.writeHead(500).end()],
    [
      "a redirect",
      (response) => response.writeHead(302, { location: `${real.issuer.url}/jwks` }).end(),
    ],
    ["cut off", (response) => response.destroy()],
  ])(
    "§2.13.3 a key set that is %s: unavailable, and not asked again at once",
    async (_, answer) => {
      const set = await keySet(answer);
      const identity = open(set);
      const token = await issue();
      await expect(identity.identify(token)).rejects.toThrow(DirectoryUnavailable);
      await expect(identity.identify(token)).rejects.toThrow(DirectoryUnavailable);
      expect(set.asked()).toBe(1);
    },
  );

  test("§2.13.3 one that hangs is given up after 5 s", async () => {
    const set = await keySet(() => undefined);
    await expect(open(set).identify(await issue())).rejects.toThrow(DirectoryUnavailable);
  }, 15_000);

  test("§2.13.3 a key of the same kid and another type, or a private secret, verifies nothing", async () => {
    const [head = ""] = (await issue()).split(".");
    const { kid } = JSON.parse(Buffer.from(head, "base64url").toString());
    const pair = await generateKeyPair("ES256", { extractable: true });
    const ec = { ...(await exportJWK(pair.publicKey)), kid, alg: "RS256" };
    const oct = { kty: "oct", k: "c2VjcmV0", kid, alg: "RS256" };
    const set = await keySet(json({ keys: [ec, oct] }));
    expect(await open(set).identify(await issue())).toEqual({
      ok: false,
      fault: "invalid_credential",
    });
  });
});

// Tokens that keys of accounts sign: a fixed vector, what they may do, and every wrong one.

import { createHmac, createPrivateKey, randomBytes } from "node:crypto";
import { DEPLOYMENT_LIMITS, newAccountId, newConversationId, newKeyId } from "@ams/directory";
import { openMemoryDirectory } from "@ams/directory/testing";
import type { Scope } from "@ams/protocol";
import { SignJWT } from "jose";
import { beforeEach, describe, expect, test } from "vitest";
import { createIdentity, type Identity } from "./identity.ts";
import { publicKeyOf } from "./signing-key.ts";

const NOW = Date.UTC(2026, 0, 31, 12);
const S = NOW / 1_000;
const CREDENTIAL = `ams_sk_${"a".repeat(43)}`;
const PEPPERS = { credential: ["c".repeat(32)], link: ["l".repeat(32)] } as const;
const conversation = newConversationId(NOW);

let directory: ReturnType<typeof openMemoryDirectory>;
let identity: Identity;
let account: ReturnType<typeof newAccountId>;
let keyId: string;
let refused: string[];
let nowMs: number;

beforeEach(async () => {
  nowMs = NOW;
  refused = [];
  directory = openMemoryDirectory({ announce: () => undefined, now: () => nowMs });
  const onRefused = (reason: string) => void refused.push(reason);
  const now = () => nowMs;
  identity = createIdentity({ directory, peppers: PEPPERS, issuer: null, onRefused, now });
  account = newAccountId(NOW);
  const limits = { ...DEPLOYMENT_LIMITS, plan: null };
  const record = { account_id: account, namespace: "falcon" as never, created_at: "", ...limits };
  await directory.createAccount(record, "first");
  keyId = await makeKey(["join", "read"]);
});

async function makeKey(scopes: readonly Scope[], credential = CREDENTIAL, hash = "key-hash") {
  const key_id = newKeyId(NOW);
  const key = { key_id, name: "backend", scopes, expires_at_ms: NOW + 86_400_000 };
  const made = { ...key, created_at: "", used_at_ms: null, public_key: publicKeyOf(credential) };
  await directory.createKey(account, hash, made);
  return key_id;
}

function privateKey(credential = CREDENTIAL) {
  const seed = createHmac("sha256", credential).update("ams-signing-key-v1").digest();
  const der = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), seed]);
  return createPrivateKey({ key: der, format: "der", type: "pkcs8" });
}

type Over = {
  readonly header?: Record<string, unknown>;
  readonly claims?: Record<string, unknown>;
  readonly credential?: string;
};

const sign = (typ: string, claims: Record<string, unknown>, { header, credential }: Over) =>
  new SignJWT(claims)
    .setProtectedHeader({ alg: "EdDSA", kid: keyId, typ, ...header })
    .sign(privateKey(credential));

const bearer = (over: Over = {}) =>
  sign(
    "ams-bearer+jwt",
    { iss: account, scope: "join mint read", iat: S, exp: S + 600, ...over.claims },
    over,
  );
const join = (over: Over = {}) =>
  sign(
    "ams-join+jwt",
    { iss: account, conversation, stream_name: "alice", iat: S, exp: S + 60, ...over.claims },
    over,
  );

test("§2.13.4 the signing key of a fixed credential is this one", () => {
  expect(publicKeyOf(CREDENTIAL)).toBe("sNI0WgyWmMrIVSVrrTeqGXKhhQDUYyZovFcRqTBt_Q0");
});

describe("bearers", () => {
  test("§2.13.4 a bearer is its key's account, and may do what key and token both say", async () => {
    const token = await bearer();
    expect(await identity.identify(token)).toEqual({
      ok: true,
      value: {
        accountId: account,
        credential: "key-hash",
        scopes: ["join", "read"],
        endsMs: null,
      },
    });
    const grant = await identity.grantOf(token);
    expect(grant).toMatchObject({ value: { scopes: ["join", "read"], key_id: keyId } });
  });

  test("§2.13.4 none of a revoked or expired key is anybody's", async () => {
    const token = await bearer({ claims: { exp: S + 3_600 } });
    nowMs += 86_400_000;
    expect(await identity.identify(token)).toMatchObject({ fault: "invalid_credential" });
    nowMs = NOW;
    expect(await identity.identify(token)).toMatchObject({ ok: true });
    await directory.revokeKey(account, keyId);
    expect(await identity.identify(token)).toMatchObject({ fault: "invalid_credential" });
    expect(refused).toEqual(["unknown_key", "unknown_key"]);
  });

  test.each<[string, string, Over]>([
    ["another key's signature", "err_jws_signature_verification_failed", { credential: "x" }],
    ["alg none", "alg_not_allowed", { header: { alg: "EdDSA" } }],
    ["an unknown key", "unknown_key", { header: { kid: newKeyId(NOW) } }],
    ["no key id", "bad_kid", { header: { kid: undefined } }],
    ["a kid that is a path", "bad_kid", { header: { kid: "../../etc/passwd" } }],
    ["another account", "unknown_key", { claims: { iss: newAccountId(NOW) } }],
    ["an issuer that is no account", "bad_issuer", { claims: { iss: "https://evil.example" } }],
    ["too long a life", "bad_time", { claims: { exp: S + 3_601 } }],
    ["a clock 5 minutes ahead", "bad_time", { claims: { iat: S + 300, exp: S + 600 } }],
    ["a clock 5 minutes behind", "err_jwt_expired", { claims: { iat: S - 400, exp: S - 300 } }],
    ["no end", "err_jwt_claim_validation_failed exp", { claims: { exp: undefined } }],
    ["no beginning", "err_jwt_claim_validation_failed iat", { claims: { iat: undefined } }],
    ["not valid yet", "err_jwt_claim_validation_failed nbf", { claims: { nbf: S + 300 } }],
  ])("§2.13.4 %s: refused, and the reason is logged without the token", async (name, why, over) => {
    const [, payload, signature] = (await bearer(over)).split(".");
    const none = Buffer.from(
      JSON.stringify({ alg: "none", kid: keyId, typ: "ams-bearer+jwt" }),
    ).toString("base64url");
    const token = name === "alg none" ? `${none}.${payload}.${signature}` : await bearer(over);
    expect(await identity.identify(token)).toEqual({ ok: false, fault: "invalid_credential" });
    expect(refused).toEqual([why]);
  });

  test("§2.13.4 what is no token, too long, or for something else is refused", async () => {
    const header = Buffer.from('{"alg":"EdDSA"').toString("base64url");
    const tokens = ["a.b", `${header}.e30.c2ln`, `${"a".repeat(9_000)}.b.c`, await join()];
    for (const token of tokens) {
      expect(await identity.identify(token)).toMatchObject({ fault: "invalid_credential" });
    }
    const other = await bearer();
    expect(await identity.joinTerms(other, conversation)).toMatchObject({ ok: false });
  });
});

describe("join tokens", () => {
  test("§2.13.5 one says who joins what, under which name, and whether to read only", async () => {
    const value = { accountId: account, credential: "key-hash", streamName: "alice" };
    expect(await identity.joinTerms(await join(), conversation)).toEqual({
      ok: true,
      value: { ...value, readOnly: false },
    });
    const reading = await join({ claims: { read_only: true } });
    expect(await identity.joinTerms(reading, conversation)).toEqual({
      ok: true,
      value: { ...value, readOnly: true },
    });
  });

  test.each<[string, string, Over]>([
    [
      "another conversation",
      "other_conversation",
      { claims: { conversation: newConversationId(NOW) } },
    ],
    ["no conversation", "bad_conversation", { claims: { conversation: 1 } }],
    ["no name", "bad_stream_name", { claims: { stream_name: undefined } }],
    ["a bad name", "bad_stream_name", { claims: { stream_name: "-x" } }],
    ["a bad read_only", "bad_read_only", { claims: { read_only: "yes" } }],
    ["more than 10 minutes", "bad_time", { claims: { exp: S + 601 } }],
    ["a clock 5 minutes ahead", "bad_time", { claims: { iat: S + 300, exp: S + 360 } }],
    ["an end 5 minutes ago", "err_jwt_expired", { claims: { iat: S - 360, exp: S - 300 } }],
    ["another key's signature", "err_jws_signature_verification_failed", { credential: "x" }],
  ])("§2.13.5 %s: refused", async (_, why, over) => {
    const token = await join(over);
    expect(await identity.joinTerms(token, conversation)).toEqual({
      ok: false,
      fault: "invalid_magic_link",
    });
    expect(refused).toEqual([why]);
  });

  test("§2.13.5 a key that may not join signs none that admits", async () => {
    const other = `ams_sk_${randomBytes(32).toString("base64url")}`;
    keyId = await makeKey(["read", "mint"], other, "reader-hash");
    const token = await join({ credential: other });
    expect(await identity.joinTerms(token, conversation)).toMatchObject({ ok: false });
    expect(refused).toEqual(["key_may_not_join"]);
  });
});

/** Keys: named credentials of an account, each limited to some scopes (§2.2.8). */
import {
  type AccountKey,
  hash,
  isGranted,
  newCredential,
  newKeyId,
  type Outcome,
} from "@ams/directory";
import { publicKeyOf } from "@ams/identity";
import {
  EXPIRES_IN_S_MAX,
  type JsonText,
  joinMembers,
  KEY_NAME_CHARACTERS_MAX,
  SCOPES,
  type Scope,
  toJsonText,
  trustJsonText,
} from "@ams/protocol";
import { createKeyBody, keyCreatedBody, keysBody } from "@ams/protocol/schema";
import { readCount } from "../conversations/mint-request.ts";
import { type Members, optionalValue } from "../http/body.ts";
import type { Endpoint } from "../http/endpoint.ts";
import { problem } from "../http/problem.ts";
import { isName, noContent, reply } from "../http/reply.ts";
import { rateLimited } from "./accounts.ts";
import { authenticate, grantOf, readBodyOf } from "./authenticate.ts";
import { record } from "./events.ts";

const ERRORS = ["missing_credential", "invalid_credential", "insufficient_scope"] as const;

export const createKey: Endpoint = {
  name: "create_key",
  doc: {
    summary: "Make a key",
    description:
      "A named credential of the account, limited to `scopes`: `join` connects, `read` lists and inspects, `mint` makes conversations and links, `full` does everything. It is shown once.",
    auth: "bearer",
    body: { schema: createKeyBody, required: true },
    success: { 201: { about: "The key, with its credential.", schema: keyCreatedBody } },
    errors: [
      ...ERRORS,
      "body_too_large",
      "invalid_json",
      "invalid_key_name",
      "invalid_scopes",
      "invalid_expiry",
      "key_limit",
      "rate_limited",
    ],
    curl: `-X POST -d '{"name": "reporter", "scopes": ["join", "read"]}'`,
  },
  handle: async (call, tools) => {
    const authenticated = () => authenticate(call, tools, "full");
    const account = await authenticated();
    if (!account.ok) return problem(account.fault);
    const body = await readBodyOf(call, "required", authenticated);
    if (!body.ok) return problem(body.fault);
    const wish = readWish(body.value);
    if (!wish.ok) return problem(wish.fault);
    const { account_id } = account.value;
    const waitS = await tools.limits.rotations(account_id);
    if (waitS !== null) return rateLimited(tools, "rotations", waitS);
    const credential = newCredential();
    const now = tools.now();
    const { name, scopes, expiresInS } = wish.value;
    const key: AccountKey = {
      key_id: newKeyId(now),
      name,
      scopes,
      expires_at_ms: expiresInS === null ? null : now + expiresInS * 1_000,
      created_at: new Date(now).toISOString(),
      public_key: publicKeyOf(credential),
      used_at_ms: null,
    };
    const digest = hash(tools.peppers.credential[0], credential);
    const made = await tools.directory.createKey(account_id, digest, key);
    // The account was deleted meanwhile.
    if (!made.ok) return problem(made.fault === "not_found" ? "invalid_credential" : made.fault);
    const { key_id } = key;
    await record(call, tools, account_id, "key_created", key_id);
    tools.log.info({ event: "key_created", account_id, key_id, scopes }, "key created");
    return reply(201, joinMembers({ ...keyMembers(key), credential: toJsonText(credential) }));
  },
};

export const listKeys: Endpoint = {
  name: "list_keys",
  doc: {
    summary: "List the keys",
    description: "The account's keys, the oldest first, without their credentials.",
    auth: "bearer",
    success: { 200: { about: "The keys.", schema: keysBody } },
    errors: ERRORS,
    curl: "",
  },
  handle: async (call, tools) => {
    const account = await authenticate(call, tools, "full");
    if (!account.ok) return problem(account.fault);
    const keys = await tools.directory.keysOf(account.value.account_id);
    if (keys === null) return problem("invalid_credential");
    const listed = keys.map((key) => {
      const used = key.used_at_ms === null ? null : new Date(key.used_at_ms).toISOString();
      return joinMembers({ ...keyMembers(key), last_used_at: toJsonText(used) });
    });
    return reply(200, joinMembers({ keys: trustJsonText(`[${listed.join(",")}]`) }));
  },
};

export const revokeKey: Endpoint = {
  name: "revoke_key",
  doc: {
    summary: "Revoke a key",
    description:
      "Ends the key and closes the sockets that it admitted (4002). A key may end itself.",
    auth: "bearer",
    success: { 204: { about: "It opens nothing any more.", schema: null } },
    errors: [...ERRORS, "not_found"],
    curl: "-X DELETE",
  },
  handle: async (call, tools) => {
    const grant = await grantOf(call, tools);
    if (!grant.ok) return problem(grant.fault);
    const { account, scopes, key_id: own } = grant.value;
    const key_id = call.param("key_id");
    if (own !== key_id && !isGranted(scopes, "full")) return problem("insufficient_scope");
    const { account_id } = account;
    const revoked = await tools.directory.revokeKey(account_id, key_id);
    if (!revoked.ok) return problem(revoked.fault);
    await record(call, tools, account_id, "key_revoked", key_id);
    tools.log.info({ event: "key_revoked", account_id, key_id }, "key revoked");
    return noContent();
  },
};

type Wish = {
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly expiresInS: number | null;
};

function readWish(
  body: Members,
): Outcome<Wish, "invalid_key_name" | "invalid_scopes" | "invalid_expiry"> {
  const name = optionalValue(body.get("name"));
  if (!isName(name, KEY_NAME_CHARACTERS_MAX)) return { ok: false, fault: "invalid_key_name" };
  const scopes = readScopes(optionalValue(body.get("scopes")));
  if (scopes === null) return { ok: false, fault: "invalid_scopes" };
  const expiresInS = readCount(body.get("expires_in_s"), EXPIRES_IN_S_MAX);
  if (expiresInS === undefined) return { ok: false, fault: "invalid_expiry" };
  return { ok: true, value: { name, scopes, expiresInS } };
}

/** Each once, in the order of `SCOPES`; null when one is unknown, or there is none. */
function readScopes(value: unknown): readonly Scope[] | null {
  if (!Array.isArray(value) || value.length === 0 || value.length > SCOPES.length) return null;
  const words: readonly unknown[] = value;
  const known = SCOPES.filter((scope) => words.includes(scope));
  return known.length === new Set(words).size ? known : null;
}

function keyMembers(key: AccountKey): Record<string, JsonText> {
  const { key_id, name, scopes, expires_at_ms, created_at } = key;
  return {
    key_id: toJsonText(key_id),
    name: toJsonText(name),
    scopes: toJsonText(scopes),
    expires_at: toJsonText(expires_at_ms === null ? null : new Date(expires_at_ms).toISOString()),
    created_at: toJsonText(created_at),
  };
}

/** Accounts: created, shown, given a new credential, deleted (§2.2). */
import { createHash, timingSafeEqual } from "node:crypto";
import {
  type AccountUse,
  type CredentialGrace,
  DEPLOYMENT_LIMITS,
  type Grant,
  hash,
  isGranted,
  newAccountId,
  newCredential,
} from "@ams/directory";
import { addressOf } from "@ams/process";
import {
  ACCOUNT_BODY_BYTES_MAX,
  CREDENTIAL_GRACE_S_MAX,
  CREDENTIAL_UNUSED_S_MAX,
  isNamespace,
  type JsonText,
  joinMembers,
  toJsonText,
  trustJsonText,
} from "@ams/protocol";
import {
  accountBody,
  accountCreatedBody,
  createAccountBody,
  rotateBody,
  rotatedBody,
} from "@ams/protocol/schema";
import type { ControlConfig, SignUp } from "../config.ts";
import { optionalValue, readBody } from "../http/body.ts";
import type { Endpoint, Tools } from "../http/endpoint.ts";
import { problem } from "../http/problem.ts";
import { addressKey } from "../http/rate-limit.ts";
import { noContent, reply } from "../http/reply.ts";
import { authenticate, grantOf, readBodyOf } from "./authenticate.ts";
import { record } from "./events.ts";
import { limitsFor, type PlanLimits, shownLimits } from "./plan-limits.ts";

export const createAccount: Endpoint = {
  name: "create_account",
  doc: {
    summary: "Create an account",
    description:
      "Takes a namespace, permanently, and returns the account's credential, once. Of concurrent creates of one namespace exactly one succeeds. Where the deployment asks for an invite, send its code as `invite`.",
    auth: "none",
    body: { schema: createAccountBody, required: true },
    success: { 201: { about: "The account, with its credential.", schema: accountCreatedBody } },
    errors: [
      "invalid_json",
      "invalid_namespace",
      "signup_closed",
      "invalid_invite",
      "namespace_taken",
      "body_too_large",
      "rate_limited",
    ],
    curl: `-X POST -d '{"namespace": "acme"}'`,
  },
  handle: async (call, tools) => {
    const { request, peer } = call;
    // Every attempt counts, so that taken namespaces and invite codes can't be probed for free.
    const address = addressOf(request, peer.address, tools.config);
    const waitS = await tools.limits.accounts(addressKey(tools.peppers, address));
    if (waitS !== null) return rateLimited(tools, "accounts", waitS);
    const body = await readBody(call, "required", ACCOUNT_BODY_BYTES_MAX);
    if (!body.ok) return problem(body.fault);
    const refusal = refusalOf(tools.config.signUp, optionalValue(body.value.get("invite")));
    if (refusal !== null) return problem(refusal);
    const namespace = optionalValue(body.value.get("namespace"));
    if (typeof namespace !== "string" || !isNamespace(namespace)) {
      return problem("invalid_namespace");
    }
    const credential = newCredential();
    const now = tools.now();
    const created = await tools.directory.createAccount(
      {
        account_id: newAccountId(now),
        namespace,
        created_at: new Date(now).toISOString(),
        plan: null,
        ...DEPLOYMENT_LIMITS,
      },
      hash(tools.peppers.credential[0], credential),
    );
    if (!created.ok) return problem(created.fault);
    tools.metrics.accountCreated();
    const { account_id } = created.value;
    await record(call, tools, account_id, "account_created", null);
    tools.log.info({ event: "account_created", account_id }, "account created");
    return reply(
      201,
      joinMembers({
        account_id: toJsonText(account_id),
        namespace: toJsonText(namespace),
        credential: toJsonText(credential),
        created_at: toJsonText(created.value.created_at),
      }),
    );
  },
};

export const showAccount: Endpoint = {
  name: "show_account",
  doc: {
    summary: "Show the account",
    description:
      "Whose credential this is, what it may do, the limits that hold for the account, and how much of each it uses now.",
    auth: "bearer",
    success: { 200: { about: "The account.", schema: accountBody } },
    errors: ["missing_credential", "invalid_credential"],
    curl: "",
  },
  handle: async (call, tools) => {
    const grant = await grantOf(call, tools);
    if (!grant.ok) return problem(grant.fault);
    const { account, scopes } = grant.value;
    const use = isGranted(scopes, "read")
      ? await tools.directory.accountUse(account.account_id)
      : null;
    const held = await limitsFor(account, tools);
    return reply(200, accountJson(grant.value, use, held, tools.config));
  },
};

export const rotateCredential: Endpoint = {
  name: "rotate_credential",
  doc: {
    summary: "Get a new credential",
    description:
      "Makes a new credential, shown once. Earlier ones live until it is first used, at most 24 h, so a lost answer loses no account; with `grace_s` they live that long (0: they end at once). Sockets that an ended credential admitted are closed 4002.",
    auth: "bearer",
    body: { schema: rotateBody, required: false },
    success: { 200: { about: "The new credential.", schema: rotatedBody } },
    errors: [
      "missing_credential",
      "invalid_credential",
      "insufficient_scope",
      "invalid_json",
      "invalid_grace",
      "body_too_large",
      "rate_limited",
    ],
    curl: `-X POST -d '{"grace_s": 3600}'`,
  },
  handle: async (call, tools) => {
    const authenticated = () => authenticate(call, tools, "full");
    const account = await authenticated();
    if (!account.ok) return problem(account.fault);
    const body = await readBodyOf(call, "optional", authenticated);
    if (!body.ok) return problem(body.fault);
    const graceS = optionalValue(body.value.get("grace_s"));
    if (graceS !== undefined && !isGrace(graceS)) return problem("invalid_grace");
    const { account_id } = account.value;
    const waitS = await tools.limits.rotations(account_id);
    if (waitS !== null) return rateLimited(tools, "rotations", waitS);
    const credential = newCredential();
    const rotated = await tools.directory.rotateCredential(
      account_id,
      hash(tools.peppers.credential[0], credential),
      graceOf(graceS),
    );
    if (!rotated.ok) return problem("invalid_credential"); // The account was deleted meanwhile.
    await record(call, tools, account_id, "credential_rotated", null);
    tools.log.info({ event: "credential_rotated", account_id, grace_s: graceS ?? null }, "rotated");
    return reply(200, joinMembers({ credential: toJsonText(credential) }));
  },
};

export const deleteAccount: Endpoint = {
  name: "delete_account",
  doc: {
    summary: "Delete the account",
    description:
      "Closes its conversations (4005) and its sockets (4002). Its namespace is never given out again.",
    auth: "bearer",
    success: { 204: { about: "It is gone.", schema: null } },
    errors: ["missing_credential", "invalid_credential", "insufficient_scope"],
    curl: "-X DELETE",
  },
  handle: async (call, tools) => {
    const account = await authenticate(call, tools, "full");
    if (!account.ok) return problem(account.fault);
    const { account_id } = account.value;
    await tools.directory.deleteAccount(account_id);
    tools.log.info({ event: "account_deleted", account_id }, "account deleted");
    return noContent();
  },
};

/** 429 with the time after which to come back. */
export function rateLimited(
  tools: Tools,
  limit: string,
  waitS: number,
  message?: string,
): Response {
  tools.metrics.rateLimited(limit);
  return problem("rate_limited", { "retry-after": String(waitS) }, message);
}

function accountJson(
  { account, scopes }: Grant,
  use: AccountUse | null,
  { plan, limits }: PlanLimits,
  config: ControlConfig,
): JsonText {
  return joinMembers({
    account_id: toJsonText(account.account_id),
    namespace: toJsonText(account.namespace),
    created_at: toJsonText(account.created_at),
    scopes: toJsonText(scopes),
    plan: toJsonText(plan),
    limits: trustJsonText(JSON.stringify(shownLimits(limits, config))),
    ...(use === null ? {} : { use: useJson(use) }),
  });
}

function useJson({ streams, guests, conversations, keys, rates }: AccountUse): JsonText {
  return joinMembers({
    streams_per_account: toJsonText(streams),
    guests_per_account: toJsonText(guests),
    conversations_per_account: toJsonText(conversations),
    keys_per_account: toJsonText(keys),
    frames_per_second: toJsonText(rates.frames),
    bytes_per_second: toJsonText(rates.bytes),
    deliveries_per_second: toJsonText(rates.deliveries),
  });
}

function refusalOf(signUp: SignUp, invite: unknown): "signup_closed" | "invalid_invite" | null {
  if (signUp.policy === "closed") return "signup_closed";
  // Where none is needed it may be absent, or any text: an invite that is no text is a mistake
  // everywhere.
  if (signUp.policy === "open")
    return invite === undefined || typeof invite === "string" ? null : "invalid_invite";
  return typeof invite === "string" && isInvite(signUp.codes, invite) ? null : "invalid_invite";
}

/** Compares with every code, each in constant time. */
function isInvite(codes: readonly string[], given: string): boolean {
  const digest = sha256(given);
  return codes.reduce((found, code) => timingSafeEqual(sha256(code), digest) || found, false);
}

function sha256(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

/** Without a grace that was asked for, the earlier credentials live until the new one is used. */
function graceOf(graceS: number | undefined): CredentialGrace {
  return graceS === undefined
    ? { ms: CREDENTIAL_UNUSED_S_MAX * 1_000, untilUsed: true }
    : { ms: graceS * 1_000, untilUsed: false };
}

function isGrace(value: unknown): value is number {
  return (
    typeof value === "number" &&
    Number.isInteger(value) &&
    value >= 0 &&
    value <= CREDENTIAL_GRACE_S_MAX
  );
}

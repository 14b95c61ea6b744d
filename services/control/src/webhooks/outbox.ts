/**
 * What the process that sends webhooks asks control: which events wait, for which webhooks, and
 * what came of them. Not part of the protocol: who asks shows the secret that both have
 * (`AMS_HOOKS_SECRET`), and everybody else finds nothing here.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import type { OutboxEntry, Webhook } from "@ams/directory";
import { hash, newLinkToken } from "@ams/directory";
import { type AccountId, isAccountId, isAlias, isNamespace, isStreamName } from "@ams/protocol";
import { z } from "zod";
import type { Call, Endpoint, Tools } from "../http/endpoint.ts";
import { problem } from "../http/problem.ts";
import { OLD_SECRET_MS } from "./sealing.ts";

/** Bytes of a question: 1,000 places or 100 attempts fit many times. */
const BODY_BYTES_MAX = 1_048_576;
/** Events of one answer. */
const EVENTS_MAX = 500;
/** Accounts, attempts or places of one question. */
const ITEMS_MAX = 1_000;

const place = z.object({ partition: z.int().min(0), owner: z.string(), entry: z.string() });
const accountId = z.string().refine((id): id is AccountId => isAccountId(id));
const attempt = z.object({
  account_id: accountId,
  /** It failed for too long: nothing more is sent to the webhook. */
  disables: z.boolean(),
  delivery: z.object({
    message_id: z.string().max(64),
    webhook_id: z.string().max(64),
    type: z.string().max(64),
    attempt: z.int().min(1),
    at: z.string().max(32),
    status: z.enum(["delivered", "failed", "dead"]),
    http_status: z.int().nullable(),
    error: z.string().max(64).nullable(),
    took_ms: z.int().min(0),
    next_attempt_at: z.string().max(32).nullable(),
  }),
});

export const takeEvents = endpoint(
  "take_events",
  z.object({ limit: z.int().min(1).max(EVENTS_MAX) }),
  async ({ limit }, tools) => {
    const entries = await tools.directory.readOutbox(limit);
    const owners = [...new Set(entries.map(({ owner }) => owner))];
    const accounts = new Map(
      await Promise.all(
        owners.map(async (owner) => [owner, await accountOf(owner, tools)] as const),
      ),
    );
    const events = await Promise.all(
      entries.map((entry) => eventOf(entry, accounts.get(entry.owner) ?? null, tools)),
    );
    return { events };
  },
);

export const removeEvents = endpoint(
  "remove_events",
  z.object({ places: z.array(place).max(ITEMS_MAX) }),
  async ({ places }, tools) => {
    const lost = await tools.directory.removeFromOutbox(places);
    if (lost > 0) tools.log.warn({ event: "events_lost", lost }, "too many events waited");
    return { lost };
  },
);

export const webhooksOfAccounts = endpoint(
  "webhooks_of_accounts",
  z.object({ account_ids: z.array(accountId).max(ITEMS_MAX) }),
  async ({ account_ids }, tools) => {
    const all = account_ids.map(async (id) => {
      const webhooks = (await tools.directory.webhooksOf(id)) ?? [];
      return [id, webhooks.map((one) => signing(one, tools.now()))] as const;
    });
    return { accounts: Object.fromEntries(await Promise.all(all)) };
  },
);

export const recordAttempts = endpoint(
  "record_attempts",
  z.object({ attempts: z.array(attempt).max(ITEMS_MAX) }),
  async ({ attempts }, tools) => {
    const ids = new Set(attempts.map(({ account_id }) => account_id));
    for (const id of ids) {
      const own = attempts.filter(({ account_id }) => account_id === id);
      await tools.directory.recordDeliveries(
        id,
        own.map(({ delivery }) => delivery),
      );
    }
    for (const { account_id, disables, delivery } of attempts) {
      if (disables) await disable(account_id, delivery.webhook_id, delivery.at, tools);
    }
    return {};
  },
);

/** A link for the stream that reads a conversation's messages; null where that isn't wanted. */
export const observerLink = endpoint(
  "observer_link",
  z.object({
    namespace: z.string().refine(isNamespace),
    alias: z.string().refine(isAlias),
    observer: z.string().refine(isStreamName),
  }),
  async ({ namespace, alias, observer }, tools) => {
    const address = { namespace, alias };
    const optedIn = await tools.directory.optedIn(address);
    if (optedIn?.observer !== observer) return { token: null };
    const links = (await tools.directory.admission(address))?.links ?? [];
    for (const { number, terms } of links) {
      if (terms?.stream_name === observer) await tools.directory.revokeLink(address, number);
    }
    const token = newLinkToken();
    const made = await tools.directory.createLink(address, hash(tools.peppers.link[0], token), {
      name: "webhooks",
      read_only: true,
      stream_name: observer,
      expires_at_ms: null,
      max_joins: null,
      created_at: new Date(tools.now()).toISOString(),
    });
    return { token: made.ok ? token : null };
  },
);

async function accountOf(owner: string, { directory }: Tools) {
  if (isAccountId(owner)) return directory.account(owner);
  return isNamespace(owner) ? directory.accountOf(owner) : null;
}

async function eventOf(
  { at, at_ms, owner, type, data }: OutboxEntry,
  account: Awaited<ReturnType<typeof accountOf>>,
  { directory }: Tools,
) {
  const { alias } = data;
  const isOfConversation =
    account !== null &&
    typeof alias === "string" &&
    isAlias(alias) &&
    type !== "conversation.closed";
  const address = isOfConversation ? { namespace: account.namespace, alias } : null;
  const optedIn = address === null ? null : await directory.optedIn(address);
  const named = `${at.partition}\n${owner}\n${at.entry}`;
  return {
    at,
    message_id: `evt_${createHash("sha256").update(named).digest("base64url").slice(0, 27)}`,
    at_ms,
    type,
    account_id: account?.account_id ?? null,
    namespace: account?.namespace ?? null,
    observer: optedIn?.observer ?? null,
    data,
  };
}

/** What a sender needs of a webhook: a replaced secret signs for a day. */
function signing(webhook: Webhook, nowMs: number) {
  const { webhook_id, url, types, secrets, rotated_at, disabled } = webhook;
  const isOld = rotated_at !== null && Date.parse(rotated_at) + OLD_SECRET_MS <= nowMs;
  return {
    webhook_id,
    url,
    types,
    secrets: isOld ? secrets.slice(0, 1) : secrets,
    enabled: disabled === null,
  };
}

async function disable(id: AccountId, webhookId: string, at: string, tools: Tools): Promise<void> {
  const webhook = (await tools.directory.webhooksOf(id))?.find(
    (one) => one.webhook_id === webhookId,
  );
  if (webhook === undefined || webhook.disabled !== null) return;
  const disabled = { ...webhook, disabled: { at, reason: "failures" as const } };
  // Whoever changed it meanwhile knows better.
  await tools.directory.putWebhook(id, disabled, webhook);
  const fields = { event: "webhook_disabled", account_id: id, webhook_id: webhookId };
  tools.log.warn(fields, "webhook disabled after too many failures");
}

function endpoint<Schema extends z.ZodType>(
  name: string,
  schema: Schema,
  answer: (question: z.infer<Schema>, tools: Tools) => Promise<object>,
): Endpoint {
  return {
    name,
    doc: { summary: name, description: "", auth: "none", success: {}, errors: [], curl: "" },
    handle: async (call, tools) => {
      if (!isSender(call, tools)) return problem("not_found");
      const text = await readText(call.request);
      const read = text === null ? null : schema.safeParse(parse(text));
      if (read?.success !== true) return problem("invalid_json");
      return Response.json(await answer(read.data, tools));
    },
  };
}

function isSender({ request }: Call, { config }: Tools): boolean {
  const shown = digest(request.headers.get("authorization")?.replace(/^Bearer /, "") ?? "");
  let is = false;
  for (const secret of config.eventSecrets) {
    if (timingSafeEqual(digest(secret), shown)) is = true;
  }
  return is;
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

async function readText(request: Request): Promise<string | null> {
  const length = Number(request.headers.get("content-length") ?? Number.NaN);
  return length <= BODY_BYTES_MAX ? await request.text() : null;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

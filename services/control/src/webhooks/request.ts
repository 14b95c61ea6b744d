/** What a request about webhooks wishes, and which webhook it is about. */
import type { Account, Outcome, Webhook } from "@ams/directory";
import type { Sealer } from "@ams/process";
import {
  EVENT_TYPES,
  type EventType,
  type JsonText,
  type ProblemCode,
  toJsonText,
  trustJsonText,
} from "@ams/protocol";
import { authenticate, readBodyOf } from "../accounts/authenticate.ts";
import { type Members, optionalValue } from "../http/body.ts";
import type { Call, Tools } from "../http/endpoint.ts";
import { problem } from "../http/problem.ts";
import { sealerOf, targetFault } from "./sealing.ts";

export const OWNER_ERRORS = [
  "missing_credential",
  "invalid_credential",
  "insufficient_scope",
  "not_found",
] as const;

const NOT_OFFERED = "This deployment offers no webhooks: its operator sets AMS_HOOKS_SECRET.";

/** Attempts at a change while others change the same webhook. */
const CHANGES_MAX = 5;

export type Owner = { readonly account: Account; readonly sealer: Sealer };

/** Who asks, where webhooks are offered at all; else the refusal. */
export async function webhookOwner(call: Call, tools: Tools): Promise<Owner | Response> {
  const account = await authenticate(call, tools, "full");
  if (!account.ok) return problem(account.fault);
  const sealer = sealerOf(tools.config);
  return sealer === null
    ? problem("not_found", {}, NOT_OFFERED)
    : { account: account.value, sealer };
}

export async function findWebhook(
  tools: Tools,
  { account_id }: Account,
  webhookId: string,
): Promise<Webhook | null> {
  const all = await tools.directory.webhooksOf(account_id);
  return all?.find(({ webhook_id }) => webhook_id === webhookId) ?? null;
}

/** Changes a webhook, which others may change meanwhile. */
export async function changeWebhook(
  tools: Tools,
  account: Account,
  webhookId: string,
  change: (webhook: Webhook) => Webhook,
): Promise<Outcome<Webhook, ProblemCode>> {
  for (let attempt = 0; attempt < CHANGES_MAX; attempt += 1) {
    const before = await findWebhook(tools, account, webhookId);
    if (before === null) return { ok: false, fault: "not_found" };
    const after = change(before);
    const put = await tools.directory.putWebhook(account.account_id, after, before);
    if (put.ok) return { ok: true, value: after };
    if (put.fault !== "changed") return { ok: false, fault: put.fault };
  }
  return { ok: false, fault: "unavailable" };
}

export type Wish = {
  readonly url?: string;
  readonly types?: readonly EventType[];
  readonly enabled?: boolean;
};

/** Whose webhook it is about, and what is to become of it; else the refusal. */
export async function readAsked(
  call: Call,
  tools: Tools,
): Promise<{ readonly owner: Owner; readonly wish: Wish } | Response> {
  const owner = await webhookOwner(call, tools);
  if (owner instanceof Response) return owner;
  const body = await readBodyOf(call, "required", () => authenticate(call, tools, "full"));
  if (!body.ok) return problem(body.fault);
  const wish = readWish(body.value, tools);
  return typeof wish === "string" ? problem("invalid_webhook", {}, wish) : { owner, wish };
}

/** The members that are given, or why they can't be, in a sentence. */
function readWish(body: Members, tools: Tools): Wish | string {
  const url = optionalValue(body.get("url"));
  const types = optionalValue(body.get("types"));
  const enabled = optionalValue(body.get("enabled"));
  if (url !== undefined && typeof url !== "string") return "url is a text.";
  const fault = url === undefined ? null : targetFault(tools.config, url);
  if (fault !== null) return `The url ${fault}.`;
  const read = types === undefined ? undefined : readTypes(types);
  if (read === null) return `types is a list of one or more of ${EVENT_TYPES.join(", ")}.`;
  if (enabled !== undefined && typeof enabled !== "boolean") return "enabled is true or false.";
  return {
    ...(url === undefined ? {} : { url }),
    ...(read === undefined ? {} : { types: read }),
    ...(enabled === undefined ? {} : { enabled }),
  };
}

/** Each once, in the order of `EVENT_TYPES`. */
function readTypes(value: unknown): readonly EventType[] | null {
  if (!Array.isArray(value) || value.length === 0 || value.length > EVENT_TYPES.length) return null;
  const words: readonly unknown[] = value;
  const known = EVENT_TYPES.filter((type) => words.includes(type));
  return known.length === new Set(words).size ? known : null;
}

export function webhookMembers(webhook: Webhook): Record<string, JsonText> {
  const { webhook_id, url, types, disabled, created_at, rotated_at } = webhook;
  return {
    webhook_id: toJsonText(webhook_id),
    url: toJsonText(url),
    types: toJsonText(types),
    enabled: toJsonText(disabled === null),
    disabled: trustJsonText(JSON.stringify(disabled)),
    created_at: toJsonText(created_at),
    rotated_at: toJsonText(rotated_at),
  };
}

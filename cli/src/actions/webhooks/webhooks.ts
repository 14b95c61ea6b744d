/** `ams webhook`: where events of an account are sent, and what was sent. */
import { AmsError, type AmsErrorCode } from "@ams/client";
import { EXIT_OF } from "../../faults/exit-codes.ts";
import type { Context } from "../../options/context.ts";
import { accountOf, settingsOf } from "../../options/settings.ts";
import { harmless } from "../../terminal/harmless.ts";
import { withProgress } from "../../terminal/progress.ts";
import { aliasOf } from "../conversations.ts";

const AT = "/v1/account/webhooks";

/** Milliseconds for an answer. */
const ANSWER_MS = 15_000;

/** Attempts that `deliveries` shows at most: one page. */
const SHOWN_MAX = 100;

type Fields = Readonly<Record<string, unknown>>;

/** The secret goes to stdout alone: it is shown once. */
export async function createWebhook(
  context: Context,
  url: string,
  types: string | undefined,
): Promise<void> {
  const wanted = types?.split(",").map((type) => type.trim());
  const made = await ask(context, "making it", "POST", AT, {
    url,
    ...(wanted === undefined ? {} : { types: wanted }),
  });
  context.output.note(`Made ${text(made.webhook_id)}. Its secret, which is shown once:`);
  context.output.answer(made, text(made.secret));
}

export async function listWebhooks(context: Context): Promise<void> {
  const { webhooks } = await ask(context, "listing", "GET", AT);
  const all = list(webhooks);
  for (const one of all) {
    const state =
      one.enabled === true ? "enabled" : `disabled (${text(fields(one.disabled).reason)})`;
    context.output.answer(one, `${text(one.webhook_id)}  ${state}  ${text(one.url)}`);
  }
  if (all.length === 0) context.output.note("There is none: `ams webhook create` makes one.");
}

export async function revokeWebhook(context: Context, id: string): Promise<void> {
  await ask(context, "removing it", "DELETE", `${AT}/${part(id)}`);
  context.output.answer({ revoked: id }, `Nothing more is sent to ${harmless(id)}.`);
}

export async function enableWebhook(context: Context, id: string): Promise<void> {
  const webhook = await ask(context, "enabling it", "POST", `${AT}/${part(id)}`, { enabled: true });
  context.output.answer(webhook, `Events are sent to ${text(webhook.url)} again.`);
}

export async function listDeliveries(context: Context, id: string): Promise<void> {
  const path = `${AT}/${part(id)}/deliveries?limit=${SHOWN_MAX}`;
  const all = list((await ask(context, "listing", "GET", path)).deliveries);
  for (const one of all) {
    const came = one.http_status ?? one.error ?? "";
    const words = [one.at, one.status, came, one.type, one.message_id].map(text);
    context.output.answer(one, words.join("  "));
  }
  if (all.length === 0) context.output.note("Nothing was sent to it yet.");
}

export async function replayDelivery(
  context: Context,
  id: string,
  messageId: string,
): Promise<void> {
  const path = `${AT}/${part(id)}/deliveries/${part(messageId)}/replay`;
  await ask(context, "asking for it", "POST", path);
  const said = `It is sent again; \`ams webhook deliveries ${harmless(id)}\` shows what comes of it.`;
  context.output.answer({ webhook_id: id, replayed: messageId }, said);
}

/** `level` null opts out. */
export async function optIn(
  context: Context,
  conversation: string,
  level: { readonly messages: boolean } | null,
): Promise<void> {
  const account = await accountOf(context, await settingsOf(context));
  const alias = aliasOf(conversation, account);
  const path = `/v1/${account.namespace}/conversations/${part(alias)}/webhooks`;
  if (level === null) {
    await ask(context, "opting out", "DELETE", path);
    const said = `Webhooks get nothing of ${harmless(alias)} any more.`;
    context.output.answer({ opted_out: alias }, said);
    return;
  }
  const answer = await ask(context, "opting in", "POST", path, level);
  const what = level.messages ? "events and messages" : "events";
  context.output.answer(
    { opted_in: alias, ...answer },
    `Webhooks get ${what} of ${harmless(alias)}.`,
  );
}

/** The answer's members; throws an AmsError with the deployment's code. */
async function ask(
  context: Context,
  doing: string,
  method: "GET" | "POST" | "DELETE",
  path: string,
  body?: object,
): Promise<Fields> {
  const { output, signal } = context;
  const settings = await settingsOf(context);
  const { credential } = await accountOf(context, settings);
  return await withProgress(output, doing, async () => {
    const response = await fetch(`${settings.url}${path}`, {
      method,
      headers: { authorization: `Bearer ${credential}` },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.any([AbortSignal.timeout(ANSWER_MS), ...(signal ? [signal] : [])]),
    }).catch((cause: unknown) => {
      throw new AmsError("unreachable", `Nothing answers at ${settings.url}.`, { cause });
    });
    const answer = readFields(await response.text());
    if (response.ok) return answer;
    const { error, message } = answer;
    if (typeof error !== "string" || typeof message !== "string") {
      throw new AmsError("not_ams", `What answers at ${settings.url} is not AMS.`);
    }
    throw new AmsError(isCode(error) ? error : "refused", message, { status: response.status });
  });
}

function isCode(code: string): code is AmsErrorCode {
  return Object.hasOwn(EXIT_OF, code);
}

function readFields(json: string): Fields {
  try {
    return fields(JSON.parse(json === "" ? "{}" : json));
  } catch {
    return {};
  }
}

function fields(value: unknown): Fields {
  return typeof value === "object" && value !== null ? { ...value } : {};
}

function list(value: unknown): readonly Fields[] {
  return Array.isArray(value) ? value.map(fields) : [];
}

function text(value: unknown): string {
  return harmless(typeof value === "string" || typeof value === "number" ? String(value) : "");
}

/** One part of a path. */
function part(name: string): string {
  return encodeURIComponent(name);
}

/** `ams operator …`: the operator API of control's admin port, asked with an operator key (§11). */
import { isErrorCode } from "../faults/exit-codes.ts";
import { CliError } from "../faults/fault.ts";
import type { Context } from "../options/context.ts";
import { askToGoOn } from "../terminal/ask.ts";
import { harmless } from "../terminal/harmless.ts";
import { withProgress } from "../terminal/progress.ts";

const URL_DEFAULT = "http://127.0.0.1:9091";

/** Milliseconds within which control answers: a deletion takes a step for each conversation. */
const ANSWER_MS = 60_000;

/** Accounts and events that are asked for at a time. */
const PAGE = 1_000;

type Json = Readonly<Record<string, unknown>>;

export async function overview(context: Context): Promise<void> {
  const found = await ask(context, "GET", "/overview");
  const { refused, closes, gaps } = found;
  context.output.answer(
    found,
    `gateways       ${text(found.gateways)}`,
    `connections    ${text(found.connections)} in ${text(found.conversations)} conversations`,
    `frames         ${text(found.frames_in)} in, ${text(found.frames_out)} out`,
    `suspended      ${text(found.suspended)} accounts`,
    `refused joins  ${reasons(refused)}`,
    `closes         ${reasons(closes)}`,
    `gaps           ${reasons(gaps)}`,
  );
}

export async function gateways(context: Context): Promise<void> {
  const { gateways: all } = await ask(context, "GET", "/gateways");
  for (const one of list(all)) {
    const state = one.draining === true ? "draining" : (one.not_ready ?? "ready");
    const held = `${text(one.connections)} connections, ${text(one.conversations)} conversations`;
    const line = `${text(one.gateway)}  ${text(one.instance)}  ${text(state)}  ${held}`;
    context.output.answer(one, line);
  }
}

export async function accounts(context: Context, prefix: string): Promise<void> {
  for (let cursor: unknown = ""; typeof cursor === "string"; ) {
    const query = new URLSearchParams({ q: prefix, limit: String(PAGE), cursor });
    const page = await ask(context, "GET", `/accounts?${query}`);
    for (const one of list(page.accounts)) {
      const state = one.suspended === null ? "" : "  suspended";
      const line = `${text(one.namespace)}  ${text(one.account_id)}${state}`;
      context.output.answer(one, line);
    }
    cursor = page.next_cursor;
  }
}

export async function account(context: Context, named: string): Promise<void> {
  const found = await ask(context, "GET", pathOf(named));
  const lines = Object.entries(found).map(([name, value]) => `${name.padEnd(24)}${text(value)}`);
  context.output.answer(found, ...lines);
}

export async function audit(context: Context): Promise<void> {
  for (let cursor: unknown = ""; typeof cursor === "string"; ) {
    const query = new URLSearchParams({ limit: String(PAGE), cursor });
    const page = await ask(context, "GET", `/audit?${query}`);
    for (const one of list(page.events)) {
      const { at, action, target, actor, detail } = one;
      context.output.answer(one, [at, action, target, actor, detail ?? ""].map(text).join("  "));
    }
    cursor = page.next_cursor;
  }
}

export async function change(
  context: Context,
  named: string,
  what: "suspend" | "resume",
  body: { readonly reason?: string },
): Promise<void> {
  const changed = await ask(context, "POST", `${pathOf(named)}/${what}`, body);
  const state = what === "suspend" ? "suspended" : "not suspended any more";
  context.output.answer({ account: named, ...changed }, `${harmless(named)} is ${state}.`);
}

export async function remove(
  context: Context,
  named: string,
  { yes = false }: { readonly yes?: boolean },
): Promise<void> {
  const { namespace } = await ask(context, "GET", pathOf(named));
  const name = text(namespace);
  const question = `Delete the account ${name} with all that it has? Nothing brings it back.`;
  await askToGoOn(context, yes, question);
  await ask(context, "DELETE", pathOf(named), { confirm: namespace });
  context.output.answer({ deleted: namespace }, `The account ${name} is gone.`);
}

/** Sets the limits that `changes` names; with none it shows those of the account's own. */
export async function limits(
  context: Context,
  named: string,
  changes: Readonly<Record<string, number | null>>,
  names: readonly string[],
): Promise<void> {
  const isChange = Object.keys(changes).length > 0;
  const found = isChange
    ? await ask(context, "POST", `${pathOf(named)}/limits`, changes)
    : await ask(context, "GET", pathOf(named));
  const own = Object.fromEntries(names.map((name) => [name, found[name] ?? null]));
  const lines = names.map((name) => `${name.padEnd(24)}${text(own[name] ?? "default")}`);
  context.output.answer({ account: named, ...own }, ...lines);
}

export async function plan(context: Context, named: string, name: string | null): Promise<void> {
  const changed = await ask(context, "POST", `${pathOf(named)}/plan`, { plan: name });
  const state = name === null ? "under no plan" : `under the plan ${harmless(name)}`;
  context.output.answer({ account: named, ...changed }, `${harmless(named)} is ${state}.`);
}

export async function drain(context: Context, gateway: string): Promise<void> {
  await ask(context, "POST", `/gateways/${encodeURIComponent(gateway)}/drain`);
  context.output.answer({ draining: gateway }, `${harmless(gateway)} was asked to drain.`);
}

function pathOf(account: string): string {
  return `/accounts/${encodeURIComponent(account)}`;
}

async function ask(context: Context, method: string, path: string, body?: Json): Promise<Json> {
  const { AMS_OPERATOR_KEY: key = "", AMS_OPERATOR_URL: url = "" } = process.env;
  if (key === "") {
    throw new CliError("no_account", "AMS_OPERATOR_KEY is needed: the key of an operator.");
  }
  const base = url === "" ? URL_DEFAULT : url.replace(/\/$/, "");
  if (!URL.canParse(base)) throw new CliError("bad_usage", "AMS_OPERATOR_URL is not a URL.");
  const signal = AbortSignal.any([context.signal, AbortSignal.timeout(ANSWER_MS)]);
  const headers = { authorization: `Bearer ${key}` };
  const wish = body === undefined ? {} : { body: JSON.stringify(body) };
  const response = await withProgress(context.output, "asking", () =>
    fetch(`${base}/operator/v1${path}`, { method, headers, signal, ...wish }),
  ).catch((error: unknown) => {
    context.signal.throwIfAborted();
    throw new CliError("unreachable", `Nothing answers at ${harmless(base)}.`, {}, error);
  });
  const answer: unknown = await response.json().catch(() => ({}));
  const json: Json = typeof answer === "object" && answer !== null ? { ...answer } : {};
  if (response.ok) return json;
  const { error, message } = json;
  const code = typeof error === "string" && isErrorCode(error) ? error : "unexpected_answer";
  throw new CliError(code, text(message ?? `It answered ${response.status}.`));
}

function list(value: unknown): readonly Json[] {
  return Array.isArray(value) ? value : [];
}

function reasons(value: unknown): string {
  const all = typeof value === "object" && value !== null ? Object.entries(value) : [];
  return all.map(([reason, n]) => `${harmless(reason)} ${text(n)}`).join(", ") || "none";
}

/** What tenants named is made harmless for a terminal. */
function text(value: unknown): string {
  return harmless(typeof value === "string" ? value : JSON.stringify(value ?? null));
}

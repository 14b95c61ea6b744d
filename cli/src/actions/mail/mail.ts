/** What `ams mail` does, but for its MCP server. */
import { generateKeyPairSync } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import {
  AmpClient,
  ask,
  type Incoming,
  type Members,
  publicKeyOf,
  registerAgent,
  signText,
} from "@ams/amp";
import { CliError } from "../../faults/fault.ts";
import type { Context } from "../../options/context.ts";
import { harmless } from "../../terminal/harmless.ts";
import { readStdin } from "../../terminal/input.ts";
import { orCliError } from "./fault.ts";
import {
  type Kept,
  keepMessage,
  openIdentity,
  openKey,
  writeKey,
  writeRegistration,
} from "./home.ts";

const DEFAULT_URL = "http://127.0.0.1:8084";
/** Milliseconds between two looks of `inbox --watch`: what the provider's rate of reads allows. */
const WATCH_MS = 5_000;

export type As = { readonly as?: string };

export type InitOptions = {
  readonly name?: string;
  readonly tenant?: string;
  readonly invite?: string;
};

export async function init(context: Context, options: InitOptions): Promise<void> {
  const { name = process.env.USER ?? "agent", tenant = "default" } = options;
  if (!/^[a-z0-9][a-z0-9_-]{0,62}$/.test(name))
    throw new CliError("bad_usage", "--name is 1 to 63 of a-z, 0-9, _ and -.");
  const given = context.options.url ?? process.env.AMS_MAIL_URL ?? DEFAULT_URL;
  const base = given.replace(/(?<!\/)\/+$/, "");
  if (!URL.canParse(base)) throw new CliError("bad_usage", "--url must be a URL.");
  const endpoint = /\/v1$/.test(base) ? base : `${base}/v1`;
  const { folder, key } = openKey(name);
  const code = options.invite === undefined ? {} : { invite_code: options.invite };
  const registered = await orCliError(() =>
    registerAgent(endpoint, key, { name, tenant, ...code }, process.env.AMS_MAIL_USER_KEY),
  );
  writeRegistration(name, folder, registered);
  const { api_key: _, ...shown } = registered;
  context.output.answer({ ...shown, folder }, String(registered.address));
  context.output.note(`Its key and API key are in ${folder}, readable only by you.`);
}

function clientOf({ as }: As): { readonly kept: Kept; readonly client: AmpClient } {
  const kept = openIdentity(as);
  return { kept, client: new AmpClient(kept) };
}

export type SendOptions = As & {
  readonly type?: string;
  readonly priority?: string;
  readonly context?: Members;
  readonly receipt?: boolean;
  readonly attach?: readonly string[];
};

export async function send(
  context: Context,
  to: string,
  subject: string,
  text: string | undefined,
  options: SendOptions,
): Promise<void> {
  const message = await textOf(context, text);
  const { kept, client } = clientOf(options);
  const attachments = await attachAll(client, options.attach ?? []);
  const { type, priority, context: about, receipt } = options;
  const outgoing = { to, subject, message, type, priority, context: about, receipt };
  await sendAndSay(context, kept, client, { ...outgoing, ...attachments });
}

async function sendAndSay(
  { output }: Context,
  kept: Kept,
  client: AmpClient,
  outgoing: Parameters<AmpClient["send"]>[0],
): Promise<void> {
  const sent = await orCliError(() => client.send(outgoing));
  keepMessage(kept.folder, "sent", String(sent.id), JSON.stringify({ ...outgoing, ...sent }));
  output.answer(sent, `${String(sent.id)} ${String(sent.status)} (${String(sent.method ?? "")})`);
}

async function textOf({ signal }: Context, text: string | undefined): Promise<string> {
  if (text !== undefined && text !== "-") return text;
  let whole = "";
  for await (const part of readStdin(signal)) whole += part;
  return whole;
}

async function attachAll(client: AmpClient, paths: readonly string[]) {
  const attachments: Members[] = [];
  for (const path of paths) attachments.push(await attachOne(client, path));
  return attachments.length === 0 ? {} : { attachments };
}

const TYPES: Readonly<Record<string, string>> = {
  txt: "text/plain",
  md: "text/markdown",
  json: "application/json",
  png: "image/png",
  jpg: "image/jpeg",
  pdf: "application/pdf",
};

async function attachOne(client: AmpClient, path: string): Promise<Members> {
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    bytes = new Uint8Array(readFileSync(path));
  } catch {
    throw new CliError("file_unusable", "The file to attach can't be read.");
  }
  const name = basename(path).replace(/[^A-Za-z0-9._-]/g, "_");
  const type = TYPES[name.split(".").at(-1) ?? ""] ?? "application/octet-stream";
  return orCliError(() => client.attach(name, type, bytes));
}

export async function attach(context: Context, path: string, options: As): Promise<void> {
  const { client } = clientOf(options);
  const attachment = await attachOne(client, path);
  context.output.answer(attachment, `${String(attachment.id)} ${String(attachment.scan_status)}`);
}

export async function download(
  context: Context,
  id: string,
  file: string | undefined,
  options: As,
): Promise<void> {
  const { client } = clientOf(options);
  const about = await orCliError(() =>
    client.call("GET", `/attachments/${encodeURIComponent(id)}`),
  );
  const { endpoint, apiKey } = client.identity;
  const url = `${endpoint}/attachments/${encodeURIComponent(id)}/download`;
  const response = await fetch(url, { headers: { authorization: `Bearer ${apiKey}` } });
  if (!response.ok) throw new CliError("declined", "The attachment can't be fetched.");
  const path = file ?? basename(String(about.filename));
  try {
    // Never over a file that is there: its name comes from somebody else.
    writeFileSync(path, new Uint8Array(await response.arrayBuffer()), { flag: "wx" });
  } catch {
    throw new CliError("file_unusable", "The file exists already, or can't be written: name one.");
  }
  context.output.answer({ ...about, path }, path);
}

export type InboxOptions = As & { readonly watch?: boolean; readonly limit?: number };

export async function inbox(context: Context, options: InboxOptions): Promise<void> {
  const { client } = clientOf(options);
  const shown = new Set<string>();
  for (;;) {
    const { messages, remaining } = await orCliError(() => client.inbox(options.limit ?? 20));
    const fresh = messages.filter(({ id }) => !shown.has(id));
    for (const message of fresh) shown.add(message.id);
    for (const message of fresh) context.output.answer(headOf(message), lineOf(message));
    if (!options.watch) {
      if (messages.length === 0) context.output.note("Nothing waits.");
      if (remaining > 0) context.output.note(`${remaining} more wait.`);
      return;
    }
    if (context.signal.aborted) return;
    await pause(context.signal);
    if (context.signal.aborted) return;
  }
}

function pause(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, WATCH_MS);
    signal.addEventListener("abort", done);
  });
}

export function headOf(message: Incoming): Members {
  const { id, from, subject, priority, type, timestamp, thread_id, trust } = message;
  const { injection_flags, shown } = message;
  const preview = shown.slice(0, 200);
  return {
    id,
    from,
    subject,
    priority,
    type,
    timestamp,
    thread_id,
    trust,
    injection_flags,
    preview,
  };
}

function lineOf({ id, from, subject, trust, timestamp }: Incoming): string {
  return [id, timestamp, trust, harmless(from), harmless(subject)].join("  ");
}

export async function read(
  context: Context,
  id: string,
  options: As & { readonly ack?: boolean },
): Promise<void> {
  const { kept, client } = clientOf(options);
  const message = await orCliError(() => client.find(id));
  if (message === null) throw new CliError("not_found", "No such message waits.");
  keepMessage(kept.folder, "inbox", id, JSON.stringify(message));
  await orCliError(() => client.markRead(id));
  if (options.ack !== false) await orCliError(() => client.ack(id));
  const { from, subject, trust, injection_flags, shown, timestamp, attachments } = message;
  const { message: _, ...safe } = message;
  context.output.answer(
    safe,
    `From:    ${harmless(from)} (${trust})`,
    `Subject: ${harmless(subject)}`,
    `Date:    ${harmless(timestamp)}`,
    ...(injection_flags.length === 0 ? [] : [`Flags:   ${injection_flags.join(", ")}`]),
    ...attachments.map(
      ({ id: one, filename }) => `File:    ${harmless(`${String(one)} ${String(filename)}`)}`,
    ),
    "",
    ...shown.split("\n").map(harmless),
  );
}

export async function reply(
  context: Context,
  id: string,
  text: string | undefined,
  options: SendOptions,
): Promise<void> {
  const { kept, client } = clientOf(options);
  const parent = (await orCliError(() => client.find(id))) ?? readKept(kept, id);
  if (parent === null) throw new CliError("not_found", "No such message waits, or was read here.");
  const message = await textOf(context, text);
  const subject = /^re: /i.test(parent.subject) ? parent.subject : `Re: ${parent.subject}`;
  const attachments = await attachAll(client, options.attach ?? []);
  const outgoing = { to: parent.from, subject: subject.slice(0, 256), message, in_reply_to: id };
  const { type = "response", priority } = options;
  await sendAndSay(context, kept, client, { ...outgoing, type, priority, ...attachments });
}

export function readKept({ folder }: Kept, id: string): Incoming | null {
  try {
    const safe = id.replace(/[^A-Za-z0-9_-]/g, "_");
    return JSON.parse(readFileSync(`${folder}/messages/inbox/${safe}.json`, "utf8"));
  } catch {
    return null;
  }
}

export async function ack(context: Context, id: string, options: As): Promise<void> {
  const { client } = clientOf(options);
  const acked = await orCliError(() => client.ack(id));
  if (context.output.json) context.output.answer(acked);
  else context.output.say("Acknowledged.");
}

export async function resolve(context: Context, address: string, options: As): Promise<void> {
  const { client } = clientOf(options);
  const found = await orCliError(() => client.resolve(address));
  const { address: full, fingerprint, online } = found;
  context.output.answer(
    found,
    `${String(full)} ${String(fingerprint)} ${online ? "online" : "offline"}`,
  );
}

export async function whoami(context: Context, options: As): Promise<void> {
  const { kept, client } = clientOf(options);
  const me = await orCliError(() => client.call("GET", "/agents/me"));
  context.output.answer({ ...me, folder: kept.folder }, kept.address);
}

export async function status(context: Context, options: As): Promise<void> {
  const { client } = clientOf(options);
  const { endpoint } = client.identity;
  const health = await orCliError(async () => {
    const { text } = await ask(`${endpoint}/health`, "GET");
    return JSON.parse(text);
  });
  const waiting = await orCliError(() => client.call("GET", "/messages/pending/count"));
  const line = `${endpoint} is ${String(health.status)}; ${String(waiting.count)} messages wait.`;
  context.output.answer({ ...health, pending: waiting.count, endpoint }, line);
}

export async function rotateKeys(context: Context, options: As): Promise<void> {
  const { kept, client } = clientOf(options);
  const { privateKey } = generateKeyPairSync("ed25519");
  const next = publicKeyOf(privateKey);
  if (next === null) throw new CliError("internal", "No key could be made.");
  const body = {
    new_public_key: next.pem,
    key_algorithm: next.algorithm,
    proof: signText(kept.key, next.pem),
  };
  // Kept before it is asked for: an answer that is lost loses no key.
  writeFileSync(
    `${kept.folder}/keys/next.pem`,
    privateKey.export({ type: "pkcs8", format: "pem" }),
    { mode: 0o600 },
  );
  const done = await orCliError(() =>
    client.call("POST", "/auth/rotate-keys", JSON.stringify(body)),
  );
  writeKey(kept.folder, privateKey);
  context.output.answer(done, String(done.fingerprint));
}

// What the commands of this folder need to know of the wire: where AMS is, who we are there, and what a close code means.
import { existsSync, readFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";

/** Exit statuses of sysexits: a wrong command line, nothing there that answers. */
export const EXIT_USAGE = 64;
export const EXIT_UNAVAILABLE = 69;

const DATA_FOLDER = resolve(process.env.AMS_DATA || ".ams");

/** What each refusal or end means, for a person: by the reason that the close frame bears. */
export const CLOSE_SENTENCES = {
  invalid_magic_link: "This link is wrong, expired or used up: ask for a new one.",
  link_revoked: "The link by which you joined was replaced: ask for the new one.",
  stream_displaced: "Another connection of the same account took this stream over.",
  invalid_credential: "The credential is not one of a live account.",
  account_concurrency_limit: "Your account holds as many streams as it may: leave one first.",
  conversation_subscriber_limit: "The conversation is full: try again when somebody has left.",
  stream_name_conflict:
    "Somebody else in this conversation has that name: choose another with --name.",
  conversation_not_found: "There is no such conversation.",
  conversation_closed: "The conversation was deleted.",
  subscriber_backpressure: "This terminal read too slowly and was cut off: join again.",
  rate_limited: "You sent too fast: wait a little and join again.",
  malformed_frame: "The server could not read what was sent, or it was over 64 KiB.",
  unknown_frame_type: "The server does not know this kind of frame.",
  invalid_stream_name_header:
    "A name is 1 to 63 of A-Z, a-z, 0-9, dot, _ and -, beginning with a letter or digit.",
  internal_error: "The server can't reach its store at this moment: try again soon.",
  draining: "This server is going away: join again and you will reach another one.",
};

/** The sentence for a close, whatever it is. */
export function closeSentence(code, reason) {
  if (Object.hasOwn(CLOSE_SENTENCES, reason)) return CLOSE_SENTENCES[reason];
  if (code === 1000) return "You left.";
  if (code === 1006) return "The connection broke.";
  return "The server ended the connection.";
}

/** The base URL of AMS: `AMS_URL`, else the one that runs from this folder, else `PORT` on this machine. */
export function amsUrl() {
  const { AMS_URL, PORT } = process.env;
  const url = AMS_URL || readJson("lock")?.url || `http://127.0.0.1:${PORT || 8080}`;
  return url.replace(/\/+$/, "");
}

/**
 * The demo account of the AMS that runs from this folder: `{namespace, credential}`, or null. Which one it is, that AMS
 * says in its lock; where none runs from here, it is the one that a start in this environment would have.
 */
export function demoAccount() {
  const here = process.env.AMS_REDIS_URL ? "demo-redis.json" : "demo.json";
  return readJson(basename(readJson("lock")?.demo_file ?? here));
}

/** Says one sentence on stderr and ends the process. */
export function fail(status, sentence) {
  process.stderr.write(`${sentence}\n`);
  process.exit(status);
}

/** POSTs JSON; the parsed body, or a failure in one sentence and the end of the process. */
export async function post(url, body, credential) {
  const headers = { "content-type": "application/json" };
  if (credential) headers.authorization = `Bearer ${credential}`;
  const answer = await fetch(url, { method: "POST", headers, body: JSON.stringify(body) }).catch(
    () => fail(EXIT_UNAVAILABLE, `Nothing answers at ${new URL(url).origin}: run npm start first.`),
  );
  const text = await answer.text();
  const parsed = parseOr(text, {});
  if (answer.ok) return { parsed, text };
  const retry = answer.headers.get("retry-after");
  const wait = retry === null ? "" : ` (in ${retry} s)`;
  return fail(1, `${parsed.message ?? `The server answered ${answer.status}.`}${wait}`);
}

function readJson(name) {
  const path = join(DATA_FOLDER, name);
  return existsSync(path) ? parseOr(readFileSync(path, "utf8"), null) : null;
}

function parseOr(text, otherwise) {
  try {
    return JSON.parse(text);
  } catch {
    return otherwise;
  }
}

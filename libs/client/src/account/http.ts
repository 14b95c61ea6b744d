/** One request to the control plane (§2.1), which distinguishes every way to fail. */
import type { ProblemCode } from "@ams/protocol";
import { abortedError, throwIfAborted } from "../abort.ts";
import { checkAmount } from "../arguments.ts";
import { AmsError, type AmsErrorDetails } from "../errors.ts";
import { type Fields, isFields } from "../fields.ts";
import type { RequestOptions } from "./request-options.ts";

/** Milliseconds for a whole request, answer included, unless the caller says otherwise. */
export const REQUEST_MS = 15_000;

/** Characters of an answer that is read: the largest listing stays far below it. */
const ANSWER_CHARACTERS_MAX = 67_108_864;

/** What a proxy answers when it can't reach the service behind it. */
const PROXY_STATUSES: readonly number[] = [502, 503, 504];

/** Milliseconds that a timer can count: 24 days. */
const TIMEOUT_MS_MAX = 2_147_483_647;

export type Call = RequestOptions & {
  readonly method: "GET" | "POST" | "DELETE";
  readonly path: string;
  readonly credential?: string | undefined;
  readonly body?: Fields | undefined;
};

/**
 * What `read` makes of the answer's JSON object, which is empty when the answer has no body; where
 * that throws, it was no answer of AMS. Throws an AmsError for everything else.
 */
export async function request<Value>(
  baseUrl: string,
  call: Call,
  read: (answer: Fields) => Value,
): Promise<Value> {
  const { response, text } = await exchange(baseUrl, call);
  const body = response.status === 204 ? {} : parse(text);
  if (body === null) throw noAnswerOfAms(baseUrl, response.status);
  if (response.ok) {
    try {
      return read(body);
    } catch (cause) {
      throw notAms(baseUrl, { cause });
    }
  }
  const { error, message } = body;
  if (typeof error !== "string" || typeof message !== "string") {
    throw noAnswerOfAms(baseUrl, response.status);
  }
  const seconds = Number(response.headers.get("retry-after") ?? Number.NaN);
  throw new AmsError(isProblemCode(error) ? error : "refused", message, {
    status: response.status,
    ...(Number.isFinite(seconds) ? { retryAfterS: seconds } : {}),
  });
}

async function exchange(baseUrl: string, call: Call) {
  const { method, path, credential, body, signal, timeoutMs = REQUEST_MS } = call;
  throwIfAborted(signal);
  checkAmount("timeoutMs", timeoutMs);
  // Not AbortSignal.timeout: its timer doesn't hold a Node process, which would end without an
  // answer while the request hangs.
  const expiry = new AbortController();
  const timer = setTimeout(() => expiry.abort(), Math.min(timeoutMs, TIMEOUT_MS_MAX));
  const timeout = expiry.signal;
  const headers = {
    accept: "application/json",
    ...(body === undefined ? {} : { "content-type": "application/json" }),
    ...(credential === undefined ? {} : { authorization: `Bearer ${credential}` }),
  };
  try {
    const response = await fetch(`${baseUrl}${path}`, {
      method,
      headers,
      body: body === undefined ? null : stringify(body),
      signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
    });
    const isJson = response.headers.get("content-type")?.includes("json") ?? false;
    if (isJson) return { response, text: await readText(response) };
    await response.body?.cancel(); // A page, perhaps an endless one.
    return { response, text: "" };
  } catch (cause) {
    if (cause instanceof AmsError) throw cause;
    if (signal?.aborted) throw abortedError(signal);
    if (timeout.aborted) {
      throw new AmsError("timeout", `${hostOf(baseUrl)} did not answer within ${timeoutMs} ms.`);
    }
    throw new AmsError("unreachable", whyUnreachable(baseUrl, cause), { cause });
  } finally {
    clearTimeout(timer);
  }
}

/** The body as text; cut off where no answer of AMS goes on, as a stranger's may have no end. */
async function readText({ body }: Response): Promise<string> {
  let text = "";
  if (body === null) return text;
  const decoder = new TextDecoder();
  const reader = body.getReader();
  while (text.length <= ANSWER_CHARACTERS_MAX) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    text += decoder.decode(value, { stream: true });
  }
  await reader.cancel();
  return ""; // No JSON, and so not AMS.
}

function stringify(body: Fields): string {
  try {
    return JSON.stringify(body);
  } catch (cause) {
    throw new AmsError("invalid_argument", "An option can't be written as JSON.", { cause });
  }
}

function parse(text: string): Fields | null {
  try {
    const value: unknown = JSON.parse(text);
    return isFields(value) ? value : null;
  } catch {
    return null;
  }
}

function noAnswerOfAms(baseUrl: string, status: number): AmsError {
  return PROXY_STATUSES.includes(status)
    ? new AmsError(
        "unavailable",
        `${hostOf(baseUrl)} is a proxy, and the service behind it is not up (${status}).`,
        { status },
      )
    : notAms(baseUrl, { status });
}

/** Something else than AMS answers there. */
export function notAms(baseUrl: string, details: AmsErrorDetails): AmsError {
  return new AmsError(
    "not_ams",
    `What answers at ${hostOf(baseUrl)} is not AMS, or none that this SDK knows.`,
    details,
  );
}

function hostOf(baseUrl: string): string {
  return new URL(baseUrl).origin;
}

/** With what Node says about it, such as ECONNREFUSED; browsers don't say. */
function whyUnreachable(baseUrl: string, error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  if (!isFields(cause)) return `Nothing answers at ${hostOf(baseUrl)}.`;
  if (cause.message === "bad port") {
    return `No request goes to ${hostOf(baseUrl)}: its port is one that fetch and browsers refuse.`;
  }
  // Node 24 and later give an error of their HTTP parser no code: it is called as before.
  const code = cause.code ?? (cause.name === "HTTPParserError" ? "HPE" : undefined);
  if (typeof code !== "string") return `Nothing answers at ${hostOf(baseUrl)}.`;
  const [, what] = FAULTS.find(([codes]) => codes.test(code)) ?? [];
  const subject = what === undefined ? "Nothing answers" : "What answers";
  return `${subject} at ${hostOf(baseUrl)}${what ?? ""} (${code}).`;
}

/** By Node's codes, where something does answer: what is wrong with it. */
const FAULTS: readonly (readonly [RegExp, string])[] = [
  [/WRONG_VERSION|PACKET_LENGTH/, " doesn't speak https: is it http?"],
  [/^HPE/, " doesn't speak HTTP"],
  [/CERT|VERIFY/, " has a certificate that isn't trusted"],
  [/SOCKET|RESET/, " hangs up without an answer"],
];

/**
 * All codes, without the protocol's sentences: those come with the answer, and a page shouldn't
 * load them twice.
 */
const KNOWN: Readonly<Record<ProblemCode, 1>> = {
  malformed_request: 1,
  invalid_json: 1,
  invalid_namespace: 1,
  invalid_alias: 1,
  invalid_stream_name: 1,
  unsupported_id_kind: 1,
  invalid_metadata: 1,
  invalid_stream_metadata: 1,
  invalid_expiry: 1,
  invalid_max_joins: 1,
  invalid_canonical_input: 1,
  invalid_replay: 1,
  invalid_cursor: 1,
  invalid_limit: 1,
  invalid_grace: 1,
  invalid_link_name: 1,
  invalid_read_only: 1,
  invalid_keep_connected: 1,
  invalid_key_name: 1,
  invalid_scopes: 1,
  invalid_request: 1,
  missing_credential: 1,
  invalid_credential: 1,
  insufficient_scope: 1,
  invalid_webhook: 1,
  webhook_limit: 1,
  account_suspended: 1,
  key_limit: 1,
  namespace_mismatch: 1,
  host_not_allowed: 1,
  conversation_limit: 1,
  link_limit: 1,
  signup_closed: 1,
  invalid_invite: 1,
  invalid_token: 1,
  not_found: 1,
  method_not_allowed: 1,
  namespace_taken: 1,
  alias_taken: 1,
  body_too_large: 1,
  upgrade_required: 1,
  rate_limited: 1,
  internal_error: 1,
  unavailable: 1,
};

function isProblemCode(text: string): text is ProblemCode {
  return Object.hasOwn(KNOWN, text);
}

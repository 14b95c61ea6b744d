/**
 * A failure as its user sees it: one sentence on stderr, or with --json one JSON object, and the
 * exit status.
 */
import { AmsError, type AmsErrorCode } from "@ams/client";
import { harmless } from "../terminal/harmless.ts";
import { EXIT_CODES, exitStatusOf } from "./exit-codes.ts";
import { CliError, type CliFault } from "./fault.ts";

export type Failure = {
  readonly code: AmsErrorCode | CliFault;
  readonly sentence: string;
  readonly status: number;
  /** Further members of the JSON form. */
  readonly details: Readonly<Record<string, unknown>>;
};

/** Where the command line can say more than the SDK: which setting, which option, what to do. */
const SENTENCES: Partial<Record<AmsErrorCode, string>> = {
  conversation_subscriber_limit:
    "The conversation is full: it holds as many subscribers as the deployment's AMS_SUBSCRIBERS_PER_CONVERSATION allows.",
  account_concurrency_limit:
    "The account holds as many live streams as the deployment's AMS_STREAMS_PER_ACCOUNT allows: let one leave first.",
  stream_name_conflict:
    "Another account holds this stream name in the conversation: choose another with --name, or leave --name out for one that is free.",
  delivery_unknown: "The connection broke in the middle.",
  missing_credential: "This needs an account: make one with `ams account create <namespace>`.",
  not_found: "There is no such conversation.",
  invalid_expiry: "The value of --expires-in is wrong: it is 1s to 365d.",
  invalid_max_joins: "The value of --max-joins is wrong: it is a whole number from 1 to 100000.",
  invalid_grace: "The value of --grace is wrong: it is 0 to 7d.",
  invalid_token: "The link is wrong, expired or revoked, or your account has no part in this.",
};

export function failureOf(error: unknown): Failure {
  if (error instanceof CliError) {
    const { code, message, details } = error;
    return { code, sentence: message, status: exitStatusOf(code), details };
  }
  if (error instanceof AmsError) return failureOfAms(error);
  const what = error instanceof Error ? error.message : String(error);
  return {
    code: "internal",
    sentence: `A fault of ams itself: ${what} (AMS_DEBUG=1 shows where)`,
    status: EXIT_CODES.internal.status,
    details: {},
  };
}

/** Says it. `json` is true with --json. */
export function report(failure: Failure, json: boolean): void {
  const { code, sentence, status, details } = failure;
  const line = json
    ? JSON.stringify({ error: code, message: sentence, exit: status, ...details })
    : `ams: ${harmless(sentence)}`;
  process.stderr.write(`${line}\n`);
}

/**
 * The lines of the program through which a failure came, and nothing of its message: that can hold
 * values, and what may be said of it is said. Empty where none are known.
 */
export function stackOf({ stack = "", message }: Error): string {
  const at = stack.indexOf(message) + message.length; // A message can look like a position.
  const lines = stack
    .slice(at)
    .split("\n")
    .filter((line) => /^ +at /.test(line));
  return lines.map((line) => `${harmless(line)}\n`).join("");
}

/** Codes of Node by which nothing took the connection: no request was sent. */
const NEVER_CONNECTED =
  /^(?:ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|EHOSTDOWN|ENETDOWN)$/;

/** What Node's fetch says of a port that it never asks. */
const BAD_PORT = "bad port";

/** True when nothing took the connection, so that nothing can have been done. */
export function isNeverSent(error: unknown): boolean {
  if (!(error instanceof AmsError) || error.code !== "unreachable") return false;
  const cause = error.cause instanceof Error ? error.cause.cause : undefined;
  const { code, message } = Object(cause);
  return message === BAD_PORT || NEVER_CONNECTED.test(String(code));
}

function failureOfAms(error: AmsError): Failure {
  const { code, message, status, closeCode, retryAfterS } = error;
  const wait = retryAfterS === undefined ? "" : ` (in ${retryAfterS} s)`;
  const remedy = isNeverSent(error)
    ? " `npm start` in a clone of AMS runs one; --url names another deployment."
    : "";
  return {
    code,
    sentence: (SENTENCES[code] ?? message) + wait + remedy,
    status: exitStatusOf(code),
    details: {
      ...(status === undefined ? {} : { http_status: status }),
      ...(closeCode === undefined ? {} : { close_code: closeCode }),
      ...(retryAfterS === undefined ? {} : { retry_after_s: retryAfterS }),
    },
  };
}

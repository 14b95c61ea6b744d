/**
 * Whether anything answers, whether that is AMS, what its clock says, and whether a WebSocket gets
 * through.
 */
import { AmsError, inspect, join, offer } from "@ams/client";
import { atDeployment } from "../options/settings.ts";
import { VERSION } from "../version.ts";
import { type Finding, fine, noted, wrong, wrongBy } from "./finding.ts";
import type { Target } from "./target.ts";

/** Milliseconds for an answer. */
const ANSWER_MS = 10_000;
/** Milliseconds by which clocks may differ unnoticed: the Date header has whole seconds. */
const SKEW_NOTED_MS = 3_000;
/** Milliseconds from which on links and certificates of a short life fail by it. */
const SKEW_WRONG_MS = 30_000;

export type Reached = { readonly finding: Finding; readonly clock: Finding | null };

/** Any answer will do here: what it is, `lookAtOffer` finds out. */
export async function lookAtReach({ url }: Target, signal: AbortSignal): Promise<Reached> {
  const startedAt = Date.now();
  // Not AbortSignal.timeout: its timer doesn't hold the process, and nothing else does while a
  // request fails half-way.
  const expiry = new AbortController();
  const timer = setTimeout(() => expiry.abort(), ANSWER_MS);
  try {
    const response = await fetch(`${url}/healthz`, {
      redirect: "manual",
      signal: AbortSignal.any([signal, expiry.signal]),
    });
    const ms = Date.now() - startedAt;
    const date = response.headers.get("date") ?? (await timeOf(response));
    return {
      finding: fine("reachable", `it answers after ${ms} ms`, { answer_ms: ms }),
      clock: date === null ? null : lookAtClock(Date.parse(date), startedAt + ms / 2),
    };
  } catch (error) {
    return { finding: unreachable(url, error, expiry.signal.aborted), clock: null };
  } finally {
    clearTimeout(timer);
  }
}

/** `theirs` and `ours` are milliseconds since 1970, of the same moment. */
export function lookAtClock(theirs: number, ours: number): Finding | null {
  if (!Number.isFinite(theirs)) return null;
  const skew = ours - theirs;
  const seconds = Math.round(Math.abs(skew) / 1_000);
  const figures = { clock_skew_ms: Math.round(skew) };
  const words = `This machine's clock is ${seconds} s ${skew < 0 ? "behind" : "ahead of"} the deployment's`;
  if (Math.abs(skew) >= SKEW_WRONG_MS) {
    const sentence = `${words}: links and certificates seem expired, or not valid yet, by that much.`;
    return wrong("clock", "clock_skew", sentence, figures);
  }
  if (Math.abs(skew) >= SKEW_NOTED_MS) return noted("clock", `${words}.`, figures);
  return fine("clock", "both clocks agree", figures);
}

export async function lookAtOffer({ url }: Target, signal: AbortSignal): Promise<Finding> {
  try {
    const { version, features } = await atDeployment(url, () => offer(url, { signal }));
    const figures = { version, features };
    const sentence = `AMS ${version}, offering ${features.join(", ") || "nothing beyond the protocol"}`;
    if (release(version) === release(VERSION)) return fine("ams", sentence, figures);
    return noted("ams", `${sentence}; this ams is ${VERSION}`, figures);
  } catch (error) {
    return wrongBy("ams", error);
  }
}

/**
 * Asks for a conversation that is nowhere: the refusal comes over the WebSocket, so that one got
 * through.
 */
export async function lookAtWebSocket({ url }: Target, signal: AbortSignal): Promise<Finding> {
  const nowhere = `${url}/ams-doctor/conversations/nowhere?t=${"A".repeat(43)}`;
  try {
    const connection = await join(nowhere, { guest: true, signal });
    await connection.close();
    return wrong("websocket", "unexpected_answer", "A link that nobody minted was let in.");
  } catch (error) {
    const code = error instanceof AmsError ? error.code : "";
    if (code === "conversation_not_found" || code === "invalid_magic_link") {
      return fine("websocket", "a WebSocket gets through");
    }
    if (code !== "websocket_blocked") return wrongBy("websocket", error);
    return wrong(
      "websocket",
      "websocket_blocked",
      "AMS answers, but no WebSocket gets through: a proxy in between must hand on the upgrade (HTTP/1.1, the headers Upgrade and Connection).",
    );
  }
}

/** Looked at from outside: joining would be seen by those who are in, and count. */
export async function lookAtLink(link: string, signal: AbortSignal): Promise<Finding> {
  try {
    const { namespace, alias, streams } = await inspect(link, { signal });
    const people = streams.length === 1 ? "1 stream" : `${streams.length} streams`;
    return fine("link", `it leads to ${namespace}/${alias}, with ${people} in it`, {
      streams: streams.length,
    });
  } catch (error) {
    return wrongBy("link", error);
  }
}

/** The clock of AMS itself, when nothing in between says the time. */
async function timeOf(response: Response): Promise<string | null> {
  const body: unknown = await response.json().catch(() => null);
  const { ts } = Object(body);
  return typeof ts === "string" ? ts : null;
}

/**
 * What must be the same for two versions to get along: the first number, and below 1.0 the second
 * too.
 */
function release(version: string): string {
  const [major = "", minor = ""] = version.split(".");
  return major === "0" ? `0.${minor}` : major;
}

function unreachable(url: string, error: unknown, isLate: boolean): Finding {
  const { host, hostname } = new URL(url);
  const code = isLate ? "ETIMEDOUT" : String(Object(Object(error).cause).code ?? "");
  const sentences: Readonly<Record<string, string>> = {
    ENOTFOUND: `There is no host ${hostname}: is the name right?`,
    EAI_AGAIN: `The name ${hostname} can't be looked up: is there a network?`,
    ECONNREFUSED: `Nothing listens at ${host}: is AMS running there, and is this its port?`,
    ETIMEDOUT: `${host} doesn't answer within ${ANSWER_MS / 1_000} s: is a firewall in between, or something there that hangs up at once?`,
    ECONNRESET: `${host} hangs up: does it want https://?`,
    UND_ERR_SOCKET: `${host} hangs up: does it want https://?`,
  };
  const sentence =
    sentences[code] ?? `Nothing answers at ${host}${code === "" ? "" : ` (${code})`}.`;
  return wrong("reachable", "unreachable", sentence, { network_error: code });
}

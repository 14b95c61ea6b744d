/** Where an authorization response may go: a client's own addresses, compared exactly. */
import { URI_CHARACTERS_MAX } from "./limits.ts";

const LOOPBACK = new Set(["localhost", "127.0.0.1", "[::1]"]);

/** Schemes that a browser runs or opens itself: no program's own. */
const NEVER = new Set([
  "javascript:",
  "data:",
  "vbscript:",
  "file:",
  "blob:",
  "about:",
  "ws:",
  "wss:",
  "ftp:",
  "view-source:",
]);

const HOST = /^(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])$/;

/** https, http on loopback, or the private scheme of a program (RFC 8252 §7). */
export function isRedirectUri(text: unknown): text is string {
  if (typeof text !== "string" || text.length > URI_CHARACTERS_MAX) return false;
  if (!URL.canParse(text) || text.includes("#") || /[\s\\]/.test(text)) return false;
  const { protocol, hostname, username, password } = new URL(text);
  if (username !== "" || password !== "" || NEVER.has(protocol)) return false;
  if (protocol === "http:") return LOOPBACK.has(hostname);
  // What else URLs take in a host, such as a semicolon, has a meaning in the page's policy.
  return protocol !== "https:" || HOST.test(hostname);
}

/**
 * Whether this is one of the registered ones: the same text, but for the port on loopback, which a
 * native program chooses as it runs (RFC 8252 §7.3).
 */
export function isRegistered(asked: string, registered: readonly string[]): boolean {
  return registered.some(
    (one) => one === asked || (isLoopback(one) && isRedirectUri(asked) && isOther(asked, one)),
  );
}

/** The same but for its port. */
function isOther(asked: string, one: string): boolean {
  const [a, b] = [new URL(asked), new URL(one)];
  a.port = "";
  b.port = "";
  return isLoopback(asked) && a.href === b.href;
}

function isLoopback(text: string): boolean {
  const { protocol, hostname } = new URL(text);
  return protocol === "http:" && LOOPBACK.has(hostname);
}

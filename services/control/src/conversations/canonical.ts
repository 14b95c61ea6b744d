/**
 * The canonical form of `canonical_input` (RFC 8785, §2.6). What that form would change in silence
 * is refused instead: a number that isn't the shortest decimal of a double, a key that stands
 * twice, a lone surrogate.
 */
import { costMs } from "@ams/process";
import { CANONICAL_JSON_TOKENS_MAX, type JsonText } from "@ams/protocol";
import canonicalize from "canonicalize";

/** One token of compact JSON: a string, a sign, or a number or word. */
const TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\],:]|[^"{}[\],:]+/g;
const NUMBER = /^-?(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;

/** The RFC 8785 text of this JSON, or null when it has none that says the same. */
export function canonicalText(json: JsonText): string | null {
  if (!isExact(json)) return null;
  try {
    return canonicalize(JSON.parse(json)) ?? null;
  } catch {
    return null; // A lone surrogate: it has no UTF-8.
  }
}

/**
 * Milliseconds that a canonical form has taken to make: tokens are read, compared, sorted and
 * written.
 */
export function canonicalMs(text: string): number {
  return costMs(text.length, 4 * Math.min(text.length, CANONICAL_JSON_TOKENS_MAX));
}

/**
 * True when it has no more tokens than it may, every number survives a double and no object names a
 * key twice.
 */
function isExact(json: JsonText): boolean {
  // The keys so far of each enclosing object, null for an array.
  const open: (Set<string> | null)[] = [];
  let previous = "";
  let tokens = 0;
  for (const [token] of json.matchAll(TOKEN)) {
    tokens += 1;
    if (tokens > CANONICAL_JSON_TOKENS_MAX) return false;
    if (token === "{") open.push(new Set());
    else if (token === "[") open.push(null);
    else if (token === "}" || token === "]") open.pop();
    else if (token === ":" && !addKey(open.at(-1), previous)) return false;
    else if (NUMBER.test(token) && !isExactNumber(token)) return false;
    previous = token;
  }
  return true;
}

function addKey(keys: Set<string> | null | undefined, quoted: string): boolean {
  const key: string = JSON.parse(quoted);
  if (keys?.has(key)) return false;
  keys?.add(key);
  return true;
}

function isExactNumber(text: string): boolean {
  const value = Number(text);
  return Number.isFinite(value) && decimal(text) === decimal(String(value));
}

/**
 * A number's digits without leading and trailing zeros, and the power of ten of the last one; zero
 * has no sign.
 */
function decimal(text: string): string {
  const [, whole = "", fraction = "", exponent = "0"] = NUMBER.exec(text) ?? [];
  const digits = (whole + fraction).replace(/^0+/, "");
  const significant = trimZeros(digits);
  if (significant === "") return "0";
  const power = Number(exponent) - fraction.length + digits.length - significant.length;
  return `${text.startsWith("-") ? "-" : ""}${significant}e${power}`;
}

/** Without the zeros at the end; a loop, since a pattern that seeks them takes quadratic time. */
function trimZeros(digits: string): string {
  let end = digits.length;
  while (end > 0 && digits[end - 1] === "0") end -= 1;
  return digits.slice(0, end);
}

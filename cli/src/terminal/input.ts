/**
 * Stdin as text: decoded as it comes, whole characters only, and refused at the first byte that is
 * not UTF-8.
 */
import { isUtf8 } from "node:buffer";
import { splitText } from "@ams/client";
import { CliError } from "../faults/fault.ts";

const LONG_LINE = "* a line of more than 64 KiB is sent in several tokens";

/** Characters of a line after which it goes out in parts, as a token can't be longer anyway. */
const LINE_CHARACTERS_MAX = 65_536;

let isTaken = false;

/**
 * The text of stdin, for the one who asks first. Throws `bad_usage` when it was given away already.
 */
export function readStdin(signal: AbortSignal): AsyncGenerator<string, undefined> {
  if (isTaken) {
    throw new CliError(
      "bad_usage",
      "Stdin can be one thing only: the text, the link or the credential.",
    );
  }
  isTaken = true;
  return readText(process.stdin, signal);
}

/** The first line of stdin, without spaces around it; null when there is nothing in it. */
export async function firstLineOfStdin(signal: AbortSignal): Promise<string | null> {
  const first = await readLines(readStdin(signal), () => {}).next();
  const line = first.done ? "" : first.value.trim();
  return line === "" ? null : line;
}

/**
 * The text of a stream of bytes, piece by piece as it arrives; none of them is empty. It ends
 * silently when `signal` fires. Throws `not_text` at a byte that is not UTF-8, after it has
 * given what stood before it.
 */
export async function* readText(
  source: AsyncIterable<Uint8Array> & { destroy(): unknown },
  signal: AbortSignal,
): AsyncGenerator<string, undefined> {
  const stop = () => void source.destroy();
  if (signal.aborted) return undefined;
  signal.addEventListener("abort", stop, { once: true });
  const decoder = new Decoder();
  try {
    for await (const bytes of source) {
      const { text, fault } = decoder.decode(bytes);
      if (text !== "") yield text;
      if (fault !== null) throw fault;
    }
    const { fault } = decoder.end();
    if (fault !== null) throw fault;
    return undefined;
  } catch (error) {
    if (signal.aborted) return undefined; // What a stream throws that was destroyed.
    throw error;
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

/**
 * The same line by line, without line ends. A line that is longer than a token comes in parts,
 * which `note` says once. `lineEnd` is given after each whole line.
 */
export async function* readLines(
  texts: AsyncIterable<string>,
  note: (sentence: string) => void,
  lineEnd?: string,
): AsyncGenerator<string, undefined> {
  let isNoted = false;
  const onLong = () => {
    if (!isNoted) note(LONG_LINE);
    isNoted = true;
  };
  let rest = "";
  for await (const text of texts) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      yield* parts(line.replace(/\r$/, ""), onLong);
      if (lineEnd !== undefined) yield lineEnd;
    }
    if (rest.length > LINE_CHARACTERS_MAX) {
      const tokens = splitText(rest);
      rest = tokens.at(-1) ?? "";
      onLong();
      yield* tokens.slice(0, -1);
    }
  }
  if (rest === "") return undefined;
  yield* parts(rest, onLong);
  if (lineEnd !== undefined) yield lineEnd;
  return undefined;
}

function parts(line: string, onLong: () => void): readonly string[] {
  const tokens = splitText(line);
  if (tokens.length > 1) onLong();
  return tokens;
}

type Decoded = { readonly text: string; readonly fault: CliError | null };

/** Keeps the bytes of a character that is not whole yet. */
class Decoder {
  #rest = Buffer.alloc(0);
  #taken = 0; // Bytes decoded so far.

  /** The text of all whole characters; with a fault, of those before it. */
  decode(bytes: Uint8Array): Decoded {
    const all = Buffer.concat([this.#rest, bytes]);
    const whole = all.subarray(0, wholeBytes(all));
    // No text, though it is UTF-8: what a disk or /dev/zero gives.
    if (this.#taken === 0 && whole.length > 0 && whole.every((byte) => byte === 0)) {
      return { text: "", fault: notText(1) };
    }
    if (!isUtf8(whole)) {
      const good = goodBytes(whole);
      return { text: whole.toString("utf8", 0, good), fault: notText(this.#taken + good + 1) };
    }
    this.#rest = all.subarray(whole.length);
    this.#taken += whole.length;
    return { text: whole.toString("utf8"), fault: null };
  }

  end(): Decoded {
    return { text: "", fault: this.#rest.length === 0 ? null : notText(this.#taken + 1) };
  }
}

/** How many bytes there are before the character that only begins at their end. */
function wholeBytes(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back] ?? 0;
    if ((byte & 0xc0) === 0x80) continue; // In the middle of a character.
    const wanted = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return wanted > back ? bytes.length - back : bytes.length;
  }
  return bytes.length;
}

/** How many bytes are UTF-8 before the first that is not, found by halving. */
function goodBytes(bytes: Uint8Array): number {
  const whole = (length: number) => wholeBytes(bytes.subarray(0, length));
  let good = 0;
  let bad = bytes.length;
  while (bad - good > 1) {
    const middle = Math.floor((good + bad) / 2);
    if (isUtf8(bytes.subarray(0, whole(middle)))) good = middle;
    else bad = middle;
  }
  return whole(good);
}

function notText(byte: number): CliError {
  return new CliError(
    "not_text",
    `Stdin is not text in UTF-8 (byte ${byte}): encode binary data first, for example with base64.`,
    { byte },
  );
}

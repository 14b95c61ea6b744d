/** A token on its way out: checked, written, and never split unless its author asks for it. */
import { TOKEN_BYTES_MAX, utf8Bytes } from "@ams/protocol";
import { checkText } from "../arguments.ts";
import { AmsError } from "../errors.ts";

/**
 * The frame of a token. Throws `token_too_large` beyond 65,536 bytes of UTF-8, `invalid_argument`
 * when it is no string.
 */
export function tokenFrame(data: unknown): string {
  checkText("A token", data);
  // A UTF-16 unit takes at most 3 bytes: most tokens need no counting.
  if (data.length * 3 > TOKEN_BYTES_MAX && utf8Bytes(data) > TOKEN_BYTES_MAX) {
    throw new AmsError(
      "token_too_large",
      `A token holds at most ${TOKEN_BYTES_MAX} bytes and this one has ${utf8Bytes(data)}: splitText can cut it.`,
    );
  }
  return `{"type":"token","data":${JSON.stringify(data)}}`;
}

/**
 * Cuts a text into as few tokens as it needs, each of at most 65,536 bytes of UTF-8 and none in the
 * middle of a character. Nothing in this SDK does so by itself.
 *
 * @example
 * ```ts
 * import { splitText } from "ams-client";
 *
 * console.log(splitText("€".repeat(30_000)).map((token) => token.length)); // [ 21845, 8155 ]
 * ```
 */
export function splitText(text: string): readonly string[] {
  checkText("A text", text);
  const tokens: string[] = [];
  let start = 0;
  let bytes = 0;
  let at = 0;
  for (const character of text) {
    const size = utf8Bytes(character);
    if (bytes + size > TOKEN_BYTES_MAX) {
      tokens.push(text.slice(start, at));
      start = at;
      bytes = 0;
    }
    bytes += size;
    at += character.length;
  }
  tokens.push(text.slice(start));
  return tokens;
}

/** What becomes of a text that a person sends: one token, a few, or a refusal that says why. */
import { splitText } from "@ams/client";

/** Tokens into which a paste is split at most: about a megabyte. More belongs into a file. */
export const TOKENS_MAX = 16;

export type Composed =
  | { readonly ok: true; readonly tokens: readonly string[] }
  | { readonly ok: false; readonly why: string };

export function compose(text: string): Composed {
  if (text.trim() === "") return { ok: false, why: "" };
  const tokens = splitText(text);
  if (tokens.length <= TOKENS_MAX) return { ok: true, tokens };
  const why = `This text is too long to send: it needs ${tokens.length} tokens of 64 KiB, and ${TOKENS_MAX} is the limit. Put it into a file and send a link to it.`;
  return { ok: false, why };
}

/** The instructions of a conversation, as its metadata carries them to whoever joins. */

/** Bytes of a conversation's metadata as compact JSON in UTF-8 (§9.1, `METADATA_BYTES_MAX`). */
const METADATA_BYTES_MAX = 16_384;
/** Bytes left from which on the person who writes is told how many. */
const TELL_BYTES = 2_000;

/** No member for no instructions. */
export function metadataOf(instructions: string): { readonly instructions?: string } {
  const text = instructions.trim();
  return text === "" ? {} : { instructions: text };
}

export type Room = { readonly isEnough: boolean; readonly hint: string };

/** Whether the text fits, and what to say about it: nothing while there is plenty of room. */
export function roomFor(instructions: string): Room {
  const json = JSON.stringify(metadataOf(instructions));
  const left = METADATA_BYTES_MAX - new TextEncoder().encode(json).byteLength;
  const bytes = `${Math.abs(left).toLocaleString("en")} ${Math.abs(left) === 1 ? "byte" : "bytes"}`;
  if (left < 0) {
    const hint = `Too long by ${bytes}. Put it where whoever joins can read it, and say here where that is.`;
    return { isEnough: false, hint };
  }
  return { isEnough: true, hint: left > TELL_BYTES ? "" : `Room left: ${bytes}.` };
}

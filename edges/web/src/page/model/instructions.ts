/** What a conversation's metadata says to whoever joins: its title, and instructions. */

/** Bytes of a conversation's metadata as compact JSON in UTF-8 (§9.1, `METADATA_BYTES_MAX`). */
const METADATA_BYTES_MAX = 16_384;
/** Bytes left below which the person who writes sees how many. */
const SHOW_BYTES = 2_000;

/** Characters of a title: it is shown in one line, and in the list of conversations. */
export const TITLE_CHARACTERS_MAX = 120;

export type Purpose = { readonly title: string; readonly instructions: string };

/** No member for what is empty. */
export function metadataOf({ title, instructions }: Purpose): Partial<Purpose> {
  const texts = { title: title.trim(), instructions: instructions.trim() };
  return {
    ...(texts.title === "" ? {} : { title: texts.title }),
    ...(texts.instructions === "" ? {} : { instructions: texts.instructions }),
  };
}

export type Space = { readonly isEnough: boolean; readonly hint: string };

/** Whether the texts fit, and what to say about it: nothing while there is plenty of space. */
export function spaceFor(purpose: Purpose): Space {
  const json = JSON.stringify(metadataOf(purpose));
  const left = METADATA_BYTES_MAX - new TextEncoder().encode(json).byteLength;
  const bytes = `${Math.abs(left).toLocaleString("en")} ${Math.abs(left) === 1 ? "byte" : "bytes"}`;
  if (left < 0) {
    const hint = `Too long by ${bytes}. Put the text where whoever joins can read it, and write here where that is.`;
    return { isEnough: false, hint };
  }
  return { isEnough: true, hint: left > SHOW_BYTES ? "" : `Space left: ${bytes}.` };
}

/** The title in a conversation's metadata; null where it has none that can be seen. */
export function titleOf(metadata: Readonly<Record<string, unknown>> | undefined): string | null {
  const title = metadata?.title;
  if (typeof title !== "string" || title.trim() === "") return null;
  return title.trim().slice(0, TITLE_CHARACTERS_MAX);
}

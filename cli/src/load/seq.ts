/** The place of a frame in its stream, `<epoch>-<n>` (§4.6). */

export type Seq = { readonly epoch: number; readonly n: number };

/** Null for text that is no seq. */
export function readSeq(text: unknown): Seq | null {
  if (typeof text !== "string") return null;
  const dash = text.indexOf("-");
  const epoch = Number(text.slice(0, dash));
  const n = Number(text.slice(dash + 1));
  const isWhole = dash > 0 && Number.isSafeInteger(epoch) && Number.isSafeInteger(n);
  return isWhole && epoch >= 0 && n >= 0 ? { epoch, n } : null;
}

/** The place of a frame in its stream, `<epoch>-<n>` (§4.6). */

export type Seq = { readonly epoch: number; readonly n: number };

const SEQ = /^(\d{1,15})-(\d{1,15})$/;

/** Null for what is no seq. */
export function readSeq(text: unknown): Seq | null {
  const found = typeof text === "string" ? SEQ.exec(text) : null;
  return found === null ? null : { epoch: Number(found[1]), n: Number(found[2]) };
}

/** A frame's place in its stream: `<epoch>-<n>`, for example `3-127` (§4.6). */

export type Seq = {
  /** Rises with each connection that takes the stream. */
  readonly epoch: number;
  /** 1 for the first token or metadata frame of an epoch, then one more with each. */
  readonly n: number;
};

const SEQ = /^(\d{1,15})-(\d{1,15})$/;

export function formatSeq(epoch: number, n: number): string {
  return `${epoch}-${n}`;
}

/** The parts of a seq, or null when the text isn't one. */
export function parseSeq(text: string): Seq | null {
  const parts = SEQ.exec(text);
  return parts === null ? null : { epoch: Number(parts[1]), n: Number(parts[2]) };
}

/** Negative when `a` comes before `b` in its stream, 0 when they are the same, positive after. */
export function compareSeq(a: Seq, b: Seq): number {
  return a.epoch - b.epoch || a.n - b.n;
}

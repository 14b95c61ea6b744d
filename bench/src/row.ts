/**
 * What a case says: rows of figures, each ours, its control's, and the ratio that was to be
 * reached.
 */

export type Row = {
  /** What was measured, unit included. */
  readonly what: string;
  readonly control: number | null;
  readonly ours: number | null;
  readonly ratio: number | null;
  /** What was to be reached, and whether it was; null where nothing was set. */
  readonly reach: { readonly text: string; readonly isReached: boolean } | null;
  readonly note: string;
};

export type CaseResult = {
  readonly name: string;
  readonly about: string;
  readonly rows: readonly Row[];
  /** What went wrong: tokens that were lost, doubled, reordered. Empty when all was right. */
  readonly faults: readonly string[];
};

type Given = {
  readonly what: string;
  readonly ours: number | null;
  readonly control?: number | null;
  readonly note?: string;
  /** Reached when the ratio, or without a control ours, is at most this, or at least. */
  readonly atMost?: number;
  readonly atLeast?: number;
  /** Reached when ours is at most so much above the control, in the row's unit. */
  readonly atMostAbove?: number;
};

export function row(given: Given): Row {
  const { what, ours, control = null, note = "" } = given;
  const ratio = ours === null || control === null || control === 0 ? null : ours / control;
  return { what, ours, control, ratio, reach: judge(given, ratio), note };
}

/** The same figures, and no word on whether they are good. */
export function unjudged(given: Row): Row {
  return { ...given, reach: null };
}

function judge(given: Given, ratio: number | null): Row["reach"] {
  const { ours, control = null, atMost, atLeast, atMostAbove } = given;
  const judged = control === null ? ours : ratio;
  if (atMost !== undefined) {
    return { text: `≤ ${atMost}`, isReached: judged !== null && judged <= atMost };
  }
  if (atLeast !== undefined) {
    return { text: `≥ ${atLeast}`, isReached: judged !== null && judged >= atLeast };
  }
  if (atMostAbove !== undefined) {
    const isReached = ours !== null && control !== null && ours - control <= atMostAbove;
    return { text: `≤ control + ${atMostAbove}`, isReached };
  }
  return null;
}

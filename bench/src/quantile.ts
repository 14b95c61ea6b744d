/** The value below which a share of the others lies. */

/** Null for no values, and where one never came (NaN). */
export function quantile(values: readonly number[], q: number): number | null {
  if (values.some(Number.isNaN)) return null;
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? null;
}

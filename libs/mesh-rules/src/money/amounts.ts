/** Amounts as texts and as whole minor units (M7.2, M7.3). No float anywhere. */
import { utf8 } from "@ams/provenance";
import { reject } from "../errors.ts";

/** Test units: entries of the ledger that the operator of a mesh signs, not money. */
export type Amount = { readonly currency: string; readonly minor: number };

const AMOUNT = /^(0|[1-9][0-9]{0,14})(?:\.([0-9]{1,8}))? ([A-Z]{3})$/;

/** Digits after the point (ISO 4217) where they are not 2; `CRD` are the mesh's own credits. */
const DIGITS: Readonly<Record<string, number>> = {
  ...digits(0, "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"),
  ...digits(3, "BHD IQD JOD KWD LYD OMR TND"),
  ...digits(4, "CLF UYW"),
  CRD: 6,
};

function digits(count: number, currencies: string): Record<string, number> {
  return Object.fromEntries(currencies.split(" ").map((currency) => [currency, count]));
}

function digitsOf(currency: string): number {
  return DIGITS[currency] ?? 2;
}

/** Null for what is no amount, or not exact in its currency. */
export function parseAmount(text: unknown): Amount | null {
  if (typeof text !== "string") return null;
  const [, whole, fraction = "", currency = ""] = AMOUNT.exec(text) ?? [];
  if (whole === undefined) return null;
  const count = digitsOf(currency);
  const kept = fraction.slice(0, count).padEnd(count, "0");
  if (/[1-9]/.test(fraction.slice(count))) return null;
  const minor = BigInt(whole + kept);
  if (minor > BigInt(Number.MAX_SAFE_INTEGER)) return null;
  return { currency, minor: Number(minor) };
}

export function readAmount(text: unknown): Amount {
  return parseAmount(text) ?? reject("invalid_amount");
}

export function writeAmount({ currency, minor }: Amount): string {
  const count = digitsOf(currency);
  const text = String(minor).padStart(count + 1, "0");
  const [whole, fraction] = [text.slice(0, text.length - count), text.slice(text.length - count)];
  return `${whole}${count === 0 ? "" : `.${fraction}`} ${currency}`;
}

/** In whole units, with their fraction: for weighing experiences, never for money. */
export function unitsOf({ currency, minor }: Amount): number {
  return minor / 10 ** digitsOf(currency);
}

/** `part` of `whole` of an amount, rounded down. */
export function partOf(minor: number, part: number, whole: number): number {
  return Number((BigInt(minor) * BigInt(part)) / BigInt(whole));
}

/**
 * `minor` by weights: the floor of each, then one more to the largest remainders. Ties go by the
 * bytes of `names` where they are given, else by order.
 */
export function share(
  minor: number,
  weights: readonly number[],
  names?: readonly string[],
): readonly number[] {
  const sum = weights.reduce((total, weight) => total + BigInt(weight), 0n);
  const parts = weights.map((weight, index) => {
    const product = BigInt(minor) * BigInt(weight);
    return { index, floor: product / sum, rest: product % sum };
  });
  const given = parts.reduce((total, { floor }) => total + floor, 0n);
  const left = Number(BigInt(minor) - given);
  const order = parts.toSorted((a, b) => {
    if (a.rest !== b.rest) return a.rest > b.rest ? -1 : 1;
    return names === undefined
      ? a.index - b.index
      : compareBytes(names[a.index] ?? "", names[b.index] ?? "") || a.index - b.index;
  });
  const extra = new Set(order.slice(0, left).map(({ index }) => index));
  return parts.map(({ index, floor }) => Number(floor) + (extra.has(index) ? 1 : 0));
}

export function compareBytes(a: string, b: string): number {
  const [left, right] = [utf8(a), utf8(b)];
  const length = Math.min(left.length, right.length);
  for (let at = 0; at < length; at += 1) {
    const difference = (left[at] ?? 0) - (right[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

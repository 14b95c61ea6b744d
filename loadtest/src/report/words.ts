/** Numbers as people read them. */

/** `1,234,567` */
export function count(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}

/** So many per second: `1,234`, or `0.33` where whole numbers say too little. */
export function rate(value: number): string {
  return value < 10 ? String(Number(value.toPrecision(2))) : count(value);
}

/** `1 emitter`, `1,000 emitters` */
export function plural(value: number, noun: string, nouns = `${noun}s`): string {
  return `${count(value)} ${value === 1 ? noun : nouns}`;
}

/** Microseconds as `85 µs`, `1.24 ms` or `2.5 s`. */
export function span(microseconds: number): string {
  if (microseconds < 1_000) return `${Math.round(microseconds)} µs`;
  if (microseconds < 1_000_000) return `${three(microseconds / 1_000)} ms`;
  return `${three(microseconds / 1_000_000)} s`;
}

/** A share as `87 %`. */
export function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

function three(value: number): string {
  return value.toPrecision(3).includes("e")
    ? String(Math.round(value))
    : String(Number(value.toPrecision(3)));
}

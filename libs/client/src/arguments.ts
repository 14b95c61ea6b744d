/**
 * What callers give, checked at each entry: a program that no compiler has looked at gets a
 * sentence too.
 */
import { AmsError } from "./errors.ts";
import { isFields } from "./fields.ts";

/** Throws `invalid_argument` with this sentence unless the argument is right. */
export function must(isRight: boolean, sentence: string): asserts isRight {
  if (!isRight) throw new AmsError("invalid_argument", sentence);
}

/** Throws for what is no number or less than 0, naming the option. */
export function checkAmount(option: string, value: number | undefined): void {
  must(value === undefined || value >= 0, `The option ${option} is a number, and not less than 0.`);
}

/** `what` begins a sentence. */
export function checkText(what: string, value: unknown): asserts value is string {
  must(typeof value === "string", `${what} is a string.`);
}

export function checkOptions(value: unknown): void {
  must(isFields(value), "Options are an object.");
}

export function checkSignal(signal: AbortSignal | undefined): void {
  const listens = signal === undefined || typeof signal?.addEventListener === "function";
  must(listens, "A signal is an AbortSignal.");
}

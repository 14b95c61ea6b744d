/**
 * What callers give, checked at each entry: a program that no compiler has looked at gets a
 * sentence too.
 */
import { AmsError } from "./errors.ts";
import { isFields } from "./fields.ts";

/** Characters of a name that an error repeats. */
const NAME_CHARACTERS_MAX = 64;

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

/** The names of the options of a call; the compiler refuses a list that lacks one. */
export type OptionNames<Options> = Readonly<Record<KeysOf<Options>, true>>;
type KeysOf<Union> = Union extends Union ? keyof Union : never;

/** Refuses what is no object, and by its name an option that the call doesn't have. */
export function checkOptions(value: unknown, names: Readonly<Record<string, true>>): void {
  must(isFields(value), "Options are an object.");
  for (const name of Object.keys(value)) {
    must(
      Object.hasOwn(names, name),
      `There is no option ${name.slice(0, NAME_CHARACTERS_MAX)}: there are ${listed(names)}.`,
    );
  }
}

function listed(names: Readonly<Record<string, true>>): string {
  return Object.keys(names).join(", ");
}

export function checkSignal(signal: AbortSignal | undefined): void {
  const listens = signal === undefined || typeof signal?.addEventListener === "function";
  must(listens, "A signal is an AbortSignal.");
}

/** Amounts and times, as a caller gives them. */
import { AmsError } from "./errors.ts";

/** Throws `invalid_argument`, naming the option, for what is no number or less than 0. */
export function checkAmount(option: string, value: number | undefined): void {
  if (value === undefined || value >= 0) return;
  throw new AmsError("invalid_argument", `The option ${option} is a number, and not less than 0.`);
}

/**
 * By which a store knows its peppers: a fixed text hashed under each. Whoever has the store learns
 * nothing of a pepper from it that the hashes of credentials and links don't show already.
 */
import type { PepperKind } from "./directory.ts";
import { hashes, type Peppers } from "./secrets.ts";

/**
 * Check values that are kept of each list of peppers: rotations after which the first of them isn't
 * known any more.
 */
export const PEPPER_CHECKS_MAX = 16;

/**
 * The version of what lies in the store. It rises when an earlier version couldn't read what a
 * later one writes; then the earlier one is refused at its start.
 */
export const STORE_FORMAT = 1;

/** The check value of each pepper of a list, in its order. */
export function checkValuesOf(peppers: Peppers, kind: PepperKind): readonly string[] {
  return hashes(peppers[kind], `pepper-check|${kind}`);
}

/**
 * By which a store knows its peppers: a fixed text hashed under each. Whoever has the store learns nothing of a pepper
 * from it that the hashes of credentials and links don't tell already.
 */
import type { PepperKind } from "./directory.ts";
import { hashes, type Peppers } from "./secrets.ts";

/** The check value of each pepper of a list, in its order. */
export function checkValuesOf(peppers: Peppers, kind: PepperKind): readonly string[] {
  return hashes(peppers[kind], `pepper-check|${kind}`);
}

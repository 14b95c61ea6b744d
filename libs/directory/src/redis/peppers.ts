/** The check values of the peppers on Redis. */
import { textOf } from "@ams/store";
import { checkValuesOf, PEPPER_CHECKS_MAX } from "../check-values.ts";
import type { Peppered, PepperKind } from "../directory.ts";
import type { Peppers } from "../secrets.ts";
import { confirmPeppers } from "./scripts/peppers.ts";
import type { Store } from "./store.ts";

export function redisPeppers(store: Store): Peppered {
  return {
    async confirmPeppers(peppers) {
      const args = [words(peppers, "credential"), words(peppers, "link"), PEPPER_CHECKS_MAX];
      const unknown = textOf(await store.run(confirmPeppers, [store.keys.peppers], args));
      if (unknown === "credential" || unknown === "link") return { ok: false, fault: unknown };
      return { ok: true, value: null };
    },
  };
}

function words(peppers: Peppers, kind: PepperKind): string {
  return checkValuesOf(peppers, kind).join(" ");
}

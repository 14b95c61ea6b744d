/** The check values of the peppers on Redis. */
import { textOf } from "@ams/store";
import { checkValuesOf, PEPPER_CHECKS_MAX, STORE_FORMAT } from "../check-values.ts";
import type { Peppered, PepperKind } from "../directory.ts";
import type { Peppers } from "../secrets.ts";
import { confirmPeppers } from "./scripts/peppers.ts";
import type { Store } from "./store.ts";

export function redisPeppers(store: Store): Peppered {
  return {
    async confirmPeppers(peppers) {
      const lists = [hashesOf(peppers, "credential"), hashesOf(peppers, "link")];
      const args = [...lists, PEPPER_CHECKS_MAX, STORE_FORMAT];
      const fault = textOf(await store.run(confirmPeppers, [store.keys.peppers], args));
      if (fault === "credential" || fault === "link" || fault === "format") {
        return { ok: false, fault };
      }
      return { ok: true, value: null };
    },
  };
}

function hashesOf(peppers: Peppers, kind: PepperKind): string {
  return checkValuesOf(peppers, kind).join(" ");
}

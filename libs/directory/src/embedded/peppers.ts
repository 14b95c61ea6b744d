/** The check values of the peppers in the file. */
import { checkValuesOf, PEPPER_CHECKS_MAX, STORE_FORMAT } from "../check-values.ts";
import type { Peppered, PepperKind } from "../directory.ts";
import { type Store, step } from "./store.ts";

const KINDS: readonly PepperKind[] = ["credential", "link"];

export function embeddedPeppers(store: Store): Peppered {
  const { peppers: table } = store.tables;
  return {
    confirmPeppers: (peppers) =>
      step(store, () => {
        const written = Number(table.get("format")?.[0] ?? 0);
        if (written > STORE_FORMAT) return { ok: false, fault: "format" };
        const lists = KINDS.map((kind) => ({
          kind,
          given: checkValuesOf(peppers, kind),
          known: table.get(kind) ?? [],
        }));
        const unknown = lists.find(
          ({ given, known }) => known.length > 0 && !given.some((value) => known.includes(value)),
        );
        if (unknown !== undefined) return { ok: false, fault: unknown.kind };
        for (const { kind, given, known } of lists) {
          const [first] = given;
          if (first === undefined || known.includes(first)) continue;
          table.putSync(kind, [...known, first].slice(-PEPPER_CHECKS_MAX));
        }
        if (written < STORE_FORMAT) table.putSync("format", [String(STORE_FORMAT)]);
        return { ok: true, value: null };
      }),
  };
}

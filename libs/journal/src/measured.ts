/** Journals that count what is done with them. */
import { Counter, Histogram, type Registry } from "prom-client";
import type { Journals } from "./journal.ts";

/** Seconds: from an append in memory to one that waits for replicas. */
const SECONDS = [0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1, 2];

/** The same journals; `service` is a label of each metric. */
export function measureJournals(inner: Journals, service: string, registry: Registry): Journals {
  const registers: Registers = [registry];
  const appends = counter(registers, "ams_journal_appends_total", "Appends, by result.", [
    "service",
    "result",
  ]);
  const conflicts = counter(
    registers,
    "ams_journal_conflicts_total",
    "Appends that another one came before.",
    ["service"],
  );
  const folded = counter(registers, "ams_journal_fold_entries_total", "Entries read and folded.", [
    "service",
  ]);
  const seconds =
    existing(registry, "ams_journal_append_seconds", Histogram) ??
    new Histogram({
      name: "ams_journal_append_seconds",
      help: "Seconds of an append, from the call to its acknowledgement.",
      labelNames: ["service"],
      buckets: SECONDS,
      registers,
    });
  return {
    append: async (...given) => {
      const end = seconds.startTimer({ service });
      const appended = await inner.append(...given);
      end();
      appends.inc({ service, result: appended.ok ? "ok" : appended.fault });
      if (!appended.ok && appended.fault === "conflict") conflicts.inc({ service });
      return appended;
    },
    read: async (...given) => {
      const page = await inner.read(...given);
      folded.inc({ service }, page.entries.length);
      return page;
    },
    watch: (...given) => inner.watch(...given),
    saveSnapshot: (...given) => inner.saveSnapshot(...given),
    loadSnapshot: (...given) => inner.loadSnapshot(...given),
    putBlob: (...given) => inner.putBlob(...given),
    getBlob: (...given) => inner.getBlob(...given),
    deleteBlob: (...given) => inner.deleteBlob(...given),
    list: (...given) => inner.list(...given),
    notReady: () => inner.notReady(),
    close: () => inner.close(),
  };
}

type Registers = [Registry];

function counter<Label extends string>(
  registers: Registers,
  name: string,
  help: string,
  labelNames: Label[],
): Counter<Label> {
  const [registry] = registers;
  return (
    existing(registry, name, Counter<Label>) ?? new Counter({ name, help, labelNames, registers })
  );
}

/** Two services of one process share a registry, and so its metrics. */
function existing<Metric>(
  registry: Registry,
  name: string,
  kind: abstract new (...args: never[]) => Metric,
): Metric | null {
  const found = registry.getSingleMetric(name);
  return found instanceof kind ? found : null;
}

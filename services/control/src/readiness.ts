/** Whether the directory answers, asked once a second: what `/readyz` tells a load balancer. */
import type { Directory } from "@ams/directory";
import { Gauge, type Registry } from "prom-client";

/** Milliseconds between two questions: a balancer learns of a lost store within a few of them. */
const EVERY_MS = 1_000;
/** Milliseconds while it doesn't answer, so that a start or a return isn't waited for. */
const EVERY_AWAY_MS = 200;

export type Readiness = {
  /** Null when the directory answered last, else the word `directory`; `stopping` once stopped. */
  readonly notReady: () => string | null;
  readonly stop: () => void;
};

export function watchDirectory(directory: Pick<Directory, "ping">, registry: Registry): Readiness {
  const ping = new Gauge({
    name: "ams_control_directory_ping_seconds",
    help: "Seconds that the directory took to answer the latest question; NaN when it did not.",
    registers: [registry],
  });
  let reason: string | null = "directory";
  let timer: NodeJS.Timeout | null = null;
  let stopped = false;
  const ask = async () => {
    try {
      ping.set((await directory.ping()) / 1000);
      reason = null;
    } catch {
      ping.set(Number.NaN);
      reason = "directory";
    }
    if (!stopped) timer = setTimeout(() => void ask(), reason === null ? EVERY_MS : EVERY_AWAY_MS);
  };
  void ask();
  return {
    notReady: () => (stopped ? "stopping" : reason),
    stop: () => {
      stopped = true;
      if (timer !== null) clearTimeout(timer);
    },
  };
}

/**
 * Whether the directory answers, asked once a second: what `/readyz` answers a load balancer. The
 * first answer is also asked whether this process has the store's peppers.
 */
import type { Directory, PepperKind, Peppers } from "@ams/directory";
import { Gauge, type Registry } from "prom-client";

/** Milliseconds between two questions: a balancer learns of a lost store within a few of them. */
const EVERY_MS = 1_000;
/** Milliseconds while it doesn't answer, so that a start or a return isn't waited for. */
const EVERY_AWAY_MS = 200;

export type Readiness = {
  /** Null when the directory answered last, else the word `directory`; `stopping` once stopped. */
  readonly notReady: () => string | null;
  /**
   * Whether the store has confirmed the peppers: before that nothing may be read or written under
   * them.
   */
  readonly isConfirmed: () => boolean;
  /** Resolves when the directory has been asked once, whether it answered or not. */
  readonly asked: Promise<void>;
  readonly stop: () => void;
};

export type WatchOptions = {
  readonly directory: Pick<Directory, "ping" | "confirmPeppers">;
  readonly peppers: Peppers;
  readonly registry: Registry;
  /** Called when the store knows none of a list, or is a later version's: the process must end. */
  readonly unknownPeppers: (list: PepperKind | "format") => void;
};

export function watchDirectory(options: WatchOptions): Readiness {
  const { directory, peppers, registry, unknownPeppers } = options;
  const ping = new Gauge({
    name: "ams_control_directory_ping_seconds",
    help: "Seconds that the directory took to answer the latest question; NaN when it did not.",
    registers: [registry],
  });
  let reason: string | null = "directory";
  let timer: NodeJS.Timeout | null = null;
  let stopped = false;
  let confirmed = false;
  const confirm = async () => {
    const outcome = await directory.confirmPeppers(peppers);
    confirmed = outcome.ok;
    if (!outcome.ok) unknownPeppers(outcome.fault);
  };
  const ask = async () => {
    try {
      ping.set((await directory.ping()) / 1000);
      if (!confirmed) await confirm();
      reason = null;
    } catch {
      ping.set(Number.NaN);
      reason = "directory";
    }
    if (!stopped) timer = setTimeout(() => void ask(), reason === null ? EVERY_MS : EVERY_AWAY_MS);
  };
  const asked = ask();
  return {
    asked,
    notReady: () => (stopped ? "stopping" : reason),
    isConfirmed: () => confirmed,
    stop: () => {
      stopped = true;
      if (timer !== null) clearTimeout(timer);
    },
  };
}

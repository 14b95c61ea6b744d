/**
 * Removes expired conversations, a little every second (§2.3.5): every control process does,
 * whoever comes first.
 */
import type { Directory } from "@ams/directory";
import { describeError, type Log } from "@ams/process";

/** Milliseconds between two steps, each of which looks at a part of what is due. */
const EVERY_MS = 1_000;

export type Expiry = {
  /** Resolves once the step under way has ended. */
  readonly stop: () => Promise<void>;
};

export function startExpiry(directory: Pick<Directory, "removeExpired">, log: Log): Expiry {
  let timer: NodeJS.Timeout | null = null;
  let stopped = false;
  const step = async () => {
    try {
      const removed = await directory.removeExpired();
      if (removed > 0) log.info({ event: "expired_removed", conversations: removed }, "removed");
    } catch (error) {
      // The next step tries again; `/readyz` says that the directory is away.
      log.debug({ event: "expiry_failed", ...describeError(error) }, "expiry failed");
    }
    if (!stopped) timer = setTimeout(next, EVERY_MS);
  };
  let underWay = Promise.resolve();
  const next = () => {
    underWay = step();
  };
  timer = setTimeout(next, EVERY_MS);
  return {
    async stop() {
      stopped = true;
      if (timer !== null) clearTimeout(timer);
      await underWay;
    },
  };
}

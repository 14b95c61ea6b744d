/**
 * What every module of the embedded directory uses: the file, who is here, and how to notify
 * others.
 */
import type { Channels } from "../channels.ts";
import { DirectoryUnavailable, type Removed } from "../directory.ts";
import type { Counter } from "./epochs.ts";
import type { Here } from "./here.ts";
import type { Tables } from "./tables.ts";

/**
 * Called in the same step that changes a roster, so the order of the calls is the order of the
 * changes.
 */
export type Announce = (channel: string, event: string) => void;

export type Store = {
  readonly tables: Tables;
  readonly here: Here;
  /** Claim counters in use, by `<ns>/<alias>`: see epochs.ts. */
  readonly claims: Map<string, Counter>;
  readonly channels: Channels;
  readonly announce: Announce;
  readonly removed: Removed;
  /** Unix milliseconds. */
  readonly now: () => number;
};

/**
 * One step: everything in it happens at once, because nothing in it waits, and it is on disk when
 * this resolves. A step that throws changes nothing on disk. `after` runs in the same step, once it
 * is on disk: it announces.
 */
export async function step<Result>(
  store: Store,
  action: () => Result,
  after: (result: Result) => void = () => {},
): Promise<Result> {
  return attempt(() => {
    const result = store.tables.file.transactionSync(action);
    after(result);
    return result;
  });
}

/** A step that writes nothing to the file, or only in a step within it. */
export async function look<Result>(action: () => Result): Promise<Result> {
  return attempt(action);
}

function attempt<Result>(action: () => Result): Result {
  try {
    return action();
  } catch (error) {
    const reason = error instanceof Error ? error.message : "unknown";
    throw new DirectoryUnavailable(`The directory file does not answer: ${reason}`);
  }
}

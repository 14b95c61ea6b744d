/**
 * Which accounts are suspended, as one process knows it: it asks for the version again and again,
 * and reads all of them when that has changed. So each join and each request looks into memory.
 */
import type { AccountId } from "@ams/protocol";
import type { Hosting } from "./hosting.ts";

/** Milliseconds between two looks: half of the second within which a suspension is in force. */
export const SUSPENSIONS_LOOK_MS = 500;

export type Suspensions = {
  readonly has: (account: AccountId) => boolean;
  /** Looks at once. Rejects when the directory is away; what was known before holds on. */
  readonly look: () => Promise<void>;
  readonly stop: () => void;
};

/** `changed` is called when an account was added, with all that are suspended now. */
export function watchSuspensions(
  directory: Pick<Hosting, "suspensionsVersion" | "suspendedAccounts">,
  changed: (suspended: ReadonlySet<AccountId>) => void = () => undefined,
): Suspensions {
  let known = -1;
  let suspended: ReadonlySet<AccountId> = new Set();
  const read = async () => {
    const version = await directory.suspensionsVersion();
    if (version === known) return;
    const next = new Set(version === 0 ? [] : await directory.suspendedAccounts());
    const added = [...next].some((account) => !suspended.has(account));
    known = version;
    suspended = next;
    if (added) changed(next);
  };
  // One after the other, so that an older answer never replaces a newer one.
  let reading: Promise<void> = Promise.resolve();
  const look = () => {
    reading = reading.catch(() => undefined).then(read);
    return reading;
  };
  let idle = true;
  const timer = setInterval(() => {
    if (!idle) return;
    idle = false;
    // While the directory is away nobody can join either.
    look()
      .catch(() => undefined)
      .finally(() => {
        idle = true;
      });
  }, SUSPENSIONS_LOOK_MS).unref();
  return { has: (account) => suspended.has(account), look, stop: () => clearInterval(timer) };
}

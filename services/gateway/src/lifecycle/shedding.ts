/**
 * What a full gateway does about guests. The memory of messages that are not finished is in no
 * budget (`memory.ts`), and who holds it can't be seen; but whoever holds an unfinished message has
 * not finished one for a while. So guests that have said nothing for longest are ended first, some
 * at each heartbeat, until the memory is below its limit. They may come back (4290), and find no
 * place until then. Who has an account is not touched.
 */
import type { Log } from "@ams/process";
import { isGuest } from "@ams/protocol";
import type { Session } from "../conversation/session.ts";
import type { Memory } from "./memory.ts";

/** Milliseconds between two looks; what was freed shows in the memory by then. */
const LOOK_MS = 1_000;

/** Guests that one look ends: 100 MiB of the longest messages. */
const ENDED_AT_ONCE = 100;

/** Milliseconds without a whole message after which a guest is quiet: 1 MiB on a slow network. */
const QUIET_MS = 5_000;

export type SheddingDeps = {
  readonly memory: Pick<Memory, "isFull">;
  readonly conversations: { sessions(): Iterable<{ readonly session: Session }> };
  /** Unix milliseconds. */
  readonly now: () => number;
  readonly log: Pick<Log, "warn">;
};

/** Looks until the returned function is called. */
export function beginShedding(deps: SheddingDeps): () => void {
  const timer = setInterval(() => shed(deps), LOOK_MS);
  timer.unref();
  return () => clearInterval(timer);
}

/** One look. */
export function shed({ memory, conversations, now, log }: SheddingDeps): void {
  if (!memory.isFull()) return;
  const quietest = guestsQuietAt(now(), [...conversations.sessions()]).slice(0, ENDED_AT_ONCE);
  for (const guest of quietest) guest.close("rate_limited");
  const count = quietest.length;
  if (count > 0) log.warn({ event: "guests_ended", count }, "memory is full: ended quiet guests");
}

/** Those that are quiet, the longest first. */
function guestsQuietAt(nowMs: number, all: readonly { readonly session: Session }[]): Session[] {
  return all
    .map(({ session }) => session)
    .filter(({ stream }) => isGuest(stream.entry.owner_account_id))
    .filter(({ heardMs }) => nowMs - heardMs >= QUIET_MS)
    .sort((one, other) => one.heardMs - other.heardMs);
}

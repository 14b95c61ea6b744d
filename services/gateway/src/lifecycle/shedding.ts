/**
 * What a full gateway does about quiet sockets. The memory of messages that are not finished is in
 * no budget (`memory.ts`), and who holds it can't be seen; but whoever holds an unfinished message
 * has not finished one for a while. So once the memory has been full for as long, quiet guests are
 * ended, some at each look, until it is below its limit: those of the owner who has the most of
 * them first, and of these the newest. Where that doesn't help, quiet sockets of accounts follow,
 * of the account with the most first. They may come back (4290), and find no place until then.
 */
import type { Log } from "@ams/process";
import { isGuest } from "@ams/protocol";
import type { Conversation } from "../conversation/conversation.ts";
import type { Session } from "../conversation/session.ts";
import type { Memory } from "./memory.ts";

/** Milliseconds between two looks; what was freed shows in the memory by then. */
const LOOK_MS = 1_000;

/** Sockets that one look ends. A hundred guests: 100 MiB of the longest messages. */
const GUESTS_AT_ONCE = 100;
const ACCOUNTS_AT_ONCE = 25;

/** Milliseconds without a whole message after which a socket is quiet: 1 MiB on a slow network. */
const QUIET_MS = 5_000;

/** Milliseconds of full memory without a quiet guest after which accounts' sockets are ended. */
const GUESTS_ALONE_MS = 10_000;

type Here = {
  readonly session: Session;
  readonly conversation: { readonly where: Pick<Conversation["where"], "address"> };
};

export type SheddingDeps = {
  readonly memory: Pick<Memory, "isFull">;
  readonly conversations: { sessions(): Iterable<Here> };
  /** Unix milliseconds. */
  readonly now: () => number;
  readonly log: Pick<Log, "warn">;
};

/** Looks until the returned function is called. */
export function beginShedding(deps: SheddingDeps): () => void {
  const timer = setInterval(createShedding(deps), LOOK_MS);
  timer.unref();
  return () => clearInterval(timer);
}

/** One look at each call. */
export function createShedding({ memory, conversations, now, log }: SheddingDeps): () => void {
  /** Since when it has been full; null while it isn't. */
  let fullSinceMs: number | null = null;
  /** Since when it has been full without a quiet guest; null while it isn't. */
  let withoutGuestsSinceMs: number | null = null;
  return () => {
    if (!memory.isFull()) {
      fullSinceMs = null;
      withoutGuestsSinceMs = null;
      return;
    }
    const nowMs = now();
    fullSinceMs ??= nowMs;
    // Nobody joins meanwhile, so by then those are quiet too who filled it at last.
    if (nowMs - fullSinceMs < QUIET_MS) return;
    const quiet = [...conversations.sessions()].filter((one) => isQuiet(one, nowMs));
    const guests = inFairOrder(quiet.filter(isOfGuest), ownerOf).slice(0, GUESTS_AT_ONCE);
    if (guests.length > 0) {
      withoutGuestsSinceMs = null;
      for (const { session } of guests) session.close("rate_limited");
      const fields = { event: "guests_ended", count: guests.length };
      log.warn(fields, "memory is full: ended quiet guests");
      return;
    }
    withoutGuestsSinceMs ??= nowMs;
    if (nowMs - withoutGuestsSinceMs < GUESTS_ALONE_MS) return;
    const others = inFairOrder(quiet, accountOf).slice(0, ACCOUNTS_AT_ONCE);
    for (const { session } of others) session.close("rate_limited");
    const fields = { event: "accounts_ended", count: others.length };
    if (others.length > 0) log.warn(fields, "memory is full: ended quiet sockets of accounts");
  };
}

function isQuiet({ session }: Here, nowMs: number): boolean {
  return nowMs - session.heardMs >= QUIET_MS;
}

function isOfGuest({ session }: Here): boolean {
  return isGuest(session.stream.entry.owner_account_id);
}

/** Who answers for a guest: all guests of a link are one account, and an owner has many links. */
function ownerOf({ conversation }: Here): string {
  return conversation.where.address.namespace;
}

function accountOf({ session }: Here): string {
  return session.stream.entry.owner_account_id;
}

/**
 * As if each were taken of the group that has the most left, and there the newest: so a group that
 * has few loses none before the others are as few.
 */
function inFairOrder(all: readonly Here[], groupOf: (one: Here) => string): readonly Here[] {
  const oldestFirst = all.toSorted((one, other) => joinedMs(one) - joinedMs(other));
  const counts = new Map<string, number>();
  const ranked = oldestFirst.map((one) => {
    const rank = (counts.get(groupOf(one)) ?? 0) + 1;
    counts.set(groupOf(one), rank);
    return { one, rank };
  });
  // What is of one rank stays in its order, so after this the newest of a rank comes last.
  return ranked
    .sort((a, b) => a.rank - b.rank)
    .reverse()
    .map(({ one }) => one);
}

function joinedMs({ session }: Here): number {
  return Date.parse(session.stream.entry.joined_at);
}

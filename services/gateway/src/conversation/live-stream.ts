/** A live stream of a conversation, as a gateway knows it. */
import type { RosterEntry } from "@ams/directory";
import { formatSeq, type JsonText } from "@ams/protocol";
import type { Meter } from "../usage/meter.ts";

/**
 * Whether a stream's connection may emit. `doubted`: the directory did not name it, or announced it
 * as left, and has to be asked; `ended`: another claim holds the stream, or nobody does.
 */
export type ClaimState = "held" | "doubted" | "ended";

/** A stream that is live in the conversation, wherever its connection is. */
export type LiveStream = {
  readonly entry: RosterEntry;
  readonly claim: ClaimState;
  /**
   * The last `n` of this epoch that passed here; null when this gateway came later and has heard
   * none. The emission counts what is emitted here, the roster what came over the bus.
   */
  lastN: number | null;
  /**
   * The metadata that readers were last notified of: a takeover may bring another, which its first
   * frame carries.
   */
  readonly knownMetadata: JsonText;
  /** Unix ms of the latest time that subscribers here were sent for the stream, 0 for none. */
  lastMs: number;
  /** Where the time is in its token frames; null until one came over the bus. */
  timeAt: number | null;
  /** Who is charged for it; null until something was. */
  meter: Meter | null;
  /** The claim that took this stream over, null while this one holds it. */
  readonly successor: LiveStream | null;
};

/** Only the roster writes a stream's epoch, claim and successor. */
export type OwnStream = { -readonly [Field in keyof LiveStream]: LiveStream[Field] };

/**
 * Milliseconds by which gateways' clocks may differ. A frame that is earlier than others of its
 * stream by more is delivered all the same: otherwise a wrong clock would silence streams.
 */
const CLOCKS_APART_MS_MAX = 60_000;

export function toStream(entry: RosterEntry, lastN: number | null): OwnStream {
  const { metadata: knownMetadata } = entry;
  const unknown = { lastMs: 0, timeAt: null, meter: null, successor: null };
  return { entry, claim: "held", lastN, knownMetadata, ...unknown };
}

export function seqOf(stream: LiveStream): string | null {
  return stream.lastN === null || stream.lastN === 0
    ? null
    : formatSeq(stream.entry.epoch, stream.lastN);
}

export function noTime(): number {
  return Number.NaN;
}

/** Whether readers here have heard later times of the stream, by clocks that may differ so much. */
export function isEarly({ lastMs }: LiveStream, ms: number): boolean {
  return ms < lastMs && lastMs - ms <= CLOCKS_APART_MS_MAX;
}

/** A frame of this time was delivered: what later claims send is no earlier. */
export function advanceAll(stream: LiveStream, ms: number): void {
  stream.lastMs = ms;
  for (let later = stream.successor; later !== null; later = later.successor) {
    later.lastMs = Math.max(later.lastMs, ms);
  }
}

/** The claim that holds the stream after all that have taken it over, as far as is known. */
export function latestClaimOf(stream: LiveStream): LiveStream {
  let claim = stream;
  while (claim.successor !== null) claim = claim.successor;
  return claim;
}

/** Whether a frame of any later claim has been heard. */
export function hasEmittedSince(stream: LiveStream): boolean {
  for (let later = stream.successor; later !== null; later = later.successor) {
    if ((later.lastN ?? 0) > 0) return true;
  }
  return false;
}

/** What a load run counts, in frames unless said otherwise. */

export type Tally = {
  /** Tokens that the emitters' sockets took. */
  emitted: number;
  /** Tokens of this run that came for the first time, late ones included. */
  received: number;
  /** Missing: neither reported by the broker nor explained by a closed connection. */
  lost: number;
  /** Came after a later one of its stream. */
  reordered: number;
  /** Came again. */
  doubled: number;
  /** A connection's own tokens, which nobody asked for. */
  selfDelivered: number;
  /** Came to a connection that had asked for no tokens (§5.10). */
  unasked: number;
  /** Tokens that are not what was sent at their place of the stream. */
  altered: number;
  /** Gaps that the broker reported (§4.7), and the frames missing in them as far as it said. */
  gapsReported: number;
  framesReported: number;
  /** Not delivered to connections that had been closed. */
  cutOff: number;
  /** Still on the way when the run was stopped. */
  inFlight: number;
  /** Passed while a subscriber of the plan was away, as the plan wants it. */
  away: number;
  /** Of what was received or lost, that of visitors, who come and go. */
  toVisitors: number;
  /** Visitors that joined, and connections that the plan ended. */
  visits: number;
  drops: number;
  /** Joins of visitors, and of those that came back, that were refused. */
  refused: number;
  /** Connections that a draining gateway sent to another one (§4.9), each time. */
  moved: number;
  /** Tokens of streams that are not of this run. */
  foreign: number;
  /** Frames that break the protocol. */
  unreadable: number;
};

export function emptyTally(): Tally {
  return {
    emitted: 0,
    received: 0,
    lost: 0,
    reordered: 0,
    doubled: 0,
    selfDelivered: 0,
    unasked: 0,
    altered: 0,
    gapsReported: 0,
    framesReported: 0,
    cutOff: 0,
    inFlight: 0,
    away: 0,
    toVisitors: 0,
    visits: 0,
    drops: 0,
    refused: 0,
    moved: 0,
    foreign: 0,
    unreadable: 0,
  };
}

const NAMES = namesOf(emptyTally());

function namesOf(tally: Tally): readonly (keyof Tally)[] {
  return Object.keys(tally).filter((name): name is keyof Tally => name in tally);
}

/** Every count of `to` raised by that of `what`, times `sign`. */
export function addTally(to: Tally, what: Readonly<Tally>, sign: 1 | -1 = 1): void {
  for (const name of NAMES) to[name] += sign * what[name];
}

/**
 * How often the broker broke a promise: lost, doubled, reordered, altered, unreadable, or delivered
 * to its owner or to who didn't ask.
 */
export function faultsOf(tally: Readonly<Tally>): number {
  const { lost, doubled, reordered, altered, selfDelivered, unasked, unreadable } = tally;
  return lost + doubled + reordered + altered + selfDelivered + unasked + unreadable;
}

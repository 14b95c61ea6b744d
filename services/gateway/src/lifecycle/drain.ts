/**
 * A gateway drains in slices: each socket is notified when to come back, spread over a
 * time so that the other gateways aren't stormed, and then closed (§4.9). Where others take the
 * sockets over, each stays open until its client has had the time to move, and misses nothing.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { describeError, type Log } from "@ams/process";
import { encodeDrain } from "@ams/protocol";
import type { Conversations } from "../conversation/conversations.ts";

/** Milliseconds between two slices, and the least between a notification and its close. */
const SLICE_MS = 100;

/**
 * Milliseconds after the time at which a client was asked to come back, in which it moves: a try to
 * connect takes a twentieth of that, and a busy gateway or client needs more.
 */
const HANDOVER_MS = 2_000;

export type DrainTerms = {
  /** Milliseconds within which every socket has been notified. */
  readonly drainMs: number;
  /** Milliseconds over which the clients' returns are spread. */
  readonly spreadMs: number;
  /** Whether other gateways take the sockets over, so that clients can move first. */
  readonly isTakenOver: boolean;
};

/** Whether this gateway drains: by an operator's wish, and then by its end. */
export class Draining {
  isBegun = false;
  readonly #log: Log;
  readonly #drain: () => Promise<void>;

  constructor(log: Log, drainAll: () => Promise<void>) {
    this.#log = log;
    this.#drain = drainAll;
  }

  begin(): void {
    if (this.isBegun) return;
    this.run().catch((error: unknown) =>
      this.#log.error({ event: "drain_failed", ...describeError(error) }, "drain failed"),
    );
  }

  /** Resolves when no socket is left. */
  run(): Promise<void> {
    this.isBegun = true;
    return this.#drain();
  }
}

type Session = { close(reason: "draining"): void };

/**
 * Notifies every session to come back later and closes it; resolves when none is left, nor any
 * connect under way.
 */
export async function drain(
  conversations: Conversations,
  terms: DrainTerms,
  isConnecting: () => boolean,
): Promise<void> {
  await drainPresent(conversations, terms);
  while (conversations.size > 0 || isConnecting()) {
    // A join under way has no session yet: it needs the event loop to come to its end.
    await sleep(SLICE_MS);
    await drainPresent(conversations, { ...terms, drainMs: 0 });
  }
}

async function drainPresent(conversations: Conversations, terms: DrainTerms): Promise<void> {
  const waiting = [...conversations.sessions()];
  const slices = Math.max(1, Math.floor(terms.drainMs / SLICE_MS));
  const perSlice = Math.max(1, Math.ceil(waiting.length / slices));
  /** Sessions by the slices of time after which they are closed. */
  let leaving: { readonly afterSlices: number; readonly session: Session }[] = [];
  for (let passed = 0; waiting.length > 0 || leaving.length > 0; ) {
    for (const { session } of waiting.splice(0, perSlice)) {
      const backAfterMs = Math.floor(Math.random() * terms.spreadMs);
      session.socket?.send(encodeDrain(backAfterMs));
      const stayMs = terms.isTakenOver ? backAfterMs + HANDOVER_MS : 0;
      leaving.push({ afterSlices: passed + Math.ceil(stayMs / SLICE_MS), session });
    }
    // What was sent before the notification came is still accepted.
    await sleep(SLICE_MS);
    for (const { session, afterSlices } of leaving) {
      if (afterSlices <= passed) session.close("draining");
    }
    leaving = conversations.size === 0 ? [] : leaving.filter((one) => one.afterSlices > passed);
    passed += 1;
  }
}

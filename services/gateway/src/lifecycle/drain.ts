/**
 * A gateway drains in slices: each socket is notified when to come back, spread over a
 * time so that the other gateways aren't stormed, and then closed (§4.9).
 */
import { setTimeout as sleep } from "node:timers/promises";
import { encodeDrain } from "@ams/protocol";
import type { Conversations } from "../conversation/conversations.ts";

/** Milliseconds between a slice's notification and its close, and so between two slices. */
const SLICE_MS = 100;

export type DrainTerms = {
  /** Milliseconds within which every socket has been closed. */
  readonly drainMs: number;
  /** Milliseconds over which the clients' returns are spread. */
  readonly spreadMs: number;
};

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
  while (waiting.length > 0) {
    const slice = waiting.splice(0, perSlice);
    for (const { session } of slice) {
      session.socket?.send(encodeDrain(Math.floor(Math.random() * terms.spreadMs)));
    }
    // What was sent before the notification came is still accepted.
    await sleep(SLICE_MS);
    for (const { session } of slice) session.close("draining");
  }
}

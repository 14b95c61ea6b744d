/** The readers of one conversation that are served from its log at present: mostly none. */
import type { CloseReason, StreamId } from "@ams/protocol";
import type { Socket } from "../accept/sockets.ts";
import type { Session } from "../conversation/session.ts";
import { LastFrames } from "./find-last.ts";
import { Follower, type FollowerParts, type FollowTerms } from "./follower.ts";

export type FollowersParts = Omit<
  FollowerParts,
  "last" | "socket" | "wants" | "replayed" | "goLive" | "close"
> & {
  /** The log could not be read, or the bus is away. */
  readonly failed: (error: unknown) => void;
};

export class Followers {
  readonly #parts: FollowersParts;
  readonly #all = new Map<Session, Follower>();
  readonly #last: LastFrames;

  constructor(parts: FollowersParts) {
    this.#parts = parts;
    const { kept, turns, account } = parts;
    this.#last = new LastFrames({
      kept,
      turn: () => turns.wait(account),
      spend: (bytes) => turns.spend(bytes),
    });
  }

  get size(): number {
    return this.#all.size;
  }

  /** Serves the session from the log until it can be put on its topics by `goLive`. */
  begin(session: Session, socket: Socket, terms: FollowTerms, goLive: () => void): void {
    const { streams, self } = session.terms.subscription;
    const own = session.stream.entry.stream_id;
    const listed = streams === null ? null : new Set(streams);
    const wants = (stream: StreamId) =>
      stream === own ? self !== null : listed === null || listed.has(stream);
    const follower = new Follower(
      {
        ...this.#parts,
        last: this.#last,
        socket,
        wants,
        replayed: (bytes) => {
          const { meter } = session.stream;
          if (meter !== null) meter.replayBytes += bytes;
        },
        goLive: () => {
          this.#all.delete(session);
          goLive();
        },
        close: (reason: CloseReason) => session.close(reason),
      },
      terms,
    );
    this.#all.set(session, follower);
    follower.run().catch((error: unknown) => {
      this.#parts.failed(error);
      session.close("internal_error");
    });
  }

  /** The session has gone. True when it was served from the log. */
  stop(session: Session): boolean {
    const follower = this.#all.get(session);
    if (follower === undefined) return false;
    this.#all.delete(session);
    follower.stop();
    return true;
  }

  /** A frame is delivered here, of a stream or, for null, to everybody. */
  offer(stream: StreamId | null, frame: Uint8Array | string): void {
    for (const [session, follower] of this.#all) {
      if (stream !== null || session.terms.subscription.summary !== true) {
        follower.offer(stream, frame);
      }
    }
  }

  heard(mark: string): void {
    for (const follower of this.#all.values()) follower.heard(mark);
  }

  grown(): void {
    for (const follower of this.#all.values()) follower.grown();
  }

  drained(session: Session): void {
    this.#all.get(session)?.drained();
  }
}

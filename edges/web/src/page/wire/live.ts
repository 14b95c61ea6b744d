/**
 * One subscriber in one conversation, as signals that views read: written at most once per
 * animation frame.
 */
import {
  AmsError,
  type AmsEvent,
  type Connection,
  type JoinOptions,
  join,
  type Metadata,
  type Peer,
} from "@ams/client";
import { signal } from "@preact/signals";
import { FrameLog } from "../model/frame-log.ts";
import { DISPLAY_NAME, displayNameOf, Rows, type Speaker, speakerOf } from "../model/rows.ts";
import { Outgoing, type Sent } from "./outgoing.ts";
import { lookAtDeployment } from "./status.ts";

export type Phase =
  | { readonly kind: "joining" }
  | { readonly kind: "live" }
  | { readonly kind: "away"; readonly attempt: number }
  | { readonly kind: "ended"; readonly error: unknown };

/** Who to be: the account of a credential, or null for a guest of the link. */
export type JoinAs = {
  readonly link: string;
  readonly credential: string | null;
  readonly streamName: string;
  readonly displayName: string;
  readonly observing: boolean;
  /** The link has let us in. */
  readonly onJoined: () => void;
};

export type Self = {
  readonly streamId: string;
  readonly streamName: string;
  readonly displayName: string;
  readonly observing: boolean;
};

export type Facts = { readonly conversationId: string; readonly metadata: Metadata };

/**
 * The member of our stream's metadata that tells the others that we only watch. A convention of
 * this page.
 */
export const OBSERVING = "observing";

export class Live {
  readonly phase = signal<Phase>({ kind: "joining" });
  readonly self = signal<Self | null>(null);
  readonly facts = signal<Facts | null>(null);
  readonly peers = signal<readonly Peer[]>([]);
  /**
   * Milliseconds by which the broker's clock is ahead of ours, to the accuracy of one way of the
   * network.
   */
  readonly clockAheadMs = signal(0);
  /** Counts the animation frames in which `rows` or `frames` have changed. */
  readonly tick = signal(0);
  readonly rows = new Rows(() => performance.now());
  readonly frames = new FrameLog();
  /** Peers by stream id, also while one is being told as gone. */
  readonly #known = new Map<string, Peer>();
  readonly #outgoing = new Outgoing();
  #connection: Connection | null = null;
  /** The join that is under way; null when there is none. */
  #dial: AbortController | null = null;
  /** Counts the joins: what an earlier one still tells is passed over. */
  #joins = 0;
  #scheduled = false;
  #rosterChanged = false;

  /**
   * Joins, in place of an earlier connection if there was one, and resolves when all is over. It
   * never rejects: `phase` then says `ended`, or `away` where who has been in may try again.
   */
  async join(as: JoinAs): Promise<void> {
    const turn = this.#joins + 1;
    this.#joins = turn;
    this.#letGo();
    this.phase.value = { kind: "joining" };
    const dial = new AbortController();
    this.#dial = dial;
    try {
      const connection = await join(as.link, this.#optionsOf(as, turn, dial.signal));
      this.#dial = null;
      this.#connection = connection;
      this.#outgoing.open(connection);
      as.onJoined();
      await this.#listen(connection, turn);
    } catch (error) {
      if (turn === this.#joins) this.#end(error);
    }
  }

  /**
   * Sends one text as tokens and ends the turn, after what was given before; while there is no
   * connection it waits for one.
   */
  async send(tokens: readonly string[]): Promise<Sent> {
    const sent = await this.#outgoing.send(tokens, (token) => {
      const self = this.self.value;
      if (self === null) return;
      this.rows.said(speakerOfSelf(self), { data: token, ts: this.#brokerTime() }, true);
      this.#touch();
    });
    this.rows.endTurn(this.self.value?.streamId ?? "");
    return sent;
  }

  /**
   * Tells the others a new name, or that we only watch. The stream keeps its own name until the
   * next join.
   */
  async introduce(displayName: string, observing: boolean): Promise<void> {
    const self = this.self.value;
    if (self !== null) this.self.value = { ...self, displayName, observing };
    try {
      await this.#connection?.setMetadata(metadataOf(displayName, observing), {
        signal: this.#outgoing.signal,
      });
    } catch {
      // The connection is given up, which is told where it is shown; the next one introduces us
      // anew.
    }
  }

  leave(): void {
    this.#joins += 1;
    this.#outgoing.end(new AmsError("closed", "This page has left the conversation."));
    this.#letGo();
  }

  /** What hindered us before we could even join. */
  fail(error: unknown): void {
    this.#joins += 1;
    this.#end(error);
  }

  note(text: string): void {
    this.rows.note(text, this.#brokerTime());
    this.#touch();
  }

  /** A dial under way is stopped: completed later, it would take the stream from its successor. */
  #letGo(): void {
    this.#dial?.abort();
    this.#dial = null;
    // Before the connection is closed: it would fail what waits, or still send it.
    this.#outgoing.pause();
    void this.#connection?.close();
    this.#connection = null;
  }

  #optionsOf(as: JoinAs, turn: number, signal: AbortSignal): JoinOptions {
    const { credential, streamName, displayName, observing } = as;
    const identity = credential === null ? ({ guest: true } as const) : { credential };
    return {
      ...identity,
      streamName,
      streamMetadata: metadataOf(displayName, observing),
      peerIdentity: { kind: "human", client: "TinCan" },
      reconnectForMs: Number.POSITIVE_INFINITY,
      signal,
      onFrame: (direction, text) => {
        if (turn !== this.#joins) return;
        this.frames.push(text, direction, Date.now());
        this.#touch();
      },
    };
  }

  /** Hears everything until the connection ends; throws what ended it, if it wasn't us. */
  async #listen(connection: Connection, turn: number): Promise<void> {
    for await (const event of connection.events()) {
      if (turn !== this.#joins) return;
      this.#heard(event, connection);
    }
  }

  #heard(event: AmsEvent, connection: Connection): void {
    switch (event.type) {
      case "joined":
        this.#joined(event, connection);
        break;
      case "stream_joined":
      case "stream_metadata":
        if (event.streamId !== connection.streamId) this.#known.set(event.streamId, event);
        this.#rosterChanged = true;
        break;
      case "reconnecting":
        if (this.phase.value.kind === "live") {
          this.rows.note("The connection broke", this.#brokerTime());
        }
        this.phase.value = { kind: "away", attempt: event.attempt };
        lookAtDeployment();
        break;
      default:
    }
    this.rows.heard(event, (streamId) => this.#known.get(streamId));
    if (event.type === "stream_left") this.#forget(event.streamId);
    this.#touch();
  }

  #joined(event: Extract<AmsEvent, { readonly type: "joined" }>, connection: Connection): void {
    const { streamId, streamName, conversationId, conversationMetadata, ts } = event;
    const { metadata } = connection;
    this.clockAheadMs.value = Date.parse(ts) - Date.now();
    this.#known.clear();
    for (const peer of event.peers) this.#known.set(peer.streamId, peer);
    this.#rosterChanged = true;
    const wasIn = this.facts.value !== null;
    this.facts.value = { conversationId, metadata: conversationMetadata };
    const displayName = displayNameOf(metadata) ?? streamName;
    const observing = metadata[OBSERVING] === true;
    this.self.value = { streamId, streamName, displayName, observing };
    if (wasIn) this.rows.note("Connected again", ts);
    this.phase.value = { kind: "live" };
    lookAtDeployment();
  }

  #forget(streamId: string): void {
    this.#known.delete(streamId);
    this.#rosterChanged = true;
  }

  #end(error: unknown): void {
    this.#letGo();
    this.#known.clear();
    this.#rosterChanged = true;
    const comesBack = this.facts.value !== null && isOutage(error);
    this.phase.value = comesBack ? { kind: "away", attempt: 1 } : { kind: "ended", error };
    if (!comesBack) this.#outgoing.end(error);
    this.#touch();
  }

  /** What the broker's clock says, for what we say ourselves. */
  #brokerTime(): string {
    return new Date(Date.now() + this.clockAheadMs.value).toISOString();
  }

  #touch(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    requestAnimationFrame(() => {
      this.#scheduled = false;
      if (this.#rosterChanged) this.peers.value = [...this.#known.values()];
      this.#rosterChanged = false;
      this.tick.value += 1;
    });
  }
}

/** True when nothing is wrong with who asks: the deployment is away, or the way to it. */
function isOutage(error: unknown): boolean {
  const codes: readonly string[] = ["unreachable", "timeout", "connection_lost", "internal_error"];
  return error instanceof AmsError && codes.includes(error.code);
}

export function isObserving(peer: Peer): boolean {
  return peer.metadata[OBSERVING] === true;
}

function speakerOfSelf({ streamId, streamName, displayName }: Self): Speaker {
  return speakerOf({ streamId, streamName }, { [DISPLAY_NAME]: displayName });
}

function metadataOf(displayName: string, observing: boolean): Metadata {
  return { [DISPLAY_NAME]: displayName, ...(observing ? { [OBSERVING]: true } : {}) };
}

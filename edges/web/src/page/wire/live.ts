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
  splitText,
} from "@ams/client";
import { signal } from "@preact/signals";
import type { OwnMessage } from "../model/delivery.ts";
import { sentenceOf } from "../model/faults.ts";
import { FrameLog } from "../model/frame-log.ts";
import { Position } from "../model/position.ts";
import { type NewRow, type Passage, Rows } from "../model/rows.ts";
import { DISPLAY_NAME, displayNameOf, type Speaker, speakerOf } from "../model/speaker.ts";
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
  /** Seconds for which the conversation is known to keep messages; 0 where that isn't known. */
  readonly replayS: number;
  /** The link has let us in: called each time, before anything else that happens is handled. */
  readonly onJoined: (live: Live) => void;
};

export type Self = {
  readonly streamId: string;
  readonly streamName: string;
  readonly displayName: string;
  readonly observing: boolean;
  /** The link admits readers alone: whatever this stream says would end its connection (§2.7.8). */
  readonly readOnly: boolean;
};

export type Facts = { readonly conversationId: string; readonly metadata: Metadata };

/**
 * The member of our stream's metadata that says to the others that we only watch. A convention of
 * this page.
 */
export const OBSERVING = "observing";

export class Live {
  readonly phase = signal<Phase>({ kind: "joining" });
  readonly self = signal<Self | null>(null);
  readonly facts = signal<Facts | null>(null);
  readonly peers = signal<readonly Peer[]>([]);
  /** Ids of the streams that write at this moment. */
  readonly writing = signal<ReadonlySet<string>>(new Set());
  /** Seconds for which the conversation keeps messages for those who join later; 0 for none. */
  readonly replayS = signal(0);
  /**
   * Milliseconds by which the broker's clock is ahead of ours, to the accuracy of one way of the
   * network.
   */
  readonly clockAheadMs = signal(0);
  /** Counts the animation frames in which `rows` or `frames` have changed. */
  readonly tick = signal(0);
  readonly rows = new Rows(() => performance.now());
  readonly frames = new FrameLog();
  /** How far we have come; a reload goes on there. */
  position = new Position();
  /** Peers by stream id, also while one is being shown as gone. */
  readonly #known = new Map<string, Peer>();
  readonly #outgoing = new Outgoing();
  #connection: Connection | null = null;
  /** The join that is under way; null when there is none. */
  #dial: AbortController | null = null;
  /** Counts the joins: what still comes of an earlier one is passed over. */
  #joins = 0;
  #scheduled = false;
  #rosterChanged = false;
  #pause: ReturnType<typeof setTimeout> | undefined;

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
      const connection = await this.#joinWithHistory(as, turn, dial.signal);
      this.#dial = null;
      this.#connection = connection;
      this.#outgoing.open(connection);
      await this.#listen(connection, turn, as);
    } catch (error) {
      if (turn === this.#joins) this.#end(error);
    }
  }

  /**
   * Sends one text as tokens and ends the turn, after what was given before; while there is no
   * connection it waits for one. What becomes of it is in the row that shows it.
   */
  async send(tokens: readonly string[]): Promise<void> {
    const self = this.self.value;
    if (self === null) return;
    const message: OwnMessage = { text: tokens.join(""), delivery: { kind: "pending" } };
    this.rows.addOwn(speakerOfSelf(self), message, this.#brokerTime());
    this.#touch();
    message.delivery = deliveryOf(await this.#outgoing.send(tokens));
    this.#touch();
  }

  /** Sends again what may not have reached anybody, as a message of its own. */
  resend(passage: Passage, text: string): void {
    if (passage.message === null) return;
    passage.message.delivery = { kind: "resent" };
    void this.send(splitText(text));
  }

  /**
   * Says to the others that we have a new name, or only watch. The stream keeps its own name until
   * the next join.
   */
  async introduce(displayName: string, observing: boolean): Promise<void> {
    const self = this.self.value;
    if (self?.readOnly === true) return;
    if (self !== null) this.self.value = { ...self, displayName, observing };
    try {
      await this.#connection?.setMetadata(metadataOf(displayName, observing), {
        signal: this.#outgoing.signal,
      });
    } catch {
      // The connection is given up, which its state shows; the next one introduces us anew.
    }
  }

  /** Who else is in the conversation at this moment; `peers` follows once per animation frame. */
  get present(): readonly Peer[] {
    return [...this.#known.values()];
  }

  leave(): void {
    clearTimeout(this.#pause);
    this.#joins += 1;
    this.#outgoing.end(new AmsError("closed", "This page has left the conversation."));
    this.#letGo();
  }

  /** It failed before we could even join. */
  fail(error: unknown): void {
    this.#joins += 1;
    this.#end(error);
  }

  /** Shows rows that an earlier page of this tab had. */
  restore(rows: readonly NewRow[]): void {
    for (const row of rows) this.rows.add(row);
    this.#touch();
  }

  note(text: string): void {
    this.rows.note(text, this.#brokerTime());
    this.#touch();
  }

  /** With what was kept since the last time; without where the conversation has it no more. */
  async #joinWithHistory(as: JoinAs, turn: number, signal: AbortSignal): Promise<Connection> {
    const options = this.#optionsOf(as, turn, signal);
    const since = this.position.cursor ?? (as.replayS > 0 ? `${as.replayS}s` : null);
    if (since === null) return await join(as.link, options);
    try {
      return await join(as.link, { ...options, since });
    } catch (error) {
      if (!(error instanceof AmsError) || !NO_HISTORY.includes(error.code)) throw error;
      this.position.cursor = null;
      return await join(as.link, options);
    }
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
      receipts: true,
      reconnectForMs: Number.POSITIVE_INFINITY,
      signal,
      onFrame: (direction, text) => {
        if (turn !== this.#joins) return;
        if (direction === "out" && text.startsWith(TOKEN_FRAME)) this.#outgoing.wentOut();
        this.frames.push(text, direction, Date.now());
        this.#touch();
      },
    };
  }

  /** Handles events until the connection ends; throws what ended it, if it wasn't us. */
  async #listen(connection: Connection, turn: number, { onJoined }: JoinAs): Promise<void> {
    for await (const event of connection.events()) {
      if (turn !== this.#joins) return;
      if (this.#isNew(event)) this.#receive(event, connection);
      this.position.cursor = connection.cursor;
      if (event.type === "joined") onJoined(this);
    }
  }

  /** False for a kept frame that has come before. */
  #isNew(event: AmsEvent): boolean {
    if (event.type !== "token" && event.type !== "stream_metadata") return true;
    return this.position.take(event.streamId, event.seq) || event.replay !== true;
  }

  #receive(event: AmsEvent, connection: Connection): void {
    switch (event.type) {
      case "joined":
        this.#joined(event, connection);
        break;
      case "stream_joined":
      case "stream_metadata":
        if ("replay" in event) break; // Kept metadata is no change of the roster.
        if (event.streamId !== connection.streamId) this.#known.set(event.streamId, event);
        this.#rosterChanged = true;
        break;
      case "live":
        this.rows.endOlder(Date.now() + this.clockAheadMs.value);
        break;
      case "reconnecting":
        if (this.phase.value.kind === "live") {
          this.rows.note("The connection broke", this.#brokerTime());
        }
        this.phase.value = { kind: "away", attempt: event.attempt };
        lookAtDeployment();
        break;
      case "notice":
        this.rows.note(event.text, this.#brokerTime());
        break;
      default:
    }
    this.rows.receive(event, (streamId) => this.#known.get(streamId));
    if (event.type === "stream_left") this.#forget(event.streamId);
    this.#touch();
  }

  #joined(event: Extract<AmsEvent, { readonly type: "joined" }>, connection: Connection): void {
    const { streamId, streamName, conversationId, conversationMetadata, readOnly, ts } = event;
    this.replayS.value = event.replay?.ttlS ?? 0;
    const { metadata } = connection;
    this.clockAheadMs.value = Date.parse(ts) - Date.now();
    this.#known.clear();
    for (const peer of event.peers) this.#known.set(peer.streamId, peer);
    this.#rosterChanged = true;
    const wasIn = this.facts.value !== null;
    this.facts.value = { conversationId, metadata: conversationMetadata };
    const displayName = displayNameOf(metadata) ?? streamName;
    const observing = metadata[OBSERVING] === true;
    this.self.value = { streamId, streamName, displayName, observing, readOnly };
    if (wasIn) this.rows.note("Connected again", ts);
    else if (this.rows.all.length > 0 && event.replays !== true) this.rows.note(LOADED_AGAIN, ts);
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
      if (this.#rosterChanged) this.peers.value = this.present;
      this.#rosterChanged = false;
      this.#showWriting();
      this.tick.value += 1;
    });
  }

  /** Shows who writes now, and looks again when the first of them may have paused. */
  #showWriting(): void {
    const pauseMs = this.rows.endPaused();
    const writing = new Set(this.rows.writing.keys());
    const shown = this.writing.value;
    const isSame = writing.size === shown.size && [...writing].every((id) => shown.has(id));
    if (!isSame) this.writing.value = writing;
    clearTimeout(this.#pause);
    if (pauseMs !== null) this.#pause = setTimeout(() => this.#touch(), pauseMs);
  }
}

/** Refusals of what was kept, and not of who asks for it. */
const NO_HISTORY: readonly string[] = ["no_replay", "invalid_cursor"];

/** Between what an earlier page of this tab had and what comes. */
const LOADED_AGAIN = "This page was loaded again. Messages sent in between may be missing.";

/** How the frame of a token begins that the SDK sends. */
const TOKEN_FRAME = '{"type":"token"';

function deliveryOf(sent: Sent): OwnMessage["delivery"] {
  switch (sent.kind) {
    case "arrived":
      return { kind: sent.hadReaders ? "delivered" : "unread" };
    case "unknown":
      return sent;
    case "failed":
      return { kind: "failed", rest: sent.rest, why: sentenceOf(sent.error) };
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

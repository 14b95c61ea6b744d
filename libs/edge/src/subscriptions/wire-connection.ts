/**
 * A subscription's connection to AMS: on it, off it, or on the way. It dials when somebody needs
 * it, says why it is off, and hands the subscription what it receives, in order. It keeps no
 * tokens.
 */
import {
  AmsError,
  type AmsEvent,
  type Connection,
  type JoinedEvent,
  type JoinOptions,
} from "@ams/client";
import { failure } from "../checks/faults.ts";
import type { CheckedLink, Count, Counters, Result } from "../contract.ts";
import { type Ending, endingOf, IDLE, LEFT, STOPPING, TAKEN } from "../sessions/ending.ts";
import type { Heard } from "./buffer.ts";
import type { Dial, Dialled } from "./dial.ts";
import { away, heardOf, heardWhileAway } from "./hearing.ts";
import { type LogPosition, type Seen, wasSeen } from "./log-position.ts";

/** As whom a stream joins. */
export type Identity = { readonly credential: string } | { readonly guest: true };

/** What a stream brings along when it first joins. */
export type Wishes = Pick<JoinOptions, "streamMetadata" | "peerIdentity" | "selfSubscribe">;

/** The link that a subscription is dialled by, and where it leads. */
export type WireLink = Pick<CheckedLink, "magicLink" | "namespace" | "alias">;

/** What of the conversation's log a first dial asks for: what came after a place, or the end. */
export type Replay = LogPosition | { readonly last: number };

/** What a call brings along to get onto the wire. */
export type Reach = {
  readonly identity: Identity;
  /** A link that was checked in this very call; null when the call brought none. */
  readonly link: WireLink | null;
  /** Whether a stream that was taken over from outside may be taken back. */
  readonly takeBack: boolean;
  readonly wishes?: Wishes;
  /** Of the first dial; a later one goes on where the last connection ended. */
  readonly replay?: Replay;
};

export type Reached = { readonly connection: Connection };

export type WireConnectionOptions = {
  readonly conversationId: string;
  readonly streamName: string;
  readonly dial: Dial;
  readonly counters: Counters;
  readonly heard: (all: readonly Heard[]) => void;
  /** It is on the wire now, or off it. */
  readonly changed: () => void;
  /** Its first dial is done, and nothing was heard yet. */
  /** `isContinued` where what came since an earlier connection is replayed. */
  readonly began: (joined: JoinedEvent, isContinued: boolean) => void;
  /** Everything before this place in the log was handed over. */
  readonly logged: (cursor: string) => void;
  /** Where in the log all that was handed over ends; null where that isn't known. */
  readonly lastLogged: () => LogPosition | null;
};

type State =
  | { readonly is: "off"; readonly why: Ending | null }
  | { readonly is: "dialling"; readonly reached: Promise<Result<Reached>> }
  | { readonly is: "on"; readonly connection: Connection }
  | { readonly is: "left" };

export class WireConnection {
  readonly #options: WireConnectionOptions;
  #state: State = { is: "off", why: null };
  #link: WireLink | null = null;
  #wishes: Wishes = {}; // Those that it first joined with.
  #last: Dialled | null = null; // The connection that is, or was the last.
  #hearing: Promise<void> = Promise.resolve();
  #away = false;
  #replay: Replay | null = null; // What the last connection began with.
  #catchingUp: CatchingUp | null = null;

  constructor(options: WireConnectionOptions) {
    this.#options = options;
  }

  /** The connection when it is on the wire (or on its way back there by itself), else null. */
  get connection(): Connection | null {
    return this.#state.is === "on" ? this.#state.connection : null;
  }

  /** The link that it was dialled by last; null before the first dial. */
  get link(): WireLink | null {
    return this.#link;
  }

  /**
   * Whether its connection broke and is coming back by itself: what is sent now waits, and none of
   * it is out.
   */
  get away(): boolean {
    return this.#away;
  }

  /** What of the log the last dial was given; null where nothing is kept, or was asked for. */
  get replay(): Replay | null {
    return this.#replay;
  }

  get dialling(): boolean {
    return this.#state.is === "dialling";
  }

  get left(): boolean {
    return this.#state.is === "left";
  }

  /** Why it is off the wire; null when it isn't, or hasn't been there yet. */
  get ending(): Ending | null {
    if (this.left) return LEFT;
    return this.#state.is === "off" ? this.#state.why : null;
  }

  /** What the last dial found; null before the first. */
  get joined(): Dialled["joined"] | null {
    return this.#last?.joined ?? null;
  }

  /** The connection; those who ask while it is dialled share the dial. */
  async reach(reach: Reach): Promise<Result<Reached>> {
    if (reach.link !== null) {
      const { magicLink, namespace, alias } = reach.link;
      this.#link = { magicLink, namespace, alias };
    }
    const state = this.#state;
    switch (state.is) {
      case "on":
        return { ok: true, connection: state.connection };
      case "dialling":
        return await state.reached;
      case "left":
        return failure("left");
      case "off":
        return await this.#comeBack(state.why, reach);
    }
  }

  /** Resolves when all is heard that a connection, which has ended, still had to say. */
  heardOut(): Promise<void> {
    return this.#hearing;
  }

  /** Leaves for good. */
  leave(): void {
    if (this.left) return;
    this.#hangUp({ is: "left" });
    this.#count("subscriptions_left");
  }

  /** Leaves until somebody calls. */
  rest(): void {
    if (this.connection === null) return;
    this.#hangUp({ is: "off", why: IDLE });
    this.#count("subscriptions_idle");
  }

  /** Leaves because the process ends, and waits until it is done. No call brings it back. */
  async close(): Promise<void> {
    if (!this.left) this.#hangUp({ is: "off", why: STOPPING });
    await this.#last?.connection.close();
  }

  #hangUp(state: State): void {
    const { connection } = this;
    this.#state = state;
    connection?.close().catch(() => {}); // It never rejects.
    this.#options.changed();
  }

  get #stopping(): boolean {
    return this.#state.is === "off" && this.#state.why === STOPPING;
  }

  async #comeBack(why: Ending | null, reach: Reach): Promise<Result<Reached>> {
    const fault = why?.fault ?? null;
    const isHealed = fault === TAKEN.fault ? reach.takeBack : reach.link !== null;
    if (fault !== null && (!isHealed || this.#stopping)) return failure(fault);
    if (this.#link === null) return failure("not_joined");
    const reached = this.#dial(this.#link.magicLink, reach).finally(() => {
      if (this.dialling) this.#state = { is: "off", why };
    });
    this.#state = { is: "dialling", reached };
    return await reached;
  }

  async #dial(link: string, { identity, wishes, replay }: Reach): Promise<Result<Reached>> {
    const { streamName } = this.#options;
    const asked = this.#last === null ? (replay ?? null) : null;
    const kept = asked ?? this.#options.lastLogged();
    if (this.#last === null) this.#wishes = wishes ?? {};
    const streamMetadata = wishes?.streamMetadata ?? this.#last?.connection.metadata;
    this.#count("dials");
    const dialled = await this.#dialFor(kept, link, {
      ...this.#wishes,
      ...(streamMetadata === undefined ? {} : { streamMetadata }),
      ...identity,
      streamName,
      receipts: true,
    });
    if (!dialled.ok) {
      this.#count("dials_failed");
      return dialled;
    }
    const reached = this.#join(dialled, dialled.joined.replays === true ? kept : null);
    // The last frames have a number only when all have come.
    if (kept !== null && "last" in kept) await this.#catchingUp?.done;
    return reached;
  }

  /** Where nothing is kept (any more) it joins without. */
  async #dialFor(kept: Replay | null, link: string, options: JoinOptions) {
    const { dial } = this.#options;
    if (kept === null) return await dial(link, options);
    const asked = "last" in kept ? { last: kept.last } : { since: kept.cursor };
    const dialled = await dial(link, { ...options, ...asked });
    const isRefused = !dialled.ok && WITHOUT_LOG.has(dialled.fault);
    return isRefused ? await dial(link, options) : dialled;
  }

  #join(dialled: Dialled, replay: Replay | null): Result<Reached> {
    const { connection, joined } = dialled;
    if (this.left || this.#stopping) {
      connection.close().catch(() => {}); // It never rejects.
      return failure(this.left ? "left" : "unavailable");
    }
    const before = this.#last;
    this.#last = dialled;
    this.#state = { is: "on", connection };
    this.#away = false;
    this.#replay = replay;
    this.#catchingUp = replay === null ? null : new CatchingUp(replay);
    const { conversationId, heard, logged } = this.#options;
    if (replay === null && joined.cursor !== undefined) logged(joined.cursor);
    if (before === null) {
      this.#count("subscriptions_taken");
      this.#options.began(joined, replay !== null && "cursor" in replay);
    } else {
      const peers = [...before.connection.peers.values()];
      const roster = heardWhileAway(peers, joined.peers, conversationId, joined.ts);
      if (this.#catchingUp === null) heard([away(conversationId), ...roster]);
      else this.#catchingUp.roster = roster;
    }
    this.#options.changed();
    this.#hearing = this.#hear(dialled);
    return { ok: true, connection };
  }

  /** The one loop that listens. */
  async #hear({ connection, events }: Dialled): Promise<void> {
    let source = events;
    for (;;) {
      const next = await source.next().catch(failed);
      if ("error" in next) {
        if (next.error?.code !== "slow_consumer") return this.#ended(connection, next.error);
        // This process was suspended for so long that the SDK gave up on its reader: begin anew,
        // and say so.
        source = connection.events();
        this.#options.heard([away(this.#options.conversationId)]);
      } else if (next.value === undefined || next.value.type === "closed") {
        return this.#ended(connection, next.value?.error ?? null);
      } else this.#heard(connection, next.value);
    }
  }

  #heard(connection: Connection, event: AmsEvent): void {
    if (this.connection !== connection) return; // It has left and hears no more.
    if (event.type === "reconnecting") this.#away = true;
    if (event.type === "joined") {
      this.#away = false;
      this.#count("reconnects");
    }
    const { conversationId, logged } = this.#options;
    const heard = heardOf(event, conversationId);
    const isKnown = heard !== null && "replay" in event && this.#catchingUp?.knows(heard) === true;
    if (heard !== null && !isKnown) this.#options.heard([heard]);
    if (event.type === "live") this.#caughtUp(event.complete);
    if (event.type === "live" || event.type === "cursor") logged(event.cursor);
  }

  /** All that was kept has come: then who left and who came, and a loss where not all was kept. */
  #caughtUp(isComplete: boolean): void {
    const catchingUp = this.#catchingUp;
    if (catchingUp === null) return;
    this.#catchingUp = null;
    const isLoss = !isComplete && catchingUp.isContinued;
    const loss = isLoss ? [away(this.#options.conversationId)] : [];
    const all = [...loss, ...catchingUp.roster];
    if (all.length > 0) this.#options.heard(all);
    catchingUp.end();
  }

  #ended(connection: Connection, error: AmsError | null): void {
    this.#catchingUp?.end();
    if (this.connection !== connection) return;
    const why = endingOf(error);
    this.#state = { is: "off", why };
    this.#count(why.fault === TAKEN.fault ? "subscriptions_displaced" : "subscriptions_closed");
    this.#options.changed();
  }

  #count(count: Count): void {
    this.#options.counters.add(count, 1);
  }
}

/** Faults of a dial that asks for the log, which one without doesn't have. */
const WITHOUT_LOG: ReadonlySet<string> = new Set(["no_replay", "invalid_cursor"]);

/** What a connection still has to receive of the log. */
class CatchingUp {
  readonly isContinued: boolean;
  /** Who left and who came since the connection before. */
  roster: readonly Heard[] = [];
  readonly done: Promise<void>;
  /** Nothing more of the log comes. */
  end: () => void = () => {};
  readonly #seen: Seen;

  constructor(replay: Replay) {
    this.isContinued = "cursor" in replay;
    this.#seen = "cursor" in replay ? replay.seen : new Map();
    this.done = new Promise((resolve) => {
      this.end = resolve;
    });
  }

  knows(heard: Heard): boolean {
    return wasSeen(heard, this.#seen);
  }
}

function failed(error: unknown): { readonly error: AmsError | null } {
  return { error: error instanceof AmsError ? error : null };
}

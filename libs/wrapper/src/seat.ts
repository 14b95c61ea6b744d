/**
 * A seat: one account's stream in one conversation. It holds the connection, keeps what it hears in its buffer, and tells whoever
 * watches that there is news. It outlives its connection and the sessions that use it.
 */
import { AmsError, type AmsEvent, type Connection, type JoinOptions } from "@ams/client";
import { EventBuffer, type Heard } from "./buffer.ts";
import type { Clock, Counters, Named, Result } from "./contract.ts";
import type { Dial, Dialled } from "./dial.ts";
import { type Ending, endingOf, IDLE, LEFT, TAKEN } from "./ending.ts";
import { failure } from "./faults.ts";
import { away, bytesOf, heardOf, heardWhileAway } from "./hearing.ts";
import type { WrapperLimits } from "./limits.ts";
import { Places } from "./places.ts";

/** The session that has the seat for itself. */
export interface Holder {
  /** Whether it still is there: a seat isn't taken from one that is. */
  readonly live: boolean;
  /** Whether a call or a listener of it is open at this moment. */
  readonly busy: boolean;
  /** There is something new in the buffer, or the seat is on the wire or off it. */
  news(seat: Seat): void;
  /** Another session has it now. */
  lost(seat: Seat): void;
}

/** As whom a stream joins. */
export type Identity = { readonly credential: string } | { readonly guest: true };

/** What a stream brings along when it first joins. */
export type Wishes = Pick<JoinOptions, "streamMetadata" | "peerIdentity" | "selfSubscribe">;

/** What a call brings along to get the seat onto the wire. */
export type Reach = {
  readonly identity: Identity;
  /** A link that was checked in this very call; null when the call brought none. */
  readonly link: string | null;
  /** Whether a stream that was taken over from outside may be taken back. */
  readonly takeBack: boolean;
  readonly wishes?: Wishes;
};

export type Reached = { readonly connection: Connection };

type Standing =
  | { readonly is: "off"; readonly why: Ending | null }
  | { readonly is: "dialling"; readonly reached: Promise<Result<Reached>> }
  | { readonly is: "on"; readonly connection: Connection }
  | { readonly is: "left" };

export type SeatRoom = {
  readonly clock: Clock;
  readonly counters: Counters;
  readonly dial: Dial;
  readonly limits: WrapperLimits;
};

export type SeatName = {
  /** Of owner, conversation and stream name. */
  readonly key: string;
  readonly conversationId: string;
  readonly streamName: string;
};

export class Seat {
  readonly key: string;
  readonly conversationId: string;
  readonly streamName: string;
  readonly places: Places;
  /** When a call was last about it, by the clock. */
  usedAt: number;
  #buffer: EventBuffer;
  #holder: Holder | null = null;
  #standing: Standing = { is: "off", why: null };
  #link: string | null = null;
  #wishes: Wishes = {}; // Those that it first joined with.
  #last: Dialled | null = null; // The connection that is, or was the last.
  #hearing: Promise<void> = Promise.resolve();
  readonly #room: SeatRoom;
  readonly #watchers = new Set<() => void>();

  constructor(name: SeatName, room: SeatRoom) {
    this.key = name.key;
    this.conversationId = name.conversationId;
    this.streamName = name.streamName;
    this.places = new Places(name.key, name.streamName);
    this.usedAt = room.clock.now();
    this.#buffer = new EventBuffer(room.limits);
    this.#room = room;
  }

  get buffer(): EventBuffer {
    return this.#buffer;
  }

  get holder(): Holder | null {
    return this.#holder;
  }

  /** The connection when it is on the wire (or on its way back there), else null. */
  get connection(): Connection | null {
    return this.#standing.is === "on" ? this.#standing.connection : null;
  }

  /** Whether it has ever been on the wire. */
  get known(): boolean {
    return this.#last !== null;
  }

  /** Whether its last dial found its stream live, and took it over. */
  get resumed(): boolean {
    return this.#last?.joined.resumed ?? false;
  }

  get dialling(): boolean {
    return this.#standing.is === "dialling";
  }

  get left(): boolean {
    return this.#standing.is === "left";
  }

  /** Why it is off the wire; null when it isn't, or hasn't been there yet. */
  get ending(): Ending | null {
    if (this.left) return LEFT;
    return this.#standing.is === "off" ? this.#standing.why : null;
  }

  get selfSubscribe(): boolean {
    return this.#last?.joined.selfSubscribe ?? false;
  }

  /** How answers name it. The stream's id is empty before the first dial. */
  named(): Named {
    const { conversationId, streamName } = this;
    return { conversationId, streamId: this.#last?.joined.streamId ?? "", streamName };
  }

  /** Gives the seat to a session. False when another one has it that is live, or that took it from this one. */
  claim(holder: Holder, mayTake: boolean): boolean {
    const before = this.#holder;
    if (before === holder) return true;
    if (before !== null && !mayTake) return false;
    this.#holder = holder;
    if (before !== null) {
      this.#count("seat_takeovers");
      before.lost(this);
      this.#wake();
    }
    return true;
  }

  /** The session has gone; the seat stays. */
  release(holder: Holder): void {
    if (this.#holder !== holder) return;
    this.#holder = null;
    this.#wake();
  }

  /** Calls at every change, until the returned function is called. */
  watch(call: () => void): () => void {
    this.#watchers.add(call);
    return () => this.#watchers.delete(call);
  }

  /** The connection; those who ask while it is dialled share the dial. */
  async reach(reach: Reach): Promise<Result<Reached>> {
    if (reach.link !== null) this.#link = reach.link;
    const standing = this.#standing;
    switch (standing.is) {
      case "on":
        return { ok: true, connection: standing.connection };
      case "dialling":
        return await standing.reached;
      case "left":
        return failure("left");
      case "off":
        return await this.#comeBack(standing.why, reach);
    }
  }

  /** Resolves when all is heard that a connection, which has ended, still had to say. */
  heardOut(): Promise<void> {
    return this.#hearing;
  }

  /** Leaves the wire and forgets what was heard; only a new seat comes after this one. */
  leave(): void {
    if (this.left) return;
    this.#hangUp({ is: "left" });
    this.#buffer = new EventBuffer(this.#room.limits);
    this.#count("seats_left");
    this.#tell();
  }

  /** Leaves the wire until somebody calls, and keeps the rest. */
  rest(): void {
    if (this.#standing.is !== "on") return;
    this.#hangUp({ is: "off", why: IDLE });
    this.#count("seats_idle");
    this.#tell();
  }

  async close(): Promise<void> {
    const { connection } = this;
    this.#standing = { is: "left" };
    await connection?.close();
  }

  #hangUp(standing: Standing): void {
    const { connection } = this;
    this.#standing = standing;
    connection?.close().catch(() => {}); // It never rejects.
  }

  async #comeBack(why: Ending | null, reach: Reach): Promise<Result<Reached>> {
    const fault = why?.fault ?? null;
    const isHealed = fault === TAKEN.fault ? reach.takeBack : reach.link !== null;
    if (fault !== null && !isHealed) return failure(fault);
    if (this.#link === null) return failure("not_joined");
    const reached = this.#dial(this.#link, reach);
    this.#standing = { is: "dialling", reached };
    return await reached;
  }

  async #dial(link: string, { identity, wishes }: Reach): Promise<Result<Reached>> {
    const { streamName, ending: why } = this;
    if (this.#last === null) this.#wishes = wishes ?? {};
    const streamMetadata = wishes?.streamMetadata ?? this.#last?.connection.metadata;
    this.#count("dials");
    const dialled = await this.#room.dial(link, {
      ...this.#wishes,
      ...(streamMetadata === undefined ? {} : { streamMetadata }),
      ...identity,
      streamName,
      receipts: true,
    });
    if (!dialled.ok) {
      this.#count("dials_failed");
      if (this.#standing.is === "dialling") this.#standing = { is: "off", why };
      return dialled;
    }
    return this.#sit(dialled);
  }

  #sit(dialled: Dialled): Result<Reached> {
    const { connection, joined } = dialled;
    if (this.left) {
      connection.close().catch(() => {}); // It never rejects.
      return failure("left");
    }
    const before = this.#last;
    this.#last = dialled;
    this.#standing = { is: "on", connection };
    if (before === null) this.#count("seats_taken");
    else {
      const peers = [...before.connection.peers.values()];
      this.#keepAll(heardWhileAway(peers, joined.peers, this.conversationId, joined.ts));
    }
    this.#tell();
    this.#hearing = this.#hear(dialled);
    return { ok: true, connection };
  }

  /** The one loop that fills the buffer. */
  async #hear({ connection, events }: Dialled): Promise<void> {
    let source = events;
    for (;;) {
      const next = await source.next().catch(failed);
      if ("error" in next) {
        if (next.error?.code !== "slow_consumer") return this.#ended(connection, next.error);
        // This process stood still for so long that the SDK gave up on its reader: begin anew, and say so.
        source = connection.events();
        this.#keepAll([away(this.conversationId)]);
      } else if (next.value === undefined || next.value.type === "closed") {
        return this.#ended(connection, next.value?.error ?? null);
      } else this.#heard(connection, next.value);
    }
  }

  #heard(connection: Connection, event: AmsEvent): void {
    if (this.connection !== connection) return; // It has left and hears no more.
    if (event.type === "joined") this.#count("reconnects");
    const heard = heardOf(event, this.conversationId);
    if (heard !== null) this.#keepAll([heard]);
  }

  #ended(connection: Connection, error: AmsError | null): void {
    if (this.connection !== connection) return;
    const why = endingOf(error);
    this.#standing = { is: "off", why };
    this.#count(why.fault === TAKEN.fault ? "seats_displaced" : "seats_closed");
    this.#tell();
  }

  #keepAll(all: readonly Heard[]): void {
    for (const heard of all) {
      const dropped = this.#buffer.append(heard, bytesOf(heard));
      if (dropped > 0) this.#room.counters.add("events_dropped", dropped);
    }
    this.#room.counters.add("events_buffered", all.length);
    this.#tell();
  }

  #tell(): void {
    this.#holder?.news(this);
    this.#wake();
  }

  #wake(): void {
    for (const call of [...this.#watchers]) call();
  }

  #count(count: Parameters<Counters["add"]>[0]): void {
    this.#room.counters.add(count, 1);
  }
}

function failed(error: unknown): { readonly error: AmsError | null } {
  return { error: error instanceof AmsError ? error : null };
}

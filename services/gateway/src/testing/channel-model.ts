/**
 * A directory, the gateways that hold streams, and one conversation's channel, as simple as can be:
 * what happens to whom is decided by a list of numbers. For tests only.
 */
import type { ChannelEvent, RosterEntry } from "@ams/directory";
import type { JsonText, StreamId } from "@ams/protocol";
import { entryOf, streamId } from "./fakes.ts";

export type Payload =
  | { readonly kind: "event"; readonly event: ChannelEvent }
  | {
      readonly kind: "frame";
      readonly stream: StreamId;
      readonly epoch: number;
      readonly n: number;
      /** What a `stream_metadata` frame says, null for a token. */
      readonly metadata: JsonText | null;
    };

/** One connection, from its claim until nothing more can come from it. */
type Holder = {
  entry: RosterEntry;
  n: number;
  /** Emitted, not yet published. */
  outbox: Payload[];
  state: "live" | "displaced" | "swept" | "over";
  /** It took over with other metadata, which its first frame carries. */
  owesMetadata: boolean;
};

export const STEPS = [
  "claim",
  "emit",
  "emit",
  "set",
  "publish",
  "publish",
  "leave",
  "sweep",
  "reclaim",
  "yield",
  "tails",
] as const;
export type Step = { readonly step: (typeof STEPS)[number]; readonly which: number };

const STREAMS = 3;
const TS = "2026-01-31T12:00:09.000Z";

/** `hasty`: a new holder doesn't wait until the old one has yielded. */
export class ChannelModel {
  readonly #announce: (payload: Payload) => void;
  readonly #hasty: boolean;
  readonly #live = new Map<StreamId, Holder>();
  readonly #holders: Holder[] = [];
  #claims = 0;
  #values = 0;

  constructor(hasty: boolean, announce: (payload: Payload) => void) {
    this.#hasty = hasty;
    this.#announce = announce;
  }

  /** Claims that were ever made. */
  get claims(): number {
    return this.#claims;
  }

  /** What the directory holds now. */
  roster(): readonly RosterEntry[] {
    return [...this.#live.values()].map(({ entry }) => entry);
  }

  do({ step, which }: Step): void {
    switch (step) {
      case "claim":
        this.#claim(which % STREAMS, which % 2 === 0);
        return;
      case "emit":
      case "set":
        this.#emit(this.#pick(which, "live", "displaced", "swept"), step === "set");
        return;
      case "publish":
        this.#publish(this.#pick(which, "live", "displaced", "swept"));
        return;
      case "leave":
        this.#leave(this.#pick(which, "live"));
        return;
      case "sweep":
        this.#sweep(this.#pick(which, "live"));
        return;
      case "reclaim":
        this.#reclaim(this.#pick(which, "swept"));
        return;
      case "yield":
        this.#yield(this.#pick(which, "displaced"));
        return;
      case "tails":
        this.tails();
    }
  }

  /** Every live holder says how far it has come. */
  tails(): void {
    for (const holder of this.#live.values()) {
      this.#publish(holder);
      const { stream_id, epoch } = holder.entry;
      if (holder.n > 0) this.#event({ kind: "tail", stream_id, epoch, n: holder.n });
    }
  }

  /** Everything that is still on its way arrives. */
  settle(): void {
    for (const holder of this.#holders) {
      if (holder.owesMetadata && holder.state === "live") this.#emit(holder, true);
      if (holder.state === "displaced") this.#yield(holder);
      else this.#publish(holder);
    }
  }

  #claim(number: number, changes: boolean): void {
    const before = this.#live.get(streamId(number));
    const wasMetadata = before?.entry.metadata;
    this.#claims += 1;
    const changesNow = before !== undefined && changes;
    const owesMetadata = changesNow || before?.owesMetadata === true;
    const entry = entryOf(number, this.#claims, {
      joined_at: before?.entry.joined_at ?? `2026-02-01T12:00:00.${this.#claims}Z`,
      metadata: changesNow || wasMetadata === undefined ? this.#value() : wasMetadata,
    });
    const holder: Holder = { entry, n: 0, outbox: [], state: "live", owesMetadata };
    this.#holders.push(holder);
    this.#live.set(entry.stream_id, holder);
    if (before !== undefined) before.state = "displaced";
    const { gateway, connection, epoch } = before?.entry ?? entry;
    const displaced = before === undefined ? null : { gateway, connection, epoch };
    this.#event({ kind: "claimed", entry, displaced });
  }

  #emit(holder: Holder | undefined, sets: boolean): void {
    if (holder === undefined) return;
    const { stream_id, epoch } = holder.entry;
    if (!this.#hasty) this.#yieldBefore(holder);
    holder.n += 1;
    // The directory takes no metadata from a connection that was displaced.
    const isMetadata = (sets && holder.state !== "displaced") || holder.owesMetadata;
    if (isMetadata) {
      const metadata = holder.owesMetadata ? holder.entry.metadata : this.#value();
      holder.entry = { ...holder.entry, metadata, metadata_n: holder.n };
    }
    holder.owesMetadata = false;
    const metadata = isMetadata ? holder.entry.metadata : null;
    holder.outbox.push({ kind: "frame", stream: stream_id, epoch, n: holder.n, metadata });
  }

  #yieldBefore(holder: Holder): void {
    for (const other of this.#holders) {
      const isSame = other.entry.stream_id === holder.entry.stream_id;
      if (isSame && other.state === "displaced" && other !== holder) this.#yield(other);
    }
  }

  #publish(holder: Holder | undefined): void {
    for (const payload of holder?.outbox.splice(0) ?? []) this.#announce(payload);
  }

  #leave(holder: Holder | undefined): void {
    if (holder === undefined) return;
    if (!this.#hasty) this.#yieldBefore(holder);
    this.#publish(holder);
    holder.state = "over";
    this.#left(holder, holder.n);
  }

  #sweep(holder: Holder | undefined): void {
    if (holder === undefined) return;
    holder.state = "swept";
    this.#left(holder, null);
  }

  #left({ entry: { stream_id, epoch } }: Holder, n: number | null): void {
    this.#live.delete(stream_id);
    this.#event({ kind: "left", stream_id, epoch, n, ts: TS });
  }

  #reclaim(holder: Holder | undefined): void {
    if (holder === undefined) return;
    const { stream_id, epoch } = holder.entry;
    const isPast = this.#holders.some(
      ({ entry }) => entry.stream_id === stream_id && entry.epoch > epoch,
    );
    if (isPast) {
      holder.state = "over";
      return;
    }
    holder.state = "live";
    this.#live.set(stream_id, holder);
    this.#event({ kind: "claimed", entry: holder.entry, displaced: null });
  }

  #yield(holder: Holder | undefined): void {
    if (holder === undefined) return;
    this.#publish(holder);
    holder.state = "over";
    const { stream_id, epoch } = holder.entry;
    this.#event({ kind: "yielded", stream_id, epoch, n: holder.n, ts: TS });
  }

  #pick(which: number, ...states: readonly Holder["state"][]): Holder | undefined {
    const fitting = this.#holders.filter(({ state }) => states.includes(state));
    return fitting[which % Math.max(1, fitting.length)];
  }

  #value(): JsonText {
    this.#values += 1;
    return `{"v":${this.#values}}` as JsonText;
  }

  #event(event: ChannelEvent): void {
    this.#announce({ kind: "event", event });
  }
}

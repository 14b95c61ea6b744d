/**
 * This gateway's lease in the directory. While it is renewed, what the gateway holds is believed; when it runs out, the
 * others sweep. A gateway that comes back after that takes a new id and claims its streams again (§5.9).
 */
import { randomBytes } from "node:crypto";
import type { Directory, GatewayId, RosterEntry } from "@ams/directory";
import { describeError, type Log } from "@ams/runtime";
import type { Conversation } from "./conversation.ts";
import type { Conversations } from "./conversations.ts";
import type { Holdings } from "./holdings.ts";
import type { GatewayMetrics } from "./metrics.ts";
import type { Session } from "./session.ts";

/** Milliseconds between two heartbeats, each of which also sweeps after gateways that have died. */
const HEARTBEAT_MS = 1_000;

/** Milliseconds that a lease lasts: five heartbeats, and half of the 10 s in which a dead gateway must be told of (§5.6). */
const LEASE_MS = 5_000;

/** Milliseconds after a change of id in which joins that began before it may still end: each waits less than this for its steps. */
const RECLAIM_MS = 15_000;

/** Streams that are claimed again at a time. */
const RECLAIMS_AT_ONCE = 100;

export type LeaseParts = {
  readonly directory: Directory;
  readonly holdings: Holdings;
  readonly metrics: GatewayMetrics;
  readonly log: Log;
};

export class Lease {
  readonly #parts: LeaseParts;
  #gateway: GatewayId = newGatewayId();
  #timer: NodeJS.Timeout | null = null;
  #beat: Promise<void> = Promise.resolve();
  #reachable = false;
  /** Unix ms before which the dead aren't swept. */
  #sweepFromMs = 0;
  /** Unix ms until which streams under an earlier id are looked for. */
  #reclaimUntilMs = 0;

  constructor(parts: LeaseParts) {
    this.#parts = parts;
  }

  /** The id under which this gateway holds its streams at present. */
  get gateway(): GatewayId {
    return this.#gateway;
  }

  /** Null while the directory answers. */
  notReady(): string | null {
    return this.#reachable ? null : "directory";
  }

  /** Takes the lease and keeps it until `end`. */
  async begin(conversations: Conversations): Promise<void> {
    await this.#heartbeat(conversations, true);
    this.#timer = setInterval(() => {
      this.#beat = this.#beat.then(() => this.#heartbeat(conversations, false));
    }, HEARTBEAT_MS);
  }

  /** Ends the lease, when everything has been given back. */
  async end(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    await this.#beat;
    await this.#parts.directory.endLease(this.#gateway).catch(() => undefined);
  }

  async #heartbeat(conversations: Conversations, isFirst: boolean): Promise<void> {
    const { directory, holdings, metrics, log } = this.#parts;
    try {
      metrics.directoryRoundTrip(await directory.ping());
      const lease = await directory.heartbeat(this.#gateway, LEASE_MS);
      if (!this.#reachable) this.#reached(isFirst);
      if (lease === "lapsed" && !isFirst) await this.#takeNewLease();
      if (Date.now() < this.#reclaimUntilMs) await this.#reclaimStale(conversations);
      holdings.retry();
      const swept = Date.now() < this.#sweepFromMs ? 0 : await directory.sweep();
      if (swept > 0) log.info({ event: "swept", streams: swept }, "swept a dead gateway's streams");
    } catch (error) {
      if (this.#reachable)
        log.warn({ event: "directory_lost", ...describeError(error) }, "directory lost");
      this.#reachable = false;
    }
  }

  /** When the directory was away, every lease ran out: the others get the time of one to come back too. */
  #reached(isFirst: boolean): void {
    this.#parts.log.info({ event: "directory_reached" }, "directory reached");
    this.#reachable = true;
    if (isFirst) return;
    this.#sweepFromMs = Date.now() + LEASE_MS;
    this.#reclaimUntilMs = Date.now() + RECLAIM_MS;
  }

  async #takeNewLease(): Promise<void> {
    // What isn't claimed again stays under the old id, whose lease runs out and is swept.
    this.#gateway = newGatewayId();
    this.#reclaimUntilMs = Date.now() + RECLAIM_MS;
    this.#parts.log.warn({ event: "lease_lapsed" }, "lease lapsed: claiming streams again");
    await this.#parts.directory.heartbeat(this.#gateway, LEASE_MS);
  }

  /** Claims again whatever was claimed under an earlier id. */
  async #reclaimStale(conversations: Conversations): Promise<void> {
    const all = [...conversations.sessions()];
    const stale = all.filter(({ session }) => session.stream.entry.gateway !== this.#gateway);
    const work = async () => {
      for (let next = stale.pop(); next !== undefined; next = stale.pop()) {
        await this.#reclaim(next.conversation, next.session);
      }
    };
    const reclaimed = new Set(stale.map(({ conversation }) => conversation));
    await Promise.all(Array.from({ length: RECLAIMS_AT_ONCE }, work));
    // The others dropped what was emitted while the streams were out of their rosters: they tell of it as a gap (§4.7).
    for (const conversation of reclaimed) conversation.announceTails();
  }

  async #reclaim(conversation: Conversation, session: Session): Promise<void> {
    if (!conversation.holds(session.stream.entry.connection)) return;
    const entry: RosterEntry = { ...session.stream.entry, gateway: this.#gateway };
    const reclaimed = await this.#parts.directory.reclaim(conversation.where, entry);
    if (reclaimed.ok) {
      session.stream.entry = { ...session.stream.entry, gateway: this.#gateway };
      const place = conversation.placeOf(session.stream);
      if (place !== null) await this.#parts.directory.keepPlace(place);
    } else if (reclaimed.fault === "displaced") conversation.displace(session);
    else conversation.closeAll("conversation_closed");
  }
}

function newGatewayId(): GatewayId {
  return randomBytes(8).toString("hex");
}

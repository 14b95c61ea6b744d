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

/** Streams that are claimed again at a time. */
const RECLAIMS_AT_ONCE = 100;

/** A place that is reserved again is one that was granted before. */
const NO_LIMIT = Number.MAX_SAFE_INTEGER;

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
      if (!this.#reachable) log.info({ event: "directory_reached" }, "directory reached");
      this.#reachable = true;
      if (lease === "lapsed" && !isFirst) await this.#takeNewLease(conversations);
      holdings.retry();
      const swept = await directory.sweep();
      if (swept > 0) log.info({ event: "swept", streams: swept }, "swept a dead gateway's streams");
    } catch (error) {
      if (this.#reachable)
        log.warn({ event: "directory_lost", ...describeError(error) }, "directory lost");
      this.#reachable = false;
    }
  }

  async #takeNewLease(conversations: Conversations): Promise<void> {
    const { directory, log } = this.#parts;
    const lapsed = this.#gateway;
    this.#gateway = newGatewayId();
    await directory.heartbeat(this.#gateway, LEASE_MS);
    const waiting = [...conversations.sessions()];
    log.warn({ event: "lease_lapsed", streams: waiting.length }, "lease lapsed: claiming again");
    const work = async () => {
      for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
        await this.#reclaim(next.conversation, next.session);
      }
    };
    await Promise.all(Array.from({ length: RECLAIMS_AT_ONCE }, work));
    await directory.endLease(lapsed);
  }

  async #reclaim(conversation: Conversation, session: Session): Promise<void> {
    if (!conversation.holds(session.stream.entry.connection)) return;
    const entry: RosterEntry = { ...session.stream.entry, gateway: this.#gateway };
    const reclaimed = await this.#parts.directory.reclaim(conversation.where, entry);
    if (reclaimed.ok) {
      session.stream.entry = { ...session.stream.entry, gateway: this.#gateway };
      const { place } = session.terms;
      if (place !== null) {
        await this.#parts.directory.reserve({ ...place, gateway: this.#gateway }, NO_LIMIT);
      }
    } else if (reclaimed.fault === "displaced") conversation.displace(session);
    else conversation.closeAll("conversation_closed");
  }
}

function newGatewayId(): GatewayId {
  return randomBytes(8).toString("hex");
}

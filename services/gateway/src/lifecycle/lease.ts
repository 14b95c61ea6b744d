/**
 * This gateway's lease in the directory. While it is renewed, what the gateway holds is believed;
 * when it runs out, the others sweep. A gateway that comes back after that takes a new id and
 * claims its streams again (§5.9).
 *
 * Between the end of a lease and the directory's answer the gateway does not know what it holds: it
 * emits nothing. Only when the directory does not answer either does it serve the subscribers that
 * it has.
 */
import { randomBytes } from "node:crypto";
import {
  type Directory,
  DirectoryUnavailable,
  type GatewayId,
  type RosterEntry,
} from "@ams/directory";
import { describeError, type Log } from "@ams/process";
import type { Credentials } from "../accept/credentials.ts";
import type { Conversation } from "../conversation/conversation.ts";
import type { Conversations } from "../conversation/conversations.ts";
import type { Session } from "../conversation/session.ts";
import type { Waiting } from "../conversation/waiting.ts";
import type { GatewayDeps } from "../deps.ts";
import type { GatewayMetrics } from "../metrics.ts";
import type { Holdings } from "./holdings.ts";
import { OneAtATime } from "./one-at-a-time.ts";
import { Review } from "./review.ts";
import { Stalls } from "./stalls.ts";

/** Milliseconds between two heartbeats, each of which also sweeps after gateways that have died. */
const HEARTBEAT_MS = 1_000;

/**
 * Milliseconds that a lease lasts: five heartbeats, and half of the 10 s in which a dead gateway is
 * noticed (§5.6).
 */
const LEASE_MS = 5_000;

/**
 * Milliseconds that an unanswered heartbeat takes at most; one that took longer stood still itself,
 * and proves nothing.
 */
const ASKING_MS_MAX = 3_000;

/**
 * Milliseconds without a lease after which nothing is claimed again: well before the directory
 * forgets who has left.
 */
const RECLAIM_WITHIN_MS = 12 * 3_600_000;

/** Streams that are claimed again at a time. */
const RECLAIMS_AT_ONCE = 100;

export type LeaseDeps = {
  readonly directory: Directory;
  readonly holdings: Holdings;
  readonly credentials: Credentials;
  readonly waiting: Waiting;
  readonly metrics: GatewayMetrics;
  readonly log: Log;
};

type Held = { readonly conversation: Conversation; readonly session: Session };

export class Lease {
  readonly #deps: LeaseDeps;
  readonly #stalls = new Stalls();
  #gateway: GatewayId = newGatewayId();
  #conversations: Conversations | null = null;
  #timer: NodeJS.Timeout | null = null;
  #review: OneAtATime | null = null;
  #beat: Promise<void> = Promise.resolve();
  /** Whether a heartbeat waits for its turn. */
  #queued = false;
  /**
   * What follows a heartbeat may take long, and must not keep the next one from renewing the lease.
   */
  readonly #settle = new OneAtATime(
    () => this.#settleDoubts(),
    (error) => this.#failed(error),
  );
  readonly #sweep = new OneAtATime(
    () => this.#sweepDead(),
    (error) => this.#failed(error),
  );
  #reachable = false;
  /** Monotonic ms until which the lease surely lasts: counted from before it was asked for. */
  #heldUntilMs = 0;
  /** The lease has run out and the directory, asked after that, has not answered. */
  #away = false;
  /** Monotonic ms before which the dead aren't swept. */
  #sweepFromMs = 0;
  /** Monotonic ms of the last heartbeat that found the lease. */
  #renewedAtMs = performance.now();

  constructor(deps: LeaseDeps) {
    this.#deps = deps;
  }

  /** What the rest of the gateway asks of its lease. */
  asDeps(): Pick<GatewayDeps, "gateway" | "holds" | "recheck" | "stalls"> {
    return {
      gateway: () => this.#gateway,
      holds: (gateway, nowMs) => this.#holds(gateway, nowMs),
      recheck: () => this.recheck(),
      stalls: this.#stalls,
    };
  }

  /** Null while the directory answers. */
  notReady(): string | null {
    return this.#reachable ? null : "directory";
  }

  /** Takes the lease and keeps it until `end`. */
  async begin(conversations: Conversations): Promise<void> {
    this.#conversations = conversations;
    this.#stalls.begin();
    this.#review = this.#reviewOf(conversations);
    await this.#heartbeat(true);
    this.#timer = setInterval(() => this.recheck(), HEARTBEAT_MS);
  }

  /** One heartbeat more, as soon as the present one is over. */
  recheck(): void {
    if (this.#queued || this.#conversations === null) return;
    this.#queued = true;
    this.#beat = this.#beat.then(() => {
      this.#queued = false;
      return this.#heartbeat(false);
    });
  }

  /** Ends the lease, when everything has been given back. */
  async end(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#conversations = null;
    this.#stalls.end();
    await this.#beat;
    await Promise.all([this.#settle, this.#sweep, this.#review].map((work) => work?.idle()));
    await this.#deps.directory.endLease(this.#gateway).catch(() => undefined);
  }

  async #heartbeat(isFirst: boolean): Promise<void> {
    const { waiting, log } = this.#deps;
    const beganMs = performance.now();
    try {
      const lease = await this.#renew();
      if (!this.#reachable) this.#reached(isFirst);
      if (lease === "lapsed" && !isFirst) await this.#takeNewLease();
      this.#settle.run();
      this.#sweep.run();
      this.#review?.run();
    } catch (error) {
      if (this.#reachable)
        log.warn({ event: "directory_lost", ...describeError(error) }, "directory lost");
      this.#reachable = false;
      this.#unanswered(beganMs);
      waiting.resume();
    }
  }

  async #settleDoubts(): Promise<void> {
    const { waiting, holdings } = this.#deps;
    await this.#reclaimDoubtful();
    waiting.resume();
    holdings.retry();
  }

  /**
   * What the directory says of this gateway is compared with what it has, some of it at each
   * heartbeat.
   */
  #reviewOf(conversations: Conversations): OneAtATime {
    const { directory, credentials, log } = this.#deps;
    const answersFor = (held: Parameters<Conversations["answersFor"]>[0]) =>
      conversations.answersFor(held);
    const review = new Review({
      directory,
      gateway: () => this.#gateway,
      answersFor,
      connections: () => conversations.connections(),
      keepSlot: (connection) => conversations.keepSlot(connection),
      log,
    });
    return new OneAtATime(
      async () => {
        await credentials.round();
        await review.round();
      },
      (error) => this.#failed(error),
    );
  }

  async #sweepDead(): Promise<void> {
    const { directory, log } = this.#deps;
    const swept = performance.now() < this.#sweepFromMs ? 0 : await directory.sweep();
    if (swept > 0) log.info({ event: "swept", streams: swept }, "swept a dead gateway's streams");
  }

  #holds(gateway: GatewayId, nowMs: number): boolean {
    if (this.#away) return true;
    return gateway === this.#gateway && nowMs < this.#heldUntilMs;
  }

  /** The next heartbeat tries again, and says whether the directory is away. */
  #failed(error: unknown): void {
    const level = error instanceof DirectoryUnavailable ? "debug" : "error";
    this.#deps.log[level]({ event: "lease_work_failed", ...describeError(error) }, "lease work");
  }

  async #renew(): Promise<"renewed" | "lapsed"> {
    const askedMs = performance.now();
    const lease = await this.#deps.directory.heartbeat(this.#gateway, LEASE_MS);
    this.#deps.metrics.directoryRoundTrip(performance.now() - askedMs);
    this.#heldUntilMs = askedMs + LEASE_MS;
    if (lease === "renewed") this.#renewedAtMs = askedMs;
    this.#away = false;
    return lease;
  }

  /**
   * When the directory was away, every lease ran out: the others get the time of one to come back
   * too.
   */
  #reached(isFirst: boolean): void {
    this.#deps.log.info({ event: "directory_reached" }, "directory reached");
    this.#reachable = true;
    if (!isFirst) this.#sweepFromMs = performance.now() + LEASE_MS;
  }

  /**
   * The directory is away only if it was asked after the lease had run out, and this process ran
   * meanwhile.
   */
  #unanswered(beganMs: number): void {
    const now = performance.now();
    if (beganMs >= this.#heldUntilMs && now - beganMs <= ASKING_MS_MAX) this.#away = true;
  }

  async #takeNewLease(): Promise<void> {
    // What isn't claimed again stays under the old id, whose lease runs out and is swept.
    this.#heldUntilMs = 0;
    this.#gateway = newGatewayId();
    this.#deps.log.warn({ event: "lease_lapsed" }, "lease lapsed: claiming streams again");
    await this.#renew();
  }

  /** Claims again whatever was claimed under an earlier id, or was not named by the directory. */
  async #reclaimDoubtful(): Promise<void> {
    const doubtful: Held[] = [];
    for (const held of this.#conversations?.sessions() ?? []) {
      const { claim, entry } = held.session.stream;
      if (claim === "doubted" || entry.gateway !== this.#gateway) doubtful.push(held);
    }
    if (doubtful.length === 0) return;
    const affected = new Set(doubtful.map(({ conversation }) => conversation));
    const work = async () => {
      for (let next = doubtful.pop(); next !== undefined; next = doubtful.pop()) {
        await this.#reclaim(next.conversation, next.session);
      }
    };
    await Promise.all(Array.from({ length: RECLAIMS_AT_ONCE }, work));
    // The others dropped what was emitted while the streams were out of their rosters: it shows as
    // a gap (§4.7).
    for (const conversation of affected) conversation.events.announceTails();
  }

  async #reclaim(conversation: Conversation, session: Session): Promise<void> {
    if (!conversation.sessions.has(session.stream.entry.connection)) return;
    if (performance.now() - this.#renewedAtMs > RECLAIM_WITHIN_MS) {
      conversation.sessions.endUnheld(session, "claim_forgotten");
      return;
    }
    const entry: RosterEntry = { ...session.stream.entry, gateway: this.#gateway };
    const reclaimed = await this.#deps.directory.reclaim(conversation.where, entry);
    if (!reclaimed.ok) conversation.sessions.endUnheld(session, reclaimed.fault);
    else {
      conversation.roster.confirm(session.stream, reclaimed.value);
      const { entry } = session.stream;
      const isHeld = () => conversation.sessions.has(entry.connection);
      this.#deps.holdings.keepSlot(conversation.quota.slotOf(entry), isHeld);
    }
  }
}

function newGatewayId(): GatewayId {
  return randomBytes(8).toString("hex");
}

/**
 * One conversation as this gateway serves it: its parts, put together. A caller goes to the part
 * that does the work.
 */
import type { ConnectionId, Held, Where } from "@ams/directory";
import { describeError } from "@ams/process";
import { type AccountId, type CloseReason, encodeCursor, type ReplayTerms } from "@ams/protocol";
import { Arrivals } from "../accept/arrivals.ts";
import { isForeignBatch } from "../bus/batch.ts";
import { Intake } from "../bus/intake.ts";
import type { GatewayDeps } from "../deps.ts";
import { isHeldBy, Quota } from "../lifecycle/quota-slots.ts";
import { type ConversationLog, openConversationLog } from "../replay/conversation-log.ts";
import { Followers } from "../replay/followers.ts";
import { Refill } from "../replay/refill.ts";
import { Audience } from "./audience.ts";
import { CatchUp } from "./catch-up.ts";
import { ChannelEvents } from "./channel-events.ts";
import { Emission } from "./emission.ts";
import { Hold } from "./hold.ts";
import { notifyAudience } from "./notify.ts";
import { Reconcile } from "./reconcile.ts";
import { RemoteFrames } from "./remote-frames.ts";
import { Roster } from "./roster.ts";
import { Sessions } from "./sessions.ts";
import { Takeovers } from "./takeovers.ts";

export class Conversation {
  readonly where: Where;
  readonly channel: string;
  readonly deps: GatewayDeps;
  readonly owner: AccountId;
  readonly quota: Quota;
  readonly arrivals = new Arrivals();
  readonly roster: Roster;
  readonly sessions: Sessions;
  /** What its sessions emit. */
  readonly emission: Emission;
  readonly hold: Hold;
  /** What comes from its channel. */
  readonly intake: Intake;
  readonly events: ChannelEvents;
  /** What the directory says after events may have been lost. */
  readonly reconcile: Reconcile;

  /** What it keeps; null for nothing. */
  readonly kept: ConversationLog | null;
  /** Null where nothing is kept. */
  readonly refill: Refill | null;

  constructor(
    where: Where,
    owner: AccountId,
    deps: GatewayDeps,
    released: () => void,
    replay: ReplayTerms | null = null,
  ) {
    this.where = where;
    this.channel = deps.directory.channels.conversation(where);
    this.deps = deps;
    this.owner = owner;
    this.quota = new Quota(where.conversationId, owner);
    const { arrivals, quota } = this;
    const failed = (error: unknown) =>
      deps.log.warn({ event: "replay_failed", ...describeError(error) }, "replay failed");
    const kept = openConversationLog(deps.replay, this.channel, replay, {
      moved: (cursor) => audience.deliverToLive(encodeCursor(cursor)),
      lost: () => deps.resync(this.channel),
      grown: () => followers?.grown(),
    });
    const followers: Followers | null =
      kept &&
      new Followers({
        kept,
        failed,
        turns: deps.turns,
        account: owner,
        limitBytes: deps.backpressureBytes,
        flush: () => emission.flush(),
        publishMark: (mark) => deps.relay.publishMark(outbox, mark),
        streams: () => roster.streams(),
      });
    const audience = new Audience(deps.sockets, followers);
    const roster: Roster = new Roster(
      notifyAudience(
        audience,
        (id) => this.sessions.holderOf(id),
        () => roster.size,
        deps,
      ),
    );
    const outbox = deps.relay.open(this.channel, audience, kept?.append);
    const emission = new Emission(where, deps, roster, outbox);
    const of = { where, deps, roster, arrivals };
    const sessions = new Sessions({ ...of, audience, emission, followers, quota, released });
    const catchUp = new CatchUp({
      stalls: deps.stalls,
      announce: (mark) => deps.relay.publishMark(outbox, mark),
      done: () => deps.waiting.resume(),
    });
    const takeovers = new Takeovers({ ...of, sessions, emission });
    const parts = { ...of, sessions, emission, outbox, takeovers, catchUp, kept, followers };
    const events = new ChannelEvents(parts);
    const frames = new RemoteFrames({ deps, roster, audience, sessions, quota });
    this.roster = roster;
    this.sessions = sessions;
    this.emission = emission;
    this.hold = new Hold(deps, catchUp);
    this.events = events;
    this.reconcile = new Reconcile({ ...of, sessions, takeovers });
    this.intake = new Intake({
      event: (event) => {
        if (kept !== null && frames.hasHoleBefore(event, kept.hasHole))
          this.refill?.before(() => events.apply(event));
        else events.apply(event);
      },
      batch: (batch) => {
        kept?.countReceived(!isForeignBatch(batch, deps.relay.origin));
        if (kept !== null && frames.hasHole(batch, kept.hasHole))
          this.refill?.before(() => frames.deliver(batch));
        else frames.deliver(batch);
      },
      unread: () => deps.metrics.unread("conversation"),
    });
    this.kept = kept;
    this.refill = kept && new Refill({ kept, intake: this.intake, frames, failed });
  }

  /**
   * Whether a session here, or a join that is under way, answers for what the directory lists in
   * its name.
   */
  answersFor(held: Held): boolean {
    const { connection } = held.kind === "quota_slot" ? held.slot : held;
    if (this.arrivals.has(connection)) return true;
    const entry = this.sessions.get(connection)?.stream.entry;
    return entry !== undefined && isHeldBy(held, entry, this.quota.slotOf(entry));
  }

  /** Ends a connection, or the join that it is yet. */
  end(connection: ConnectionId, reason: CloseReason): void {
    this.arrivals.refuse(connection, reason);
    this.sessions.get(connection)?.close(reason);
  }
}

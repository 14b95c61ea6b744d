/**
 * The events of a conversation's channel, applied in their order: each has taken its whole effect
 * before the next is looked at.
 */
import { type ChannelEvent, NO_LINK, type RosterEvent } from "@ams/directory";
import type { StreamId } from "@ams/protocol";
import type { Outbox } from "../bus/relay.ts";
import type { ConversationLog } from "../replay/conversation-log.ts";
import type { Followers } from "../replay/followers.ts";
import type { CatchUp } from "./catch-up.ts";
import type { Emission } from "./emission.ts";
import type { Takeovers, TakeoversParts } from "./takeovers.ts";

type ClaimedEvent = Extract<RosterEvent, { kind: "claimed" }>;
type LeftEvent = Extract<RosterEvent, { kind: "left" }>;

export type ChannelEventsParts = TakeoversParts & {
  readonly outbox: Outbox;
  readonly takeovers: Takeovers;
  readonly emission: Emission;
  readonly catchUp: CatchUp;
  /** Null where nothing is kept. */
  readonly kept: ConversationLog | null;
  readonly followers: Followers | null;
};

export class ChannelEvents {
  readonly #parts: ChannelEventsParts;

  constructor(parts: ChannelEventsParts) {
    this.#parts = parts;
  }

  apply(event: ChannelEvent): void {
    const { roster, arrivals, sessions, catchUp } = this.#parts;
    switch (event.kind) {
      case "claimed":
        this.#applyClaim(event);
        return;
      case "left":
        this.#applyLeft(event);
        return;
      case "yielded":
        roster.yielded(event.epoch, event.n);
        if (event.ts !== null) roster.advanceClock(event.stream_id, Date.parse(event.ts));
        arrivals.yielded(event.epoch);
        return;
      case "tail":
        if (!this.#isHeldHere(event.stream_id, event.epoch)) roster.tail(event.epoch, event.n);
        return;
      case "mark":
        if (event.tails) this.announceTails();
        catchUp.heard(event.mark);
        this.#parts.followers?.heard(event.mark);
        return;
      case "kept":
        this.#parts.kept?.kept(event);
        return;
      case "links_revoked":
        arrivals.refuseWhere(({ link }) => isUpTo(link, event.up_to), "link_revoked");
        sessions.closeWhere(({ stream }) => isUpTo(stream.entry.link, event.up_to), "link_revoked");
        return;
      case "link_revoked":
        arrivals.refuseWhere(({ link }) => event.links.includes(link), "link_revoked");
        sessions.closeWhere(
          ({ stream }) => event.links.includes(stream.entry.link),
          "link_revoked",
        );
        return;
      case "closed":
        sessions.closeAll("conversation_closed");
        return;
      default:
        event satisfies never;
    }
  }

  /** Notifies the other gateways how far each stream that is held here has emitted. */
  announceTails(): void {
    const { deps, sessions, outbox } = this.#parts;
    for (const { stream } of sessions.values()) {
      const { stream_id, epoch } = stream.entry;
      const n = stream.lastN ?? 0;
      if (n > 0) deps.relay.announce(outbox, { kind: "tail", stream_id, epoch, n });
    }
  }

  #applyLeft({ stream_id, epoch, n, ts }: LeftEvent): void {
    const { deps, roster } = this.#parts;
    // Announced by others while it is alive and held here: it is claimed again.
    const stream = roster.get(stream_id);
    if (stream === undefined || !this.#isHeldHere(stream_id, epoch)) {
      // Nobody alive has written that it left.
      if (stream !== undefined && n === null) {
        this.#parts.emission.keepLeft(stream, stream.lastN, ts);
        this.#parts.emission.flush();
      }
      roster.left(stream_id, epoch, n, ts);
      return;
    }
    roster.doubt(stream);
    deps.recheck();
  }

  #applyClaim({ entry, displaced }: ClaimedEvent): void {
    const { roster, arrivals, takeovers } = this.#parts;
    const waitForYield = displaced !== null && !takeovers.displaceHere(displaced, entry);
    const unheard = takeovers.yieldUnheard(entry);
    const stream = roster.claimed(entry, displaced !== null && !unheard);
    if (stream === null || !arrivals.has(entry.connection)) {
      takeovers.returnOrphan(entry);
      return;
    }
    const heard = { stream, resumed: displaced !== null };
    if (waitForYield) arrivals.acceptAfterYield(entry.connection, displaced.epoch, heard);
    else arrivals.accept(entry.connection, heard);
  }

  #isHeldHere(id: StreamId, epoch: number): boolean {
    const { roster, sessions } = this.#parts;
    const entry = roster.get(id)?.entry;
    return entry !== undefined && entry.epoch === epoch && sessions.has(entry.connection);
  }
}

/** What no link admitted stays when links end. */
function isUpTo(link: number, last: number): boolean {
  return link !== NO_LINK && link <= last;
}

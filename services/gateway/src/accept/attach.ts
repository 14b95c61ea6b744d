/**
 * From the access checks to a session: the account's quota slot is reserved, the stream is claimed,
 * and when the claim is heard on the channel the socket is attached: it is sent the roster as it is
 * at that moment and put on its topics, all in one turn.
 */
import { randomUUID } from "node:crypto";
import type { ConnectionId, QuotaSlot } from "@ams/directory";
import { comparePositions, formatCursor, type Position, START } from "@ams/log";
import { type CloseReason, encodeJoined, type Joined } from "@ams/protocol";
import type { GatewayConfig } from "../config.ts";
import type { Conversation } from "../conversation/conversation.ts";
import type { Conversations } from "../conversation/conversations.ts";
import type { LiveStream } from "../conversation/live-stream.ts";
import { Session, type SessionTerms } from "../conversation/session.ts";
import type { GatewayDeps } from "../deps.ts";
import type { JoinOutcome } from "../metrics.ts";
import type { FollowTerms } from "../replay/follower.ts";
import { toIso } from "../time.ts";
import type { Admitted, ReplayWish } from "./admit.ts";
import type { Heard } from "./arrivals.ts";
import type { PendingConnect } from "./sockets.ts";

/** Milliseconds until a claim that was granted must have come round on the channel. */
const HEAR_WAIT_MS = 5_000;

export type AttachDeps = {
  readonly deps: GatewayDeps;
  readonly conversations: Conversations;
  readonly config: GatewayConfig;
  /** Of a connection that asks for nothing special, as most do: all of them share it. */
  readonly plainTerms: SessionTerms;
};

/**
 * Attaches the connect, or refuses it. Rejects with DirectoryUnavailable when the directory can't
 * say whether it may join.
 */
export async function attach(
  admitted: Admitted,
  pending: PendingConnect,
  attachDeps: AttachDeps,
): Promise<JoinOutcome> {
  const { conversations } = attachDeps;
  const conversation = await conversations.acquire(admitted.admission);
  if (conversation === null) return refuse(pending, "conversation_not_found");
  const join = new Join(admitted, pending, conversation, attachDeps);
  let outcome: JoinOutcome = "internal_error";
  try {
    outcome = await join.run();
  } finally {
    if (!join.isJoined) {
      join.undo();
      conversations.release(conversation);
    }
  }
  return outcome;
}

function refuse(pending: PendingConnect, reason: CloseReason): CloseReason {
  pending.refuse(reason);
  return reason;
}

/** One join under way. */
class Join {
  readonly connection: ConnectionId = randomUUID();
  readonly #slot: QuotaSlot;
  /** Whether the directory may hold a quota slot of this join: also when its answer is lost. */
  #reserved = false;
  /** Whether the directory may hold a claim of this join. */
  #claimed = false;
  /**
   * From here on the socket's session answers for all that was taken, whatever becomes of the
   * join's last steps.
   */
  #stream: LiveStream | null = null;
  /** The end of the log before the stream was claimed; null where nothing is kept. */
  #end: Position | null = null;
  readonly #admitted: Admitted;
  readonly #pending: PendingConnect;
  readonly #conversation: Conversation;
  readonly #deps: GatewayDeps;
  readonly #config: GatewayConfig;
  readonly #plainTerms: SessionTerms;

  constructor(
    admitted: Admitted,
    pending: PendingConnect,
    conversation: Conversation,
    { deps, config, plainTerms }: AttachDeps,
  ) {
    this.#admitted = admitted;
    this.#pending = pending;
    this.#conversation = conversation;
    this.#deps = deps;
    this.#config = config;
    this.#plainTerms = plainTerms;
    this.#slot = conversation.quota.slotOf({
      owner_account_id: admitted.accountId,
      stream_id: admitted.streamId,
      gateway: deps.gateway(),
      connection: this.connection,
    });
  }

  async run(): Promise<JoinOutcome> {
    // From the first step on, so that no news of the account, link or conversation falls between
    // two of them.
    const joined = this.#expectJoin();
    await this.#turn();
    const reserved = await this.#reserve();
    if (reserved !== "own" && reserved !== "shared") return refuse(this.#pending, reserved);
    const { arrivals } = this.#conversation;
    if (this.#pending.gone) return arrivals.has(this.connection) ? "client_gone" : joined;
    await this.#turn();
    const fault = await this.#claim();
    if (fault !== null) return refuse(this.#pending, fault);
    const outcome = await this.#within(joined);
    this.#settleSlot(reserved);
    return outcome;
  }

  /**
   * A directory in the process's own files writes to disk before it returns, some milliseconds for
   * each join: many at once would keep the event loop from everybody else.
   */
  #turn(): Promise<void> {
    return this.#deps.turns.wait(this.#admitted.admission.conversation.owner_account_id);
  }

  get isJoined(): boolean {
    return this.#stream !== null;
  }

  /** Gives back whatever a join that came to nothing has taken. */
  undo(): void {
    const { streamId: stream_id, streamName: stream_name } = this.#admitted;
    const { connection } = this;
    this.#conversation.arrivals.forget(connection);
    if (this.#claimed) this.#conversation.sessions.abandon({ stream_id, stream_name, connection });
    this.#deps.credentials.forget(this.#admitted.accountId, connection);
    if (this.#reserved) this.#deps.holdings.releaseSlot(this.#slot);
  }

  async #reserve(): Promise<"own" | "shared" | CloseReason> {
    const { accountId, credential, endsMs, streamId, streamName } = this.#admitted;
    const { credentials } = this.#deps;
    if (credential !== null) {
      credentials.watch(accountId, credential, this.connection, this.#conversation);
    }
    const { AMS_STREAMS_PER_ACCOUNT, AMS_GUESTS_PER_ACCOUNT } = this.#config;
    const { planLimits } = await this.#deps.meters.ready(this.#slot.account_id);
    const slotsMax =
      credential === null
        ? (planLimits.guests_max ?? AMS_GUESTS_PER_ACCOUNT)
        : (planLimits.streams_max ?? AMS_STREAMS_PER_ACCOUNT);
    this.#reserved = true;
    const reserved = await this.#deps.directory.reserve(this.#slot, { credential, slotsMax });
    if (reserved.ok) {
      const { shared, credentialEndsMs: at_ms } = reserved.value;
      if (credential !== null) credentials.end(accountId, [{ credential, at_ms }]);
      if (endsMs !== null) credentials.endAt(this.connection, this.#conversation, endsMs);
      return shared ? "shared" : "own";
    }
    this.#reserved = false;
    if (reserved.fault !== "account_concurrency_limit") return reserved.fault;
    // A name that somebody else holds is reported before the limit is (§3.3).
    for (const { entry } of this.#conversation.roster.streams()) {
      if (entry.stream_name === streamName && entry.stream_id !== streamId)
        return "stream_name_conflict";
    }
    return reserved.fault;
  }

  /**
   * The quota slot is this connection's alone. A live stream keeps the id that it has, also under a
   * new pepper.
   */
  #settleSlot(reserved: "own" | "shared"): void {
    if (this.#stream === null) return;
    const slot = this.#conversation.quota.slotOf(this.#stream.entry);
    const isAnother = slot.stream_id !== this.#slot.stream_id;
    if (isAnother || reserved === "shared") {
      const isHeld = () => this.#conversation.sessions.has(this.connection);
      this.#deps.holdings.keepSlot(slot, isHeld);
    }
    if (isAnother) this.#deps.holdings.releaseSlot(this.#slot);
  }

  /** Null when the claim was granted. */
  async #claim(): Promise<CloseReason | null> {
    const admitted = this.#admitted;
    const { kept } = this.#conversation;
    const { owner_account_id: owner } = admitted.admission.conversation;
    const { planLimits } = await this.#deps.meters.ready(owner);
    // Before the claim is made: what is emitted from then on lies behind it.
    if (kept !== null) this.#end = await kept.log.end(kept.name);
    this.#claimed = true;
    const claimed = await this.#deps.directory.claim({
      where: this.#conversation.where,
      stream_id: admitted.streamId,
      stream_name: admitted.streamName,
      owner_account_id: admitted.accountId,
      metadata: admitted.metadata,
      peer_identity: admitted.peerIdentity,
      joined_at: toIso(this.#deps.now()),
      gateway: this.#slot.gateway,
      connection: this.connection,
      link: admitted.link.number,
      subscribersMax: planLimits.subscribers_max ?? this.#config.AMS_SUBSCRIBERS_PER_CONVERSATION,
    });
    if (claimed.ok) return null;
    this.#claimed = false;
    return claimed.fault;
  }

  /** Resolves when the socket has been attached, or the join has failed. */
  #expectJoin(): Promise<JoinOutcome> {
    return new Promise((resolve) => {
      this.#conversation.arrivals.expect(this.connection, {
        link: this.#admitted.link.number,
        accept: (heard) => resolve(this.#attach(heard)),
        refuse: (reason) => resolve(refuse(this.#pending, reason)),
      });
    });
  }

  #attach(heard: Heard): JoinOutcome {
    // It has left the roster while this waited for the old holder.
    if (heard.stream.claim === "ended") return refuse(this.#pending, "internal_error");
    const session = new Session(this.#conversation, heard.stream, this.#terms(), (opened) =>
      this.#welcome(opened, heard),
    );
    if (!this.#pending.accept(session)) return "client_gone";
    this.#stream = heard.stream;
    return heard.resumed ? "resumed" : "joined";
  }

  #welcome(session: Session, heard: Heard): void {
    const { socket } = session;
    if (socket === null) return;
    const { admission, selfSubscribe, subscribeStreams, summary } = this.#admitted;
    const { entry } = heard.stream;
    const follow = this.#followTerms();
    socket.send(
      encodeJoined({
        conversation_id: this.#conversation.where.conversationId,
        stream: entry,
        conversation_metadata: admission.conversation.metadata,
        self_subscribe: selfSubscribe,
        subscribed_streams: subscribeStreams,
        resumed: heard.resumed,
        read_only: session.terms.isReadOnly,
        epoch: entry.epoch,
        ts: toIso(this.#deps.now()),
        peers: summary ? this.#conversation.roster.size - 1 : this.#peersOf(heard.stream),
        kept: this.#keptMembers(follow),
      }),
    );
    this.#conversation.sessions.enter(session, socket, follow);
    // Others know the stream by the metadata of its last holder.
    if (heard.stream.knownMetadata !== entry.metadata) {
      this.#conversation.emission.emitMetadata(session, socket, entry.metadata, this.#deps.now());
    }
  }

  #peersOf(own: LiveStream) {
    const others = [...this.#conversation.roster.streams()].filter((stream) => stream !== own);
    return others.map((stream) => stream.entry);
  }

  /** Null for a reader that asked for nothing that is kept. */
  #followTerms(): FollowTerms | null {
    const [wish, end] = [this.#admitted.replay, this.#end];
    if (wish === null || end === null) return null;
    return { from: this.#positionOf(wish.from, end), end, mode: wish.mode };
  }

  /** A position that the log has not reached yet is its end. */
  #positionOf(from: ReplayWish["from"], end: Position): Position | number {
    if (typeof from === "number") return from;
    const ms = "seconds" in from ? this.#deps.now() - from.seconds * 1_000 : 0;
    const position = "seconds" in from ? { ...START, ms: Math.max(0, ms) } : from;
    return comparePositions(position, end) < 0 ? position : end;
  }

  #keptMembers(follow: FollowTerms | null): Joined["kept"] {
    const { kept } = this.#conversation;
    const end = this.#end;
    if (kept === null || end === null) return null;
    const position = follow === null || typeof follow.from === "number" ? end : follow.from;
    return { replay: kept.name.terms, cursor: formatCursor(kept.tag, position) };
  }

  #terms(): SessionTerms {
    const { link, streamId, selfSubscribe, subscribeStreams, receipts, summary } = this.#admitted;
    const streams = subscribeStreams?.filter((id) => id !== streamId) ?? null;
    const self = selfSubscribe ? streamId : null;
    const isReadOnly = link.terms?.read_only ?? false;
    const isPlain = streams === null && self === null && !receipts && !isReadOnly && !summary;
    if (isPlain) return this.#plainTerms;
    return { ...this.#plainTerms, subscription: { streams, self, summary }, receipts, isReadOnly };
  }

  async #within(joined: Promise<JoinOutcome>): Promise<JoinOutcome> {
    const timer = setTimeout(() => {
      this.#conversation.arrivals.refuse(this.connection, "internal_error");
    }, HEAR_WAIT_MS);
    try {
      return await joined;
    } finally {
      clearTimeout(timer);
    }
  }
}

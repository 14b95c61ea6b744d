/**
 * The conversations that this gateway serves at present: each is opened by its first join and
 * closed behind its last session, so that a gateway hears only the channels that somebody here
 * listens to.
 */
import { randomUUID } from "node:crypto";
import {
  type Address,
  type Admission,
  type ConnectionId,
  DirectoryUnavailable,
  type Held,
  whereOf,
} from "@ams/directory";
import { describeError } from "@ams/process";
import type { ConversationId } from "@ams/protocol";
import type { Bus } from "../bus/bus.ts";
import type { GatewayDeps } from "../deps.ts";
import { Conversation } from "./conversation.ts";
import type { Session } from "./session.ts";

/**
 * Milliseconds until a mark that was announced must have come round: the bus is away or far behind.
 */
const MARK_WAIT_MS = 5_000;

/** Conversations that are brought in line at a time after the bus was away. */
const RESYNC_AT_ONCE = 50;

/**
 * Milliseconds until one that could not be brought in line is tried again: nothing else may notify
 * that the store is back.
 */
const RESYNC_RETRY_MS = 1_000;

type Open = {
  readonly conversation: Conversation;
  /** As the latest join read it. */
  admission: Admission;
  /** True once the roster is known; false when the conversation is gone. */
  readonly ready: Promise<boolean>;
  /** Joins under way and sessions. */
  users: number;
};

export class Conversations {
  readonly #deps: GatewayDeps;
  readonly #bus: Bus;
  /** By generation: one that was deleted unheard here and its successor are two. */
  readonly #open = new Map<string, Open>();
  readonly #byId = new Map<ConversationId, Set<Conversation>>();
  readonly #byChannel = new Map<string, Conversation>();
  readonly #byAddress = new Map<string, Open>();
  /**
   * The last snapshot that was begun for each: the next waits for it, since what waits behind a
   * mark waits for one only.
   */
  readonly #snapshots = new WeakMap<Conversation, Promise<unknown>>();
  /** Those whose next snapshot has not begun, and so serves whoever asks for one. */
  readonly #queued = new WeakSet<Conversation>();

  constructor(deps: GatewayDeps, bus: Bus) {
    this.#deps = deps;
    this.#bus = bus;
    bus.onUp((channels) => this.#resyncAll(channels));
  }

  /**
   * What a join has read of the conversation that is open under this address. Parts of it may have
   * changed since.
   */
  admissionTo(address: Address): Admission | undefined {
    return this.#byAddress.get(keyOf(address))?.admission;
  }

  /**
   * The conversation with a true roster, or null when it is gone. What was acquired must be
   * released, by `release` or by its session.
   */
  async acquire(admission: Admission): Promise<Conversation | null> {
    const { generation } = admission.conversation;
    const open = this.#open.get(generation) ?? this.#openFirst(admission);
    open.admission = admission;
    open.users += 1;
    try {
      if (await open.ready) return open.conversation;
    } catch (error) {
      this.release(open.conversation);
      throw error;
    }
    this.release(open.conversation);
    return null;
  }

  /** Lets go of a conversation for which no session came to be. */
  release(conversation: Conversation): void {
    const open = this.#open.get(conversation.where.generation);
    if (open === undefined || open.conversation !== conversation) return;
    open.users -= 1;
    if (open.users > 0) return;
    this.#open.delete(conversation.where.generation);
    this.#forgetId(conversation);
    this.#byChannel.delete(conversation.channel);
    const key = keyOf(conversation.where.address);
    if (this.#byAddress.get(key) === open) this.#byAddress.delete(key);
    this.#bus.unsubscribe(conversation.channel);
    conversation.kept?.close();
  }

  /** Whether anybody here answers for what the directory lists as held by this gateway. */
  answersFor(held: Held): boolean {
    const id = held.kind === "quota_slot" ? held.slot.conversation_id : held.where.conversationId;
    for (const one of this.#byId.get(id) ?? []) if (one.answersFor(held)) return true;
    return false;
  }

  /** Every session of this gateway. */
  *sessions(): Generator<{ readonly conversation: Conversation; readonly session: Session }> {
    for (const { conversation } of this.#open.values()) {
      for (const session of conversation.sessions.values()) yield { conversation, session };
    }
  }

  /** The connection of every session of this gateway. */
  *connections(): Generator<ConnectionId> {
    for (const { session } of this.sessions()) yield session.stream.entry.connection;
  }

  /** Takes the quota slot of this connection again, if it has a session here. */
  keepSlot(connection: ConnectionId): void {
    for (const { conversation } of this.#open.values()) {
      const { sessions, quota } = conversation;
      const entry = sessions.get(connection)?.stream.entry;
      if (entry === undefined) continue;
      const isHeld = () => sessions.has(connection);
      this.#deps.holdings.keepSlot(quota.slotOf(entry), isHeld);
      return;
    }
  }

  get size(): number {
    return this.#open.size;
  }

  #openFirst(admission: Admission): Open {
    const { owner_account_id, replay = null } = admission.conversation;
    const where = whereOf(admission.conversation);
    const conversation: Conversation = new Conversation(
      where,
      owner_account_id,
      this.#deps,
      () => this.release(conversation),
      replay,
    );
    const open: Open = {
      conversation,
      admission,
      ready: this.#inTurn(conversation, () => this.#load(conversation)),
      users: 0,
    };
    this.#open.set(where.generation, open);
    const ofId = this.#byId.get(where.conversationId) ?? new Set();
    this.#byId.set(where.conversationId, ofId.add(conversation));
    this.#byChannel.set(conversation.channel, conversation);
    this.#byAddress.set(keyOf(where.address), open);
    return open;
  }

  #forgetId(conversation: Conversation): void {
    const { conversationId } = conversation.where;
    const ofId = this.#byId.get(conversationId);
    ofId?.delete(conversation);
    if (ofId?.size === 0) this.#byId.delete(conversationId);
  }

  async #load(conversation: Conversation): Promise<boolean> {
    await this.#bus.subscribe(conversation.channel, (payload) =>
      conversation.intake.receive(payload),
    );
    const entries = await this.#snapshot(conversation, false);
    if (entries === null) return false;
    const { kept } = conversation;
    if (kept !== null) kept.begin(await kept.log.end(kept.name));
    conversation.roster.load(entries);
    conversation.intake.resume(true);
    kept?.mark();
    return true;
  }

  /** Brings one in line: it has lost something that came by its channel. */
  resync(channel: string): void {
    this.#resyncAll([channel]);
  }

  #resyncAll(channels: readonly string[]): void {
    const waiting = channels.flatMap((channel) => this.#byChannel.get(channel) ?? []);
    for (const { kept } of waiting) kept?.rebase();
    const work = async () => {
      for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
        if (!this.#queued.has(next)) await this.#resyncInTurn(next);
      }
    };
    for (let worker = 0; worker < RESYNC_AT_ONCE; worker += 1) {
      work().catch((error: unknown) => {
        this.#deps.log.error({ event: "resync_failed", ...describeError(error) }, "resync failed");
      });
    }
  }

  #resyncInTurn(conversation: Conversation): Promise<void> {
    this.#queued.add(conversation);
    return this.#inTurn(conversation, () => {
      this.#queued.delete(conversation);
      return this.#resync(conversation);
    });
  }

  async #resync(conversation: Conversation): Promise<void> {
    if (this.#byChannel.get(conversation.channel) !== conversation) return; // Closed meanwhile.
    try {
      conversation.kept?.mark();
      const entries = await this.#snapshot(conversation, true);
      if (entries === null) conversation.sessions.closeAll("conversation_closed");
      else {
        // What the log has of known streams comes before their leaves and takeovers, and the rest
        // after those that joined meanwhile.
        await conversation.refill?.run(false);
        conversation.reconcile.apply(entries);
        await conversation.refill?.run(true);
      }
    } catch (error) {
      if (!(error instanceof DirectoryUnavailable)) throw error;
      setTimeout(() => this.#resyncAll([conversation.channel]), RESYNC_RETRY_MS).unref();
    } finally {
      conversation.intake.resume();
    }
  }

  #inTurn<Value>(conversation: Conversation, work: () => Promise<Value>): Promise<Value> {
    const before = this.#snapshots.get(conversation) ?? Promise.resolve();
    const done = before.then(work, work);
    this.#snapshots.set(conversation, done);
    return done;
  }

  /**
   * What the directory holds at a position of the channel that has been reached here; null when the
   * conversation is gone.
   */
  async #snapshot(conversation: Conversation, tails: boolean) {
    const mark = randomUUID();
    const heard = conversation.intake.hold(mark);
    const entries = await this.#deps.directory.snapshot(conversation.where, { mark, tails });
    if (entries !== null) await within(MARK_WAIT_MS, heard);
    return entries;
  }
}

function keyOf({ namespace, alias }: Address): string {
  return `${namespace}/${alias}`;
}

async function within(ms: number, promise: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new DirectoryUnavailable("the mark did not come round")), ms);
  });
  try {
    await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

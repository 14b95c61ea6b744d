/** From a request to a subscription that the session has for itself, and on to its connection. */
import type { Connection } from "@ams/client";
import { failure } from "../checks/faults.ts";
import { nonceOf, type Seal } from "../checks/seal.ts";
import type { CheckedLink, Clock, Counters, Links, Result, Who } from "../contract.ts";
import { EVENTS_MAX, type WrapperLimits } from "../limits.ts";
import type { Position } from "../subscriptions/buffer.ts";
import type { Subscription } from "../subscriptions/subscription.ts";
import type { Subscriptions } from "../subscriptions/subscriptions.ts";
import { type Aim, type Found, find, nameFor } from "../subscriptions/target.ts";
import type { Replay, Wishes } from "../subscriptions/wire-connection.ts";
import type { Loops } from "./loops.ts";
import type { SessionState } from "./session-state.ts";
import { identityOf, ownerOf } from "./who.ts";

/** What a call works with: the process's, and its own. */
export type Context = {
  readonly clock: Clock;
  readonly counters: Counters;
  readonly limits: WrapperLimits;
  readonly links: Links;
  readonly loops: Loops;
  readonly seal: Seal;
  readonly subscriptions: Subscriptions;
  readonly state: SessionState;
  readonly who: Who;
  /** Takes the session, which has ended, out of the process. */
  readonly forget: () => void;
};

export type How = {
  /** True for a join: it may come back after a leave. */
  readonly explicit?: boolean;
  readonly takeOver?: boolean;
  /** The caller's program, where the call itself says it: the beginning of an automatic name. */
  readonly client?: string | undefined;
  /**
   * True where a subscription that is named is taken for one that is there: if it has to be made,
   * it was elsewhere.
   */
  readonly presumes?: boolean;
  /** The name of a subscription that has to be made, in place of an automatic one. */
  readonly newStreamName?: string | undefined;
  /**
   * Where the call would read: null refuses it before anything is claimed. Where reading is,
   * unless given.
   */
  readonly where?: (subscription: Subscription) => Position | null;
};

export type Subscribed = {
  readonly subscription: Subscription;
  readonly link: CheckedLink | null;
  readonly position: Position;
  /** Whether the call proved by a handle whose it is. */
  readonly byHandle: boolean;
};

/**
 * The subscription that a call is about, made if there is none and a link leads there, and claimed
 * by this session.
 */
export async function subscribe(
  context: Context,
  aim: Aim,
  how: How = {},
): Promise<Result<Subscribed>> {
  const found = await unlessAborted(find(context, aim), aim.signal);
  if (!found.ok) return found;
  if (context.state.ended) return failure("session_ended");
  // It was forgotten or renewed since it was found.
  if (found.subscription !== null && !context.subscriptions.has(found.subscription))
    return await subscribe(context, aim, how);
  const taken = subscriptionFor(context, found, how);
  if (!taken.ok) return taken;
  const { subscription } = taken;
  const position = how.where === undefined ? subscription.positions.at : how.where(subscription);
  if (position === null) {
    abandon(context, subscription);
    // One that was left stays left.
    if (found.subscription?.wire.left) context.subscriptions.restore(found.subscription);
    return failure("invalid_cursor");
  }
  const mayTake = how.takeOver === true || found.handle !== null;
  if (!claim(context.state, subscription, mayTake)) return failure("seat_taken");
  subscription.usedAt = context.clock.now();
  subscription.uses += 1;
  subscription.swept = false;
  context.state.keep(subscription);
  return { ok: true, subscription, link: found.link, position, byHandle: found.handle !== null };
}

/**
 * Its connection, dialled if need be. A caller that goes doesn't end the dial: others may wait for
 * it too.
 */
export async function reach(
  context: Context,
  {
    subscription,
    link,
    byHandle = false,
  }: Pick<Subscribed, "subscription" | "link"> & Partial<Subscribed>,
  { takeOver = false }: How,
  signal: AbortSignal | undefined,
  { wishes = {}, cursor, lastN }: Wanted = {},
): Promise<Result<{ readonly connection: Connection }>> {
  // Another call may have given up on it since it was found. From here on its connection is in use,
  // and nobody does.
  if (!subscription.wire.left && !context.subscriptions.restore(subscription))
    return failure("unavailable");
  if (subscription.holder === context.state) context.state.keep(subscription);
  const { passing, peerIdentity } = context.state.name;
  const { wire, positions } = subscription;
  const log = cursor === undefined ? null : positions.logOf(cursor);
  const replay: Replay | null = lastN === undefined ? log : { last: REPLAYED_FRAMES };
  const reached = await unlessAborted(
    wire.reach({
      identity: identityOf(context.who),
      link,
      takeBack: takeOver || passing || byHandle,
      wishes: { ...(peerIdentity === undefined ? {} : { peerIdentity }), ...wishes },
      ...(replay === null ? {} : { replay }),
    }),
    signal,
  );
  if (!reached.ok) abandon(context, subscription);
  // The dial was this call's, and its log goes on where the cursor is.
  else if (cursor !== undefined && log !== null && wire.replay === log)
    positions.replayedFrom(cursor);
  return reached;
}

/** What a call wants of a subscription that has to be dialled. */
type Wanted = {
  readonly wishes?: Wishes;
  /** Where it goes on to read. */
  readonly cursor?: string | undefined;
  /** How many of the last messages it wants. */
  readonly lastN?: number | undefined;
};

/** Kept frames that the last messages are looked for in: as many as a buffer holds. */
const REPLAYED_FRAMES = EVENTS_MAX;

/** Nothing is kept of a subscription that has never been on the wire. */
export function abandon({ subscriptions, state }: Context, subscription: Subscription): void {
  if (subscription.wire.joined !== null || subscription.wire.dialling) return;
  subscriptions.forget(subscription);
  state.drop(subscription);
}

/** What it resolves with, or `aborted` as soon as the caller has gone. */
export function unlessAborted<Value>(
  promise: Promise<Result<Value>>,
  signal: AbortSignal | undefined,
): Promise<Result<Value>> {
  if (signal === undefined) return promise;
  if (signal.aborted) return Promise.resolve(failure("aborted"));
  return new Promise((resolve, reject) => {
    const abort = () => resolve(failure("aborted"));
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

function subscriptionFor(
  context: Context,
  found: Found,
  { explicit = false, presumes = false, client, newStreamName }: How,
): Result<{ subscription: Subscription }> {
  const { subscriptions, who } = context;
  const { subscription, link, conversationId, handle } = found;
  if (subscription !== null && isFreed(context, found))
    return { ok: true, subscription: subscriptions.renew(subscription) };
  if (subscription?.wire.left)
    return explicit
      ? { ok: true, subscription: subscriptions.renew(subscription) }
      : failure("left");
  if (subscription !== null) return { ok: true, subscription };
  const owner = ownerOf(who, link);
  if (link === null || owner === null) return failure("not_joined");
  if (!mayHaveOneMore(context)) return failure("too_many_seats");
  const name = found.streamName ?? newStreamName ?? nameFor(context, link, client);
  // What a handle names, and what a revived session had, was elsewhere before.
  const wasElsewhere = handle !== null || context.state.name.revived === true;
  const isPresumed = (presumes && found.streamName !== null) || wasElsewhere;
  const of =
    handle === null
      ? { nonce: nonceFor(context, conversationId, name) }
      : { nonce: handle.nonce, handle: handle.text };
  const made = subscriptions.take(owner, conversationId, name, { isPresumed, ...of });
  return made === null ? failure("too_many_seats") : { ok: true, subscription: made };
}

/** The same in each process that the session comes to, so that its handles hold in all of them. */
function nonceFor({ state }: Context, conversationId: string, streamName: string): string {
  const { id, passing, seed } = state.name;
  return passing && seed !== undefined ? seed : nonceOf(`${id}|${conversationId}|${streamName}`);
}

/**
 * Whether a guest names a subscription that was another guest's and has left: the name is free, and
 * nothing of what was heard under it is theirs.
 */
function isFreed({ state, who }: Context, { subscription, handle }: Found): boolean {
  if (subscription === null || handle !== null || who.kind === "account") return false;
  return state.holdOf(subscription) === null;
}

/**
 * Whether the session may have one more subscription. One that it left frees a slot, else one that
 * is off the wire: the oldest.
 */
function mayHaveOneMore({ subscriptions, state, limits }: Context): boolean {
  for (const { subscription } of state.holds)
    if (!subscriptions.has(subscription)) state.drop(subscription);
  if (state.holds.length < limits.subscriptionsPerSession) return true;
  const resting = state.holds
    .map(({ subscription }) => subscription)
    .filter((subscription) => subscription.wire.ending !== null);
  const oldest = resting.find((subscription) => subscription.wire.left) ?? resting[0];
  if (oldest === undefined) return false;
  subscriptions.forget(oldest);
  state.drop(oldest);
  return true;
}

/**
 * Who lost a subscription must say so to have it back, and so must who wants it from a session that
 * is live.
 */
function claim(state: SessionState, subscription: Subscription, takeOver: boolean): boolean {
  const hasLost = state.holdOf(subscription)?.lost ?? false;
  return subscription.claim(state, takeOver || !(hasLost || (subscription.holder?.live ?? false)));
}

/**
 * The order of acceptance (M3.1) after the signature: id, time, nonce, parent, authority, state,
 * policy, funds. Everything that an envelope causes is in one draft.
 */
import type { JsonObject } from "@ams/provenance";
import type { Draft } from "./draft.ts";
import { type Envelope, type Kind, PRIME, type Verb, verbOf } from "./envelope.ts";
import { type Extra, type Refusal, Refused, refuse, reject } from "./errors.ts";
import { textsOf } from "./fields.ts";
import {
  BEFORE_OPENING_S,
  CHILDREN_MAX,
  DEPTH_MAX,
  NODES_MAX,
  REFS_MAX,
  SKEW_S,
} from "./limits.ts";
import type { MeshState, Node } from "./state.ts";
import { appeal } from "./verbs/appeal.ts";
import { attest } from "./verbs/attest.ts";
import { approve, delegate, subdelegate } from "./verbs/delegate.ts";
import { execute, outcome } from "./verbs/execute.ts";
import { discover, intent } from "./verbs/intent.ts";
import { stake, unstake, withdraw } from "./verbs/money.ts";
import { negotiate } from "./verbs/negotiate.ts";
import { revoke } from "./verbs/revoke.ts";
import type { Handler, Submission } from "./verbs/submission.ts";

export type Accepted = {
  readonly kind: "accepted";
  readonly id: string;
  readonly isDuplicate: boolean;
  /** What the verb adds to the answer. */
  readonly extra: Extra;
  readonly isParked: boolean;
};

export type Judgement = Accepted | { readonly kind: "refused"; readonly refusal: Refusal };

const HANDLERS: Readonly<Partial<Record<Verb, Handler>>> = {
  ...{ intent, discover, negotiate, delegate, subdelegate, approve },
  ...{ execute, outcome, attest, revoke, stake, unstake, withdraw },
  ...{ dispute: appeal, ruling: appeal },
};

/** Refusals after which the nonce stays spent (M3.3). */
const SPENDING = ["policy_denied", "insufficient_funds"];

/** Judges one envelope, whose signature was verified with `key`. */
export function judge(draft: Draft, submission: Submission): Judgement {
  const { state } = draft;
  const { envelope, account, key } = submission;
  const known = state.node(envelope.id);
  if (known !== null) return answerKnown(known, envelope);
  const mark = state.undo.mark();
  const length = draft.entries.length;
  try {
    if (state.keyIfAny(envelope.from) !== key && !envelope.from.startsWith("did:web:"))
      reject(state.names.get(envelope.from)?.deactivated ? "did_deactivated" : "bad_signature");
    checkTime(state, envelope, draft.at);
    checkNonce(state, envelope);
    checkParent(state, envelope);
    const verb = verbOf(envelope);
    const mesh = envelope.intent?.constraints.mesh ?? null;
    if (mesh !== null && mesh !== state.settings.mesh) reject("wrong_mesh");
    if (envelope.from === PRIME && !submission.isPrime) reject("not_authorized");
    const handle = HANDLERS[verb] ?? reject("not_authorized");
    const emit = () => draft.emit("env", { envelope: envelope.raw, account, key });
    const extra = handle(draft, { ...submission, emit });
    return {
      ...{ kind: "accepted", id: envelope.id, isDuplicate: false },
      ...{ extra, isParked: extra.status === "parked" },
    };
  } catch (error) {
    state.undo.back(mark);
    draft.forget(length);
    if (!(error instanceof Refused)) throw error;
    const { refusal } = error;
    if (SPENDING.includes(refusal.code)) spend(draft, envelope, error.toRecord);
    return { kind: "refused", refusal };
  }
}

function answerKnown(known: Node, envelope: Envelope): Judgement {
  if (known.envelope.digest !== envelope.digest)
    return { kind: "refused", refusal: refuse("id_conflict") };
  const { id } = envelope;
  return { kind: "accepted", id, isDuplicate: true, extra: {}, isParked: false };
}

function spend(draft: Draft, { from, nonce }: Envelope, record: JsonObject | null): void {
  draft.emit("dec", { ...(record ?? {}), nonce: { did: from, nonce } });
}

function checkTime(state: MeshState, { ts }: Envelope, at: number): void {
  const now = Math.floor(at / 1_000);
  const opened = Math.floor(state.settings.openedAt / 1_000) - BEFORE_OPENING_S;
  if (Math.abs(now - ts) > SKEW_S || ts < opened) reject("stale_timestamp", { server_ts: now });
}

function checkNonce(state: MeshState, { from, nonce }: Envelope): void {
  const known = state.nonces.get(from);
  if (known === undefined) return;
  const isBehind = nonce <= known.max - state.settings.nonceWindow;
  if (known.used.has(nonce) || isBehind) reject("nonce_replay", { max: known.max });
}

const PARENTS: Readonly<Record<Kind, readonly (Kind | "none")[]>> = {
  intent: ["none", "intent"],
  delegation: ["intent", "delegation"],
  inference: ["delegation", "inference"],
  outcome: ["inference"],
};

/** Verbs of kind outcome that follow an outcome; a dispute may follow what took the stake. */
const AFTER: Readonly<Partial<Record<Verb, readonly Kind[]>>> = {
  attest: ["outcome"],
  settle: ["outcome"],
  dispute: ["outcome", "delegation"],
  ruling: ["outcome"],
};

function checkParent(state: MeshState, envelope: Envelope): void {
  const { parent, kind, payload } = envelope;
  const refs = textsOf(payload, "refs") ?? [];
  if (payload.refs !== undefined && (!Array.isArray(payload.refs) || refs.length > REFS_MAX))
    reject("invalid_envelope", { field: "payload.refs" });
  if (refs.some((id) => !state.nodes.has(id))) reject("parent_unknown");
  const allowed = AFTER[verbOf(envelope)] ?? PARENTS[kind];
  if (parent === null) {
    if (!PARENTS[kind].includes("none")) reject("illegal_parent");
    return;
  }
  const node = state.node(parent) ?? reject("parent_unknown");
  if (!allowed.includes(node.envelope.kind)) reject("illegal_parent");
  if (node.depth + 1 > DEPTH_MAX) reject("graph_limit", { limit: "depth" });
  if (state.children.count(parent) >= CHILDREN_MAX) reject("graph_limit", { limit: "children" });
  if (state.members.count(node.root) >= NODES_MAX) reject("graph_limit", { limit: "nodes" });
}

/** What members and the operator change besides envelopes: names, cards, policy, deposits. */
import type { Json, JsonObject } from "@ams/provenance";
import { availOf, heldOf } from "./delegation.ts";
import type { Draft } from "./draft.ts";
import { type Extra, reject } from "./errors.ts";
import { isDid, isText, isUuid } from "./fields.ts";
import { readAmount } from "./money/amounts.ts";
import { CREDITS, transactionJson } from "./money/ledger.ts";
import { readPolicy } from "./policy.ts";
import { cardBytes, isSignedBy, judgeOp, readCard, readOp } from "./registry.ts";

/** An operation of the registry (M4.2). */
export function register(
  draft: Draft,
  body: JsonObject,
  account: string | null,
  isOperator: boolean,
): Extra {
  const op = readOp(body.op);
  const items: readonly Json[] = Array.isArray(body.sigs) ? body.sigs : [];
  const sigs = items.flatMap((sig) => (typeof sig === "string" ? [sig] : []));
  const known = draft.state.names.get(op.did) ?? null;
  if (known?.hash !== op.hash) {
    judgeOp(op, sigs, known, isOperator);
    draft.emit("reg", { op: op.raw, sigs, account });
  }
  return { did: op.did, seq: op.seq, hash: op.hash };
}

/** A card of an agent (M4.5). */
export function putCard(draft: Draft, did: string, body: JsonObject, account: string | null) {
  const { state } = draft;
  const sig = typeof body.sig === "string" ? body.sig : "";
  const card = readCard(body.card, sig);
  if (card.did !== did) reject("invalid_op", { field: "card.did" });
  const key = state.keyOf(did);
  if (!isSignedBy(key, cardBytes(card), sig)) reject("bad_signature");
  const before = state.cards.get(did);
  const isSame = before?.sig === sig && before.seq === card.seq;
  if (!isSame) {
    if (before !== undefined && card.seq <= before.seq) reject("registry_conflict");
    draft.emit("card", { card: card.raw, sig, account });
  }
  return { did, seq: card.seq };
}

export function putPolicy(draft: Draft, body: JsonObject, isOperator: boolean): Extra {
  if (!isOperator) reject("not_authorized");
  const { id, version } = readPolicy(body, draft.state.policies.length);
  draft.emit("pol", { policy: body });
  return { id, version };
}

/** `<uuid>/…` are references of what time does: one that is taken would stop it. */
const isRef = (value: unknown): value is string =>
  isText(value, 128) &&
  /^[\x21-\x7e]+$/.test(value) &&
  !(isUuid(value.slice(0, 36)) && value.charAt(36) === "/");

/** Credits from outside (M7.8): entries of the operator's ledger, not money. */
export function deposit(draft: Draft, body: JsonObject, isOperator: boolean): Extra {
  if (!isOperator) reject("not_authorized");
  const { to, ref } = body;
  const { currency, minor } = readAmount(body.amount);
  if (!isDid(to)) return reject("invalid_envelope", { field: "to" });
  if (!isRef(ref)) return reject("invalid_envelope", { field: "ref" });
  if (minor === 0) reject("invalid_amount");
  const isNew = draft.state.ledger.byRef(ref) === null;
  const moved = draft.move("deposit", ref, [{ from: CREDITS, to: availOf(to), currency, minor }]);
  return { transaction: moved === null ? null : transactionJson(moved), isNew };
}

/** A withdrawal that waits: paid outside, or returned (M7.8). */
export function endWithdrawal(
  draft: Draft,
  id: string,
  body: JsonObject,
  isOperator: boolean,
): Extra {
  if (!isOperator) reject("not_authorized");
  const { state } = draft;
  const { paid, ref } = body;
  const node = state.node(id);
  if (node?.verb !== "withdraw") return reject("not_found");
  if (typeof paid !== "boolean") return reject("invalid_envelope", { field: "paid" });
  if (!isRef(ref)) return reject("invalid_envelope", { field: "ref" });
  const { currency, minor } = readAmount(node.envelope.intent?.params.amount);
  const to = paid ? CREDITS : availOf(node.envelope.from);
  const isHeld = state.withdrawals.get(id) === "held";
  if (!isHeld && state.ledger.byRef(ref) === null) reject("illegal_state", { state: "ended" });
  const moves = [{ from: heldOf(id), to, currency, minor }];
  const moved = draft.move(paid ? "paid" : "returned", ref, moves);
  if (isHeld) draft.emit("dec", { withdrawal: id, isPaid: paid });
  return { transaction: moved === null ? null : transactionJson(moved), isNew: isHeld };
}

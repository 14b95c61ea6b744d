/** The rules of a mesh, pure: envelopes, verbs, ledger, attestation, reputation, bundles. */
export { applyEntry } from "./apply.ts";
export { bundleOf, type Verified, verifyBundle, verifyParsed } from "./bundle.ts";
export { type Delegation, isOpen } from "./delegation.ts";
export { Draft, type DraftOptions, decisionJson } from "./draft.ts";
export { doDue } from "./due.ts";
export { decodeEntry, encodeEntry, leafData, leafOf, type NewEntry } from "./entry.ts";
export {
  bytesToSign,
  type Envelope,
  PRIME,
  parseEnvelope,
  readEnvelope,
  signEnvelope,
  VERBS,
  type Verb,
  verbOf,
} from "./envelope.ts";
export {
  ERRORS,
  type ErrorCode,
  type Extra,
  type Judged,
  judged,
  type Refusal,
  Refused,
  refuse,
  reject,
} from "./errors.ts";
export { isUuid } from "./fields.ts";
export { type Judgement, judge } from "./judge.ts";
export {
  APPEAL_S,
  ENVELOPE_BYTES_MAX,
  NONCE_WINDOW,
  SENT_BYTES_MAX,
  SKEW_S,
} from "./limits.ts";
export { type Amount, parseAmount, share, writeAmount } from "./money/amounts.ts";
export {
  CREDITS,
  Ledger,
  type Move,
  type Transaction,
  transactionHash,
  transactionJson,
} from "./money/ledger.ts";
export { deposit, endWithdrawal, putCard, putPolicy, register } from "./operator.ts";
export { proofOf } from "./proof-of-outcome.ts";
export { receiptOf, signedReceipt } from "./receipt.ts";
export { documentOfKey, isSignedBy, keyOfHex } from "./registry.ts";
export { reputationOf, scoreOf } from "./reputation.ts";
export { settleMilestone } from "./settle.ts";
export { type MeshEvent, MeshState, type Node, type Settings } from "./state.ts";
export { Undo } from "./table.ts";
export { termsHash } from "./terms-hash.ts";
export { findAgents, readSearch } from "./verbs/intent.ts";
export { viewThread } from "./verbs/negotiate.ts";
export type { Submission } from "./verbs/submission.ts";
export {
  dotOf,
  lineageOf,
  nodesUnder,
  verifyLedger,
  viewDelegation,
  viewIntent,
  viewNode,
} from "./views.ts";

/** Every error (M11): its status and one fixed sentence. */
import type { Json } from "@ams/provenance";

export const ERRORS = {
  invalid_json: [400, "The text is not one JSON text."],
  invalid_utf8: [400, "The text is not UTF-8, or begins with a byte order mark."],
  duplicate_key: [400, "An object has a member twice."],
  invalid_unicode: [400, "A string has a lone surrogate."],
  invalid_number: [400, "A number is not finite, or an integer is too large to be exact."],
  too_deep: [400, "The JSON is nested deeper than 16."],
  too_many_members: [400, "An object or array has more than 1,024 members."],
  invalid_envelope: [400, "A member is not what it has to be."],
  unsupported_version: [400, "The version of the envelope is not 1."],
  verb_mismatch: [400, "The path takes envelopes of another verb."],
  invalid_amount: [400, "The amount is not one, not exact in its currency, or above the budget."],
  invalid_milestones: [400, "The milestones are not ones that this rail takes."],
  invalid_split: [400, "The split is not one that this rail takes."],
  invalid_policy: [400, "The policy is not one."],
  invalid_op: [400, "The operation of the registry, or the card, is not one."],
  invalid_magic_link: [400, "The magic link is not one."],
  invalid_cursor: [400, "The cursor is not one that this service gave."],
  invalid_limit: [400, "The limit is a whole number from 1 to 1000."],
  unsigned: [401, "The envelope has no signature."],
  bad_signature: [401, "The signature is not the sender's over these bytes."],
  invalid_key: [401, "The key is not an Ed25519 public key."],
  weak_key: [401, "The key is one under which anything would verify."],
  stale_timestamp: [401, "The time of the envelope is too far from the service's."],
  missing_credential: [401, "The request needs a credential: Authorization: Bearer."],
  invalid_credential: [401, "The credential is not one of a live account."],
  insufficient_funds: [402, "The account does not hold that much."],
  not_authorized: [403, "This identity may not do this."],
  wrong_mesh: [403, "The envelope is meant for another mesh."],
  policy_denied: [403, "The policy of the mesh denies it."],
  scope_widened: [403, "A sub-delegation may only narrow what it was given."],
  attestor_conflict: [403, "An attestor is not independent of the parties."],
  did_not_allowed: [403, "This service does not resolve such DIDs."],
  invalid_token: [403, "The link does not admit, or no longer."],
  not_found: [404, "There is nothing here for this account."],
  did_not_found: [404, "The DID has no document in this mesh."],
  parent_unknown: [404, "The parent, or a reference, is not in the mesh yet."],
  method_not_allowed: [405, "The path does not take this method."],
  history_regressed: [409, "The store has lost history: nothing is served from it."],
  id_conflict: [409, "The id belongs to another envelope."],
  nonce_replay: [409, "The nonce was used, or is too far behind."],
  illegal_state: [409, "The state does not allow it."],
  revoked: [409, "The delegation was revoked."],
  did_deactivated: [409, "The DID was deactivated."],
  name_taken: [409, "The name exists."],
  registry_conflict: [409, "Another operation came before."],
  ledger_conflict: [409, "The reference belongs to another transaction."],
  terms_mismatch: [409, "The terms are not the ones that were agreed."],
  digest_mismatch: [409, "The digest is not the one of the outcome."],
  not_decided: [409, "There is no verdict yet."],
  not_shown: [409, "The log does not show this reason."],
  no_attestors: [409, "There are not enough independent attestors."],
  graph_limit: [409, "The graph is as deep, wide or large as it may be."],
  space_closed: [409, "The conversation has ended."],
  expired: [410, "The deadline has passed."],
  too_large: [413, "The envelope is larger than it may be."],
  body_too_large: [413, "The request is larger than 1 MiB."],
  illegal_parent: [422, "An envelope of this kind may not follow one of that kind."],
  unknown_constraint: [422, "Nothing enforces this constraint."],
  zkml_unsupported: [422, "No proof of inference is checked: attestors are needed instead."],
  rate_limited: [429, "This is too fast: come back after a pause."],
  internal_error: [500, "The service failed."],
  store_unavailable: [503, "The store can't be reached."],
  not_durable: [503, "The store could not keep it durably in time."],
  busy: [503, "Too much happens at once: try again."],
} as const satisfies Record<string, readonly [number, string]>;

export type ErrorCode = keyof typeof ERRORS;

/** What the code adds to an error. */
export type Extra = Readonly<Record<string, Json>>;

export type Refusal = {
  readonly code: ErrorCode;
  readonly status: number;
  readonly error: Readonly<Record<string, Json>>;
};

const RETRYABLE: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  "parent_unknown",
  "not_decided",
  "no_attestors",
]);

export function refuse(code: ErrorCode, extra: Extra = {}): Refusal {
  const [status, message] = ERRORS[code];
  const retryable = RETRYABLE.has(code) || status === 429 || status === 503;
  return { code, status, error: { error: code, message, retryable, ...extra } };
}

/** Ends a judgement; it is caught once, where the judgement began. */
export class Refused extends Error {
  override readonly name = "Refused";
  readonly refusal: Refusal;
  /** Members of a `dec` entry that is logged although the envelope is refused. */
  readonly toRecord: Extra | null;

  constructor(refusal: Refusal, toRecord: Extra | null = null) {
    super(refusal.code);
    this.refusal = refusal;
    this.toRecord = toRecord;
  }
}

export function reject(code: ErrorCode, extra: Extra = {}, toRecord: Extra | null = null): never {
  throw new Refused(refuse(code, extra), toRecord);
}

export type Judged<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly refusal: Refusal };

/** What `judge` returns, or the refusal that ended it. */
export function judged<Value>(judge: () => Value): Judged<Value> {
  try {
    return { ok: true, value: judge() };
  } catch (error) {
    if (error instanceof Refused) return { ok: false, refusal: error.refusal };
    throw error;
  }
}

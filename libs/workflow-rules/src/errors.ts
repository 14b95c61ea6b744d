/** Every error (W11): its class, status, and one fixed sentence. */
import type { Json } from "@ams/provenance";

export type ErrorClass =
  | "input"
  | "identity"
  | "missing"
  | "conflict"
  | "halted"
  | "security"
  | "load";

type Row = readonly [number, ErrorClass, string];

export const ERRORS = {
  too_large: [413, "input", "The header or the body is larger than it may be."],
  body_too_large: [413, "input", "The request is larger than 1 MiB."],
  invalid_utf8: [400, "input", "The text is not UTF-8, or begins with a byte order mark."],
  invalid_json: [400, "input", "The text is not one JSON text."],
  duplicate_key: [400, "input", "An object has a member twice."],
  invalid_unicode: [400, "input", "A string has a lone surrogate."],
  invalid_number: [400, "input", "A number is not finite, or an integer is too large to be exact."],
  too_deep: [400, "input", "The JSON is nested deeper than 16."],
  too_many_members: [400, "input", "An object or array has more than 1,024 members."],
  field_missing: [400, "input", "One of the four mandatory fields is missing."],
  invalid_message: [400, "input", "A member of the message is not what it has to be."],
  body_mismatch: [400, "input", "The body is not the one that the header names."],
  chunks_missing: [400, "input", "Pieces of the body have not arrived."],
  invalid_definition: [400, "input", "The definition of the workflow is not valid."],
  definition_cycle: [400, "input", "The steps of the workflow wait for each other."],
  invalid_request: [400, "input", "A member of the request is not what it has to be."],
  invalid_magic_link: [400, "input", "The magic link is not one."],
  invalid_cursor: [400, "input", "The cursor is not one that this service gave."],
  invalid_limit: [400, "input", "The limit is a whole number from 1 to 1000."],
  body_schema: [422, "input", "The body does not satisfy the schema of the step."],
  bad_signature: [401, "identity", "The signature is not the agent's over this header."],
  weak_key: [401, "identity", "The key is one under which anything would verify."],
  invalid_key: [401, "identity", "The key is not an Ed25519 public key."],
  missing_credential: [401, "identity", "The request needs a credential: Authorization: Bearer."],
  invalid_credential: [401, "identity", "The credential is not one of a live account."],
  not_allowed: [403, "identity", "This identity may not do this."],
  did_not_allowed: [403, "identity", "This service does not resolve such DIDs."],
  invalid_token: [403, "identity", "The link does not admit, or no longer."],
  not_found: [404, "missing", "There is nothing here for this account."],
  did_not_found: [404, "missing", "The DID has no document."],
  run_unknown: [404, "missing", "There is no such run."],
  workflow_unknown: [404, "missing", "There is no such workflow or version."],
  step_unknown: [404, "missing", "The workflow has no such step."],
  branch_unknown: [404, "missing", "The run has no such branch."],
  method_not_allowed: [405, "input", "The path does not take this method."],
  body_erased: [410, "missing", "The body was erased; its digest and every proof remain."],
  id_conflict: [409, "conflict", "The id belongs to another content."],
  run_closed: [409, "conflict", "The run has ended."],
  epoch_mismatch: [409, "conflict", "The run was rolled back since."],
  definition_mismatch: [409, "conflict", "The run has another definition."],
  definition_immutable: [409, "conflict", "This version of the workflow is defined otherwise."],
  state_mismatch: [409, "conflict", "The run had another state at this size."],
  stale: [409, "conflict", "The sender has not seen enough of the history."],
  branch_moved: [409, "conflict", "The branch has another tip."],
  branch_closed: [409, "conflict", "The branch is closed."],
  branch_open: [409, "conflict", "A branch has open children."],
  branch_exists: [409, "conflict", "The name of the branch was used in this run."],
  step_order: [409, "conflict", "The step is not ready."],
  step_done: [409, "conflict", "The step has ended."],
  attempt_mismatch: [409, "conflict", "The step is at another attempt."],
  rolling_back: [409, "conflict", "The run is being rolled back."],
  rollback_target: [409, "conflict", "The run can't be rolled back to this message."],
  irreversible: [409, "conflict", "Steps after this message can't be undone."],
  limit_reached: [409, "conflict", "A limit is reached."],
  space_closed: [409, "conflict", "The conversation has ended."],
  halted: [409, "halted", "It was stopped."],
  fingerprint_mismatch: [409, "security", "The fingerprint is not that of what the header says."],
  fork: [409, "security", "The history at this size is another one."],
  history_regressed: [409, "security", "The sender has seen more history than there is."],
  rate_limited: [429, "load", "This is too fast: come back after a pause."],
  internal_error: [500, "load", "The service failed."],
  store_unavailable: [503, "load", "The store can't be reached."],
  not_durable: [503, "load", "The store could not keep it durably in time."],
  busy: [503, "load", "Too much happens at once: try again."],
} as const satisfies Record<string, Row>;

export type ErrorCode = keyof typeof ERRORS;

/** What the code adds to an error. */
export type Extra = Readonly<Record<string, Json>>;

/** What a message is refused for, after its id was checked. */
export type Fault = readonly [ErrorCode, Extra?];

export type Refusal = {
  readonly code: ErrorCode;
  readonly status: number;
  /** As it goes out: its canonical form is the same from every process. */
  readonly error: Readonly<Record<string, Json>>;
};

const RETRYABLE: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  "stale",
  "branch_moved",
  "state_mismatch",
]);

export function isRetryable(code: ErrorCode): boolean {
  return RETRYABLE.has(code) || ERRORS[code][1] === "load";
}

/** An error without a run: before the id of a message is checked, or of a request. */
export function refuse(code: ErrorCode, extra: Extra = {}): Refusal {
  const [status, kind, message] = ERRORS[code];
  const retryable = isRetryable(code);
  return { code, status, error: { class: kind, error: code, message, retryable, ...extra } };
}

export type Judged<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly refusal: Refusal };

export function refused(code: ErrorCode, extra: Extra = {}): Judged<never> {
  return { ok: false, refusal: refuse(code, extra) };
}

/** The rules of workflows, pure: the same in the service, in SDKs and in a browser. */
export { buildHeader, type Draft, outside } from "./build.ts";
export {
  CHAT,
  type Definition,
  readDefinition,
  type SchemaCheck,
  type StepDefinition,
} from "./definition.ts";
export {
  type Committed,
  decodeEntry,
  encodeEntry,
  type Facts,
  type InterruptFacts,
  type RollbackFacts,
} from "./entry.ts";
export {
  ERRORS,
  type ErrorClass,
  type ErrorCode,
  type Extra,
  isRetryable,
  type Judged,
  type Refusal,
  refuse,
  refused,
} from "./errors.ts";
export {
  fingerprint,
  leafData,
  leafOf,
  messageHash,
  type Seen,
  signedBytes,
} from "./fingerprint.ts";
export { type Change, Conversation } from "./fold.ts";
export { compensationKey, type Plan, planRollback, taskKey } from "./fold-rollback.ts";
export { type Header, readHeader } from "./header.ts";
export {
  type BodyCheck,
  errorHash,
  type Judgement,
  judge,
  refuseMessage,
  type Verdict,
} from "./judge.ts";
export {
  BODY_BYTES_MAX,
  BRANCH_DEPTH_MAX,
  BRANCHES_MAX,
  HEADER_BYTES_MAX,
  LEASE_MS,
  MAX_LAG,
  PARENTS_MAX,
  REASON_BYTES_MAX,
  STEPS_MAX,
} from "./limits.ts";
export { type Given, type Message, readMessage, withBody } from "./message.ts";
export type { Node } from "./node.ts";
export { type Receipt, receiptBytes, receiptOf } from "./receipt.ts";
export {
  type Branch,
  type Compensation,
  Run,
  type RunStatus,
  type StateValue,
  type StepStatus,
  stepsThatAre,
  stronger,
} from "./run.ts";
export { isNamed, may } from "./who.ts";
export {
  byUnits,
  CHAT_RUN,
  type Halt,
  hash,
  INTERRUPTS,
  type Interrupt,
  isHash,
  isMessageId,
  isNewRunId,
  isRunId,
  isSegment,
  isStepName,
  isWorkflowName,
  MAIN,
  type MessageType,
  mainOf,
  SERVICE,
  SERVICE_BRANCH,
  ZEROS,
} from "./words.ts";

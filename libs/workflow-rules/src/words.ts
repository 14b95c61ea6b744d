/** The words and texts of the rules: tags, names, types. */
import { hashTagged } from "@ams/provenance";

export const SERVICE = "ams-workflow";

export type Purpose = "msg" | "def" | "state" | "fp" | "error" | "task" | "comp" | "receipt";

export function hash(purpose: Purpose, value: unknown): string {
  return hashTagged(SERVICE, purpose, value);
}

/** 64 zeros: no message, no state. */
export const ZEROS = "0".repeat(64);

export const CHAT_RUN = "run_chat";
export const CHAT_WORKFLOW = "_chat";
export const MAIN = "main";
/** The branch of what the service does outside of every branch. */
export const SERVICE_BRANCH = "service";

/** What an agent signs, and what the service signs. */
export const AGENT_TYPES = ["step", "note", "spawn", "merge", "compensated"] as const;
export const SERVICE_TYPES = [
  "define",
  "start",
  "tick",
  "rollback",
  "rewind",
  "grant",
  "interrupt",
] as const;

export type AgentType = (typeof AGENT_TYPES)[number];
export type MessageType = AgentType | (typeof SERVICE_TYPES)[number];

export const INTERRUPTS = ["stop", "pause", "resume", "kill"] as const;
export type Interrupt = (typeof INTERRUPTS)[number];
export type Halt = "none" | "stop" | "pause" | "kill";

/** The ops of each type. */
export const OPS: Readonly<Record<MessageType, readonly string[]>> = {
  step: ["start", "done", "fail"],
  note: ["note"],
  spawn: ["spawn"],
  merge: ["merge"],
  compensated: ["done", "fail"],
  define: ["define"],
  start: ["start"],
  tick: ["tick"],
  rollback: ["rollback"],
  rewind: ["rewind"],
  grant: ["grant"],
  interrupt: INTERRUPTS,
};

const WORKFLOW_NAME = /^[a-z0-9][a-z0-9_-]{0,62}$/;
const STEP_NAME = /^[a-z0-9_-]{1,64}$/;
const SEGMENT = /^[a-z0-9-]{1,32}$/;
const MAIN_SEGMENT = /^main(?:@[1-9]\d{0,8})?$/;
const HASH = /^[0-9a-f]{64}$/;
const MESSAGE_ID = /^msg_[0-9A-HJKMNP-TV-Z]{26}$/;
const RUN_ID = /^run_[0-9A-HJKMNP-TV-Z]{26}$/;
const ACCOUNT = /^acc_[0-9A-Za-z]{1,60}$/;

export const isWorkflowName = (text: string): boolean => WORKFLOW_NAME.test(text);
export const isStepName = (text: string): boolean => STEP_NAME.test(text);
export const isSegment = (text: string): boolean => SEGMENT.test(text);
export const isHash = (text: string): boolean => HASH.test(text);
export const isMessageId = (text: string): boolean => MESSAGE_ID.test(text);
export const isAccountId = (text: string): boolean => ACCOUNT.test(text);

export function isRunId(text: string): boolean {
  return text === CHAT_RUN || RUN_ID.test(text);
}

export function isNewRunId(text: string): boolean {
  return RUN_ID.test(text);
}

/** A branch of agents, of any depth that fits in a header. */
export function isBranchName(text: string): boolean {
  const [first = "", ...rest] = text.split("/");
  return MAIN_SEGMENT.test(first) && rest.every(isSegment);
}

export function mainOf(epoch: number): string {
  return epoch === 0 ? MAIN : `${MAIN}@${epoch}`;
}

export function byUnits(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/**
 * Whether a message may be committed (W5.6): its order of checks is fixed, and a refusal is the
 * same bytes from every process for the same message against the same log.
 */
import { type Json, parseStrict } from "@ams/provenance";
import type { StepDefinition } from "./definition.ts";
import { type ErrorCode, type Extra, type Fault, type Refusal, refuse } from "./errors.ts";
import { fingerprint } from "./fingerprint.ts";
import type { Conversation } from "./fold.ts";
import { judgeBranch, mayOnBranch } from "./judge-branch.ts";
import { BODY_BYTES_MAX } from "./limits.ts";
import type { Message } from "./message.ts";
import type { Node } from "./node.ts";
import { type Run, stepsThatAre, stronger } from "./run.ts";
import { may } from "./who.ts";
import { CHAT_RUN, type Halt, hash, ZEROS } from "./words.ts";

/** The pointer of the first place where a body doesn't satisfy a schema, null when it does. */
export type BodyCheck = (schema: Json, body: Json) => string | null;

export type Verdict =
  | { readonly kind: "commit" }
  /** The message is there already. */
  | { readonly kind: "duplicate"; readonly node: Node }
  | { readonly kind: "refused"; readonly refusal: Refusal };

export type Judgement = {
  readonly conversation: Conversation;
  readonly message: Message;
  /** The time that its commit would have. */
  readonly at: number;
  readonly checkBody: BodyCheck;
};

/** From the id on. Everything before it is `readMessage` and the signature. */
export function judge(judgement: Judgement): Verdict {
  const { conversation, message } = judgement;
  const { header, msg } = message;
  const same = conversation.byId(header.id);
  if (same !== null && same.msg === msg) return { kind: "duplicate", node: same };
  if (same !== null) return { kind: "refused", refusal: refuse("id_conflict", { msg }) };
  const fault = firstFault(judgement);
  if (fault === null) return { kind: "commit" };
  return { kind: "refused", refusal: refuseMessage(conversation, message, ...fault) };
}

/** The error of a message after its id was checked: about the run as it is now. */
export function refuseMessage(
  conversation: Conversation,
  { header, msg }: Message,
  code: ErrorCode,
  extra: Extra = {},
): Refusal {
  const { run: id, workflow_step: step, op } = header.workflow_state;
  const run = conversation.runs.get(id) ?? null;
  return refuse(code, {
    msg,
    op,
    run: id,
    step,
    def: run?.definition.def ?? "",
    epoch: run?.epoch ?? 0,
    state: run?.state(conversation.halt) ?? "",
    step_status: run?.step(step)?.[0] ?? "",
    ...extra,
  });
}

export function errorHash(refusal: Refusal): string {
  return hash("error", refusal.error);
}

function firstFault(judgement: Judgement): Fault | null {
  const { conversation, message } = judgement;
  const state = message.header.workflow_state;
  const run = conversation.runs.get(state.run);
  if (run === undefined) return ["run_unknown"];
  return (
    judgeOpen(run, judgement) ??
    judgeHalt(run, judgement) ??
    (state.epoch === run.epoch ? null : ["epoch_mismatch"]) ??
    judgeDefinition(run, judgement) ??
    judgeFingerprint(run, judgement) ??
    judgeBranch(run, message) ??
    judgeStep(run, judgement)
  );
}

function judgeOpen(run: Run, { conversation, message }: Judgement): Fault | null {
  const { type } = message.header;
  if (type === "note" || run.id === CHAT_RUN) return null;
  if (run.isEnded(conversation.halt)) return ["run_closed"];
  const isRollingBack = run.ownStatus === "rolling_back" || run.ownStatus === "rollback_stuck";
  return isRollingBack && type !== "compensated" ? ["rolling_back"] : null;
}

/** Notes always go. */
function judgeHalt(run: Run, { conversation, message, at }: Judgement): Fault | null {
  const { type, workflow_state: state, agent_identity: agent } = message.header;
  if (type === "note") return null;
  const ofAgent = conversation.agentHalts.get(agent.did);
  const halts: readonly (readonly [Halt, number])[] = [
    [conversation.halt, conversation.haltAt],
    [run.ownHalt, run.haltAt],
    [ofAgent?.halt ?? "none", ofAgent?.at ?? 0],
  ];
  const halt = halts.reduce<Halt>((all, [one]) => stronger(all, one), "none");
  if (halt === "none") return null;
  const { safe, graceMs } = run.definition;
  const isSafe =
    type === "step" &&
    safe.has(state.workflow_step) &&
    halts.every(([one, since]) => one === "none" || one === "pause" || at <= since + graceMs);
  if (halt === "stop" && isSafe) return null;
  if (halt === "pause" && !startsStep(run, message)) return null;
  return ["halted", { halt }];
}

function startsStep(run: Run, { header }: Message): boolean {
  const { op, workflow_step: step } = header.workflow_state;
  if (header.type !== "step") return false;
  return op === "start" || run.step(step)?.[0] === "ready";
}

function judgeDefinition({ definition }: Run, { message }: Judgement): Fault | null {
  const { def, workflow, version } = message.header.workflow_state;
  const isSame = def === definition.def && workflow === definition.name && version === definition.v;
  return isSame ? null : ["definition_mismatch"];
}

/** W3.3, in its order. */
function judgeFingerprint(run: Run, { conversation, message }: Judgement): Fault | null {
  const { context_fingerprint: seen, execution_path: path } = message.header;
  const { agent_identity: agent, workflow_state: state } = message.header;
  const prev = path.parents[0] ?? ZEROS;
  const claimed = { ...seen, conversationId: conversation.id, prev, did: agent.did };
  const fp = fingerprint({ ...claimed, state: state.state });
  if (fp !== seen.fp || prev !== seen.prev) return ["fingerprint_mismatch"];
  const head = conversation.size;
  if (seen.size > head) return ["history_regressed"];
  const root = conversation.root(seen.size);
  if (root !== seen.root) return ["fork", { size: seen.size, root }];
  if (conversation.stateAt(run.id, seen.size) !== state.state) return ["state_mismatch"];
  const lag = head - seen.size;
  if ((seen.strict === true && lag > 0) || lag > run.definition.maxLag)
    return ["stale", { head_size: head, head_root: conversation.root(), lag }];
  return null;
}

function judgeStep(run: Run, judgement: Judgement): Fault | null {
  const { message } = judgement;
  const { type, workflow_state: state } = message.header;
  const name = state.workflow_step;
  const step = name === "" ? null : run.definition.steps.get(name);
  if (step === undefined) return ["step_unknown"];
  if (!mayOnBranch(run, message) || (step !== null && type === "step" && !may(run, step, message)))
    return ["not_allowed"];
  if (step === null) return null;
  if (type === "compensated") return judgeCompensation(run, message);
  return judgeOrder(run, step, message) ?? judgeAttempt(run, message) ?? judgeBody(step, judgement);
}

function judgeOrder(run: Run, step: StepDefinition, { header }: Message): Fault | null {
  const { workflow_step: name, op } = header.workflow_state;
  const [status] = run.step(name) ?? ["wait"];
  if (status === "done" || status === "skipped" || status === "failed") return ["step_done"];
  const isTaken = status === "ready" || (status === "running" && op !== "start");
  if (isTaken) return null;
  const expected = stepsThatAre(run.steps, ["ready", "running"]);
  const missing = step.after.filter((one) => run.step(one)?.[0] !== "done").sort(byText);
  return ["step_order", { expected, missing }];
}

function judgeAttempt(run: Run, { header }: Message): Fault | null {
  const { workflow_step: name, attempt } = header.workflow_state;
  const [status, attempts] = run.step(name) ?? ["wait", 0];
  const expected = status === "ready" ? attempts + 1 : attempts;
  return attempt === expected ? null : ["attempt_mismatch", { attempts }];
}

function judgeCompensation(run: Run, { header }: Message): Fault | null {
  const { workflow_step: name, attempt } = header.workflow_state;
  const open = run.openCompensation;
  if (open === null || open.step !== name)
    return ["step_order", { expected: open === null ? [] : [open.step], missing: [] }];
  return open.attempt === attempt
    ? null
    : ["attempt_mismatch", { attempts: run.step(name)?.[1] ?? 0 }];
}

function judgeBody(step: StepDefinition, { message, checkBody }: Judgement): Fault | null {
  if (step.schema === null) return null;
  const parsed = parseStrict(message.body, { bytes: BODY_BYTES_MAX });
  const at = parsed.ok ? checkBody(step.schema, parsed.value) : "";
  return at === null ? null : ["body_schema", { at }];
}

function byText(a: string, b: string): number {
  return a < b ? -1 : 1;
}

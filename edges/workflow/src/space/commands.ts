/** What the service does for whoever asks (W5.2, W6, W7): each becomes one message of the log. */
import { canonicalBytes, type JsonObject, sha256, toHex } from "@ams/provenance";
import {
  CHAT_RUN,
  type Conversation,
  type Definition,
  type Interrupt,
  type InterruptFacts,
  isNamed,
  mainOf,
  type Node,
  type Plan,
  planRollback,
  type Refusal,
  type Run,
  refuse,
  ZEROS,
} from "@ams/workflow-rules";
import type { Job, LiveSpace, Outcome } from "./live-space.ts";
import { serviceMessage, tipOf } from "./service-message.ts";

/** A job's answer where nothing is committed. */
export type Settled = { readonly refusal: Refusal } | { readonly node: Node };

const no = (...given: Parameters<typeof refuse>) =>
  ({ kind: "answer", answer: { refusal: refuse(...given) } }) as const;
const yes = (node: Node, key: string) => ({ kind: "answer", answer: { node }, key }) as const;

export function define(
  live: LiveSpace,
  definition: Definition,
  account: string,
  now: () => number,
) {
  const { name, v, def, source } = definition;
  return live.commit<Settled>({
    run: CHAT_RUN,
    decide: (conversation) => {
      const known = conversation.definitions.get(name)?.get(v);
      if (known !== undefined) {
        const node = nodeOfDefinition(conversation, def);
        const isSame = known.def === def && node !== null;
        return isSame ? yes(node, `define:${name}:${v}`) : no("definition_immutable");
      }
      const chat = chatOf(conversation);
      const place = tipOf(chat, mainOf(0));
      const message = serviceMessage(live, conversation, {
        type: "define",
        run: chat,
        place,
        account,
        body: source,
        facts: { define: source },
        key: `define:${name}:${v}`,
        now: now(),
      });
      return { kind: "commit", message };
    },
  });
}

function digestOf(body: JsonObject): string {
  return toHex(sha256(canonicalBytes(body)));
}

/** The `define` whose body this is: its digest is over the same canonical bytes. */
function nodeOfDefinition(conversation: Conversation, def: string): Node | null {
  return conversation.nodes[conversation.definedAt(def)] ?? null;
}

export type StartRequest = {
  readonly run: string;
  readonly workflow: string;
  readonly version: number | null;
  readonly roles: Readonly<Record<string, readonly string[]>>;
  readonly input: JsonObject;
};

export function startRun(
  live: LiveSpace,
  request: StartRequest,
  account: string,
  now: () => number,
) {
  const { run: id, workflow, roles, input } = request;
  return live.commit<Settled>({
    run: id,
    decide: (conversation) => {
      const known = conversation.runs.get(id);
      const version = request.version ?? known?.definition.v;
      const definition = conversation.definition(workflow, version);
      if (definition === null) return no("workflow_unknown");
      const body = { ...input, roles, version: definition.v, workflow };
      if (known !== undefined) {
        const node = conversation.nodes[known.bornAt - 1] ?? null;
        const isSame = node !== null && node.body === digestOf(body);
        return isSame ? yes(node, `start:${id}`) : no("id_conflict");
      }
      if (conversation.halt !== "none") return no("halted", { halt: conversation.halt });
      const about = { workflow, version: definition.v, def: definition.def };
      const message = serviceMessage(live, conversation, {
        type: "start",
        run: null,
        runId: id,
        about,
        place: { branch: mainOf(0), node: `${mainOf(0)}/0`, parents: [] },
        account,
        body,
        facts: { start: { workflow, version: definition.v, roles } },
        key: `start:${id}`,
        now: now(),
      });
      return { kind: "commit", message };
    },
  });
}

export function grant(
  live: LiveSpace,
  request: { readonly run: string; readonly role: string; readonly to: readonly string[] },
  who: { readonly account: string; readonly isOwner: boolean },
  now: () => number,
) {
  const { run: id, role, to } = request;
  return live.commit<Settled>({
    run: id,
    decide: (conversation) => {
      const run = conversation.runs.get(id);
      if (run === undefined) return no("run_unknown");
      if (!who.isOwner && run.startedBy !== who.account) return no("not_allowed");
      if (run.isEnded(conversation.halt)) return no("run_closed");
      const facts = { grant: { role, to } };
      const body = { role, to };
      const common = { type: "grant", run, account: who.account, body, facts, now: now() } as const;
      return { kind: "commit", message: serviceMessage(live, conversation, common) };
    },
  });
}

export type InterruptRequest = {
  readonly op: Interrupt;
  readonly run: string | null;
  readonly did: string | null;
  readonly reason: string | null;
  /** `acc_…`, or `guest`. */
  readonly by: string;
};

/** Nothing of the message is looked at: it is appended wherever the head is. */
export async function interrupt(live: LiveSpace, request: InterruptRequest, now: () => number) {
  const { op, run: id, did, reason, by } = request;
  const { conversation } = live;
  const run = conversation.runs.get(id ?? CHAT_RUN) ?? null;
  const scope = id !== null ? "run" : did !== null ? "agent" : "conversation";
  const facts: InterruptFacts = { scope, ...(did === null ? {} : { did }) };
  const body = { ...facts, ...(reason === null ? {} : { reason }) };
  const message = serviceMessage(live, conversation, {
    type: "interrupt",
    op,
    run,
    ...(run === null && id !== null ? { runId: id } : {}),
    account: by,
    body,
    facts: { interrupt: facts },
    now: now(),
  });
  return await live.commitAnywhere(message);
}

/** Whether an interrupt changed nothing: what it is about had ended, or was so already. */
export function isNoop(conversation: Conversation, { seq }: Node): boolean {
  return !conversation.effective.has(seq);
}

export function mayResume(
  conversation: Conversation,
  id: string | null,
  who: { readonly account: string; readonly isOwner: boolean },
): boolean {
  if (who.isOwner) return true;
  const run = id === null ? undefined : conversation.runs.get(id);
  if (run === undefined) return id !== null;
  return run.startedBy === who.account || isNamed(run, run.definition.resumeBy, null, who.account);
}

export type RollbackRequest = {
  readonly run: string;
  readonly to: string;
  readonly force: boolean;
  readonly reason: string | null;
};

export type RolledBack = { readonly refusal: Refusal } | { readonly node: Node };

export function rollback(
  live: LiveSpace,
  request: RollbackRequest,
  who: { readonly account: string; readonly isOwner: boolean },
  now: () => number,
): Promise<Outcome<RolledBack>> {
  const { run: id, to, force, reason } = request;
  return live.commit<RolledBack>({
    run: id,
    decide: (conversation) => {
      const run = conversation.runs.get(id);
      const refusal =
        run === undefined ? refuse("run_unknown") : refuseRollback(conversation, run, request, who);
      if (refusal !== null || run === undefined)
        return { kind: "answer", answer: { refusal: refusal ?? refuse("run_unknown") } };
      const isStuck = run.ownStatus === "rollback_stuck";
      const target = run.mainLine.get(isStuck ? (run.rollbackTo ?? to) : to) ?? 0;
      const plan: Plan = planRollback(run, target);
      const steps = isStuck ? [] : plan.compensations;
      const facts = {
        rollback: {
          to: isStuck ? (run.rollbackTo ?? to) : to,
          force,
          irreversible: plan.irreversible,
          plan: steps,
        },
      };
      const body = { to, force, ...(reason === null ? {} : { reason }) };
      const common = {
        type: "rollback",
        run,
        account: who.account,
        body,
        facts,
        now: now(),
      } as const;
      return { kind: "commit", message: serviceMessage(live, conversation, common) };
    },
  });
}

function refuseRollback(
  conversation: Conversation,
  run: Run,
  { to, force }: RollbackRequest,
  who: { readonly account: string; readonly isOwner: boolean },
): Refusal | null {
  const isAllowed =
    who.isOwner ||
    run.startedBy === who.account ||
    isNamed(run, run.definition.rollbackBy, null, who.account);
  const about = {
    run: run.id,
    def: run.definition.def,
    epoch: run.epoch,
    state: run.state(conversation.halt),
  };
  if (!isAllowed) return refuse("not_allowed", about);
  if (run.id === CHAT_RUN || run.statusUnder(conversation.halt) === "killed")
    return refuse("run_closed", about);
  if (run.ownStatus === "rollback_stuck") return force ? null : refuse("rolling_back", about);
  if (run.ownStatus === "rolling_back") return refuse("rolling_back", about);
  const target = run.mainLine.get(to);
  if (target === undefined) return refuse("rollback_target", about);
  const { irreversible } = planRollback(run, target);
  if (irreversible.length > 0 && !force)
    return refuse("irreversible", { ...about, steps: irreversible });
  return null;
}

/** What a run is due to: posted by whichever process comes first, once. */
export function rewind(live: LiveSpace, id: string, now: () => number): Promise<Outcome<null>> {
  return live.commit<null>({
    run: id,
    decide: (conversation) => {
      const run = conversation.runs.get(id);
      const to = run?.rollbackTo ?? null;
      if (run === undefined || to === null || !run.isRewindDue)
        return { kind: "answer", answer: null };
      const name = mainOf(run.epoch + 1);
      const message = serviceMessage(live, conversation, {
        type: "rewind",
        run,
        place: { branch: name, node: `${name}/0`, parents: [to] },
        account: null,
        body: { to },
        facts: { rewind: { to } },
        key: `rewind:${id}:${run.epoch}`,
        now: now(),
      });
      return { kind: "commit", message };
    },
  });
}

/** The attempt of a step that is over its time, or a branch past its deadline. */
export type Due =
  | { readonly run: string; readonly step: string; readonly attempt: number; readonly at: number }
  | { readonly run: string; readonly branch: string; readonly at: number };

export function tick(live: LiveSpace, due: Due, now: () => number): Promise<Outcome<null>> {
  const job: Job<null> = {
    run: due.run,
    decide: (conversation, at) => {
      const run = conversation.runs.get(due.run);
      const isDue =
        run !== undefined && at >= due.at && duesOf(run).some((one) => isSame(one, due));
      if (!isDue) return { kind: "answer", answer: null };
      const facts =
        "step" in due ? { step: due.step, attempt: due.attempt } : { branch: due.branch };
      const what =
        "step" in due
          ? `${due.step}:${due.attempt}`
          : `branch:${(run.branches.get(due.branch)?.spawn ?? ZEROS).slice(0, 32)}`;
      const message = serviceMessage(live, conversation, {
        type: "tick",
        run,
        account: null,
        body: facts,
        facts: { tick: facts },
        key: `tick:${due.run}:${run.epoch}:${what}`.slice(0, 128),
        now: now(),
      });
      return { kind: "commit", message };
    },
  };
  return live.commit(job);
}

/** All that time will do to a run. */
export function duesOf(run: Run): readonly Due[] {
  if (run.ownStatus !== "running") return [];
  const steps = [...run.running].flatMap(([step, { at, attempt }]) => {
    const timeout = run.definition.steps.get(step)?.timeoutMs ?? null;
    return timeout === null ? [] : [{ run: run.id, step, attempt, at: at + timeout }];
  });
  const branches = [...run.branches.values()].flatMap(({ name, open, deadlineAt }) =>
    open && deadlineAt !== null ? [{ run: run.id, branch: name, at: deadlineAt }] : [],
  );
  return [...steps, ...branches];
}

function isSame(a: Due, b: Due): boolean {
  if ("step" in a) return "step" in b && a.step === b.step && a.attempt === b.attempt;
  return "branch" in b && a.branch === b.branch;
}

function chatOf(conversation: Conversation): Run {
  const chat = conversation.runs.get(CHAT_RUN);
  if (chat === undefined) throw new Error("every conversation has its run");
  return chat;
}

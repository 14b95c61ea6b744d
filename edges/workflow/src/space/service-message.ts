/** Messages that the service itself signs, over what it knows. */
import { canonicalBytes, type Json } from "@ams/provenance";
import {
  buildHeader,
  CHAT,
  CHAT_RUN,
  type Conversation,
  type Facts,
  type MessageType,
  outside,
  type Run,
  ZEROS,
} from "@ams/workflow-rules";
import { monotonicFactory } from "ulid";
import type { LiveSpace, Prepared } from "./live-space.ts";

const ulid = monotonicFactory();

export function newMessageId(): string {
  return `msg_${ulid()}`;
}

export function newRunId(): string {
  return `run_${ulid()}`;
}

export type ServiceDraft = {
  readonly type: MessageType;
  readonly op?: string;
  /** The run; null where it is unknown, and the state is zeros. */
  readonly run: Run | null;
  readonly runId?: string;
  /** Where it hangs; outside of every branch unless given. */
  readonly place?: {
    readonly branch: string;
    readonly node: string;
    readonly parents: readonly string[];
  };
  readonly account: string | null;
  readonly body: Json;
  readonly facts: Facts;
  /** Of the journal; the message's id unless given. */
  readonly key?: string;
  /** Of a run that is not there yet. */
  readonly about?: { readonly workflow: string; readonly version: number; readonly def: string };
  readonly now: number;
};

export function serviceMessage(
  live: LiveSpace,
  conversation: Conversation,
  draft: ServiceDraft,
): Prepared {
  const { run, type, account, facts } = draft;
  const id = newMessageId();
  const body = canonicalBytes(draft.body);
  const header = buildHeader({
    id,
    conversationId: conversation.id,
    type,
    op: draft.op ?? type,
    size: conversation.size,
    root: conversation.root(),
    ...(draft.place ?? outside(id)),
    did: live.signer.did,
    ...(account === null ? {} : { onBehalfOf: account }),
    run: runOf(conversation, run, draft),
    body,
    ts: draft.now,
  });
  return live.sign(header, body, facts, { account, key: draft.key ?? id });
}

function runOf(conversation: Conversation, run: Run | null, draft: ServiceDraft) {
  if (run === null) {
    const { workflow = CHAT.name, version = 0, def = ZEROS } = draft.about ?? {};
    return { id: draft.runId ?? CHAT_RUN, workflow, version, def, epoch: 0, state: ZEROS };
  }
  const { definition, epoch } = run;
  const { name: workflow, v: version, def } = definition;
  return { id: run.id, workflow, version, def, epoch, state: run.state(conversation.halt) };
}

/** The next place on a branch of a run. */
export function tipOf(run: Run, name: string) {
  const branch = run.branches.get(name);
  const [tip, next] = [branch?.tip ?? ZEROS, branch?.next ?? 0];
  return { branch: name, node: `${name}/${next}`, parents: tip === ZEROS ? [] : [tip] };
}

/** Frames of the service's stream (W9.2), the same on the wire and as server-sent events. */
import { type Header, type Node, type Run, stepsThatAre, taskKey } from "@ams/workflow-rules";
import type { Applied, LiveSpace } from "./space/live-space.ts";

/** Bytes of a body that goes along with its frame; a larger one is fetched. */
const INLINE_BYTES_MAX = 24_576;

export type Frame = Readonly<Record<string, unknown>>;

const frame = (t: string, rest: Frame): Frame => ({ workflow: 1, t, ...rest });

/** `whole` in the layout that carries messages. */
export async function commitFrame(
  live: LiveSpace,
  node: Node,
  committed: { readonly header: Header; readonly sig: string },
  whole: boolean,
): Promise<Frame> {
  const { header, sig } = committed;
  const { receipt, sig: receiptSig } = live.receipt(node, header.context_fingerprint.size);
  const { seq, at, msg } = node;
  const { size, root, lag } = receipt;
  const common = { seq, at, msg, size, root, lag, receipt, receipt_sig: receiptSig };
  if (!whole) return frame("commit", common);
  return frame("commit", { ...common, header, sig, ...(await bodyOf(live, node)) });
}

async function bodyOf(live: LiveSpace, node: Node): Promise<Frame> {
  const { id, size } = node;
  const url = `/workflow/v1/conversations/${live.conversation.id}/messages/${id}/body`;
  if (size > INLINE_BYTES_MAX) return { body_url: url };
  const body = await live.bodies.get(node);
  return body === null ? { body_url: url } : { body: Buffer.from(body).toString("base64url") };
}

/** What a change means besides the log: a halt, or its end; null for any other. */
export function haltFrame({ change }: Applied): Frame | null {
  const { node, header, facts } = change;
  if (facts === null || !("interrupt" in facts)) return null;
  const { scope, did } = facts.interrupt;
  const about = {
    ...(scope === "run" ? { run: node.run } : {}),
    ...(did === undefined ? {} : { did }),
    seq: node.seq,
    by: header.agent_identity.on_behalf_of ?? "",
  };
  if (node.op === "resume") return frame("resume", about);
  return frame("halt", { halt: node.op, ...about });
}

export type Task = {
  readonly run: string;
  readonly epoch: number;
  readonly step: string;
  readonly attempt: number;
  readonly branch: string;
  readonly key: string;
};

/** The steps of a run that are ready, as tasks. */
export function tasksOf(run: Run): readonly Task[] {
  if (run.ownStatus !== "running") return [];
  return stepsThatAre(run.steps, ["ready"]).map((step) => {
    const attempt = (run.step(step)?.[1] ?? 0) + 1;
    const { id, epoch } = run;
    const key = taskKey(id, epoch, step, attempt);
    return { run: id, epoch, step, attempt, branch: run.main.name, key };
  });
}

export function taskFrame(task: Task): Frame {
  return frame("task", task);
}

/** The compensation that is to be done; null when there is none. */
export function compensateFrame(run: Run): Frame | null {
  const open = run.openCompensation;
  if (open === null || run.ownStatus !== "rolling_back") return null;
  const { step, attempt, handler, key } = open;
  return frame("compensate", { run: run.id, epoch: run.epoch + 1, step, attempt, handler, key });
}

export const aliveFrame = (size: number): Frame => frame("alive", { size });
export const checkpointFrame = (note: string): Frame => frame("checkpoint", { note });
export const rejectFrame = (id: string, hash: string, error: Frame): Frame =>
  frame("reject", { id, hash, error });
export const stuckFrame = (run: string, step: string): Frame =>
  frame("rollback_stuck", { run, step });

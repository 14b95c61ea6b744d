/** Stop, pause, resume, kill (W7): a stop is never refused but for access and a store away. */
import { answer } from "@ams/edge";
import { INTERRUPTS, REASON_BYTES_MAX, refuse } from "@ams/workflow-rules";
import { Refused, reject } from "../answers.ts";
import { readLeniently } from "../request-body.ts";
import { interrupt, isNoop, mayResume } from "../space/commands.ts";
import type { Context, Row } from "./route.ts";

/** Characters of a DID or a run's id that is kept. */
const NAME_MAX = 256;
const RUN = /^run_[0-9A-Za-z]{1,40}$/;

async function postInterrupt(context: Context): Promise<Response> {
  const { service, live, segments, account, isOwner, request } = context;
  const op = INTERRUPTS.find((one) => one === segments.at(-1)) ?? reject("not_found");
  const named = segments.length === 3 ? (segments[1] ?? "") : null;
  const body = await readLeniently(request);
  if (named !== null && !RUN.test(named)) return answer(200, noop(op, named, live.conversation));
  if (op === "resume") {
    await live.catchUp();
    const by = account === null ? reject("not_allowed") : account.accountId;
    if (!mayResume(live.conversation, named, { account: by, isOwner })) reject("not_allowed");
  }
  const end = service.metrics.haltSeconds.startTimer();
  const by = account?.accountId ?? "guest";
  const did = named === null ? textOf(body.did, NAME_MAX) : null;
  const reason = textOf(body.reason, REASON_BYTES_MAX);
  const outcome = await interrupt(live, { op, run: named, did, reason, by }, service.now);
  if (outcome.kind !== "committed")
    throw new Refused(refuse(outcome.kind === "failed" ? outcome.code : "store_unavailable"));
  end();
  const { node } = outcome;
  const isNothing = isNoop(live.conversation, node);
  if (op !== "resume" && !isNothing) service.metrics.halts.inc();
  const about = named === null ? {} : { run: named };
  return answer(200, {
    accepted: true,
    noop: isNothing,
    halt: op,
    ...about,
    seq: node.seq,
    at: node.at,
  });
}

/** A name that no run can have: nothing is to be stopped, and nothing is written. */
function noop(op: string, run: string, { size, at }: Context["live"]["conversation"]) {
  return { accepted: true, noop: true, halt: op, run, seq: Math.max(0, size - 1), at };
}

/** Cut, never refused. */
function textOf(value: unknown, bytesMax: number): string | null {
  if (typeof value !== "string" || value === "") return null;
  const bytes = Buffer.from(value).subarray(0, bytesMax);
  return bytes.toString("utf8").replaceAll("\ufffd", "");
}

export const interruptRoutes: readonly Row[] = INTERRUPTS.flatMap((op) => {
  const open = op === "stop" ? { isOpenToLink: true as const } : {};
  const row = { methods: ["POST"], handle: postInterrupt, isUrgent: true as const, ...open };
  return [
    { ...row, path: [op] },
    { ...row, path: ["runs", "*", op] },
  ];
});

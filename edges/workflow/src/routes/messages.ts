/** Messages: handing them in, reading them and their bodies (W5.7, W5.8). */
import { answer, answerBytes } from "@ams/edge";
import { isMessageId, type Node, refuse } from "@ams/workflow-rules";
import { Refused, reject } from "../answers.ts";
import { tasksOf } from "../frames.ts";
import { decodeBase64, onlyFields, readJson, textIn } from "../request-body.ts";
import { type Submitted, submit } from "../submit.ts";
import { lineageOf, nodeView } from "../views.ts";
import { type Context, get, limitOf, type Row, wholeOf, writerOf } from "./route.ts";

async function postMessage(context: Context): Promise<Response> {
  const { accountId } = writerOf(context);
  const body = await readJson(context.request);
  onlyFields(body, ["header", "sig", "body"]);
  const end = context.service.metrics.commitSeconds.startTimer();
  const text = body.body === undefined ? "" : textIn(body, "body", () => true);
  const bytes = decodeBase64(text) ?? reject("invalid_request", { field: "body" });
  const { header = null, sig = null } = body;
  const given = { header, sig, body: bytes, account: accountId };
  const submitted = await submit(context.live, given, context.service.resolve);
  if (submitted.ok) end();
  return answerSubmitted(context, submitted);
}

export function answerSubmitted({ service }: Context, submitted: Submitted): Response {
  const { metrics } = service;
  if (!submitted.ok) {
    if (submitted.refusal.code === "fork") metrics.forks.inc();
    throw new Refused(submitted.refusal);
  }
  const { duplicate, signed } = submitted;
  if (!duplicate) metrics.lag.observe(signed.receipt.lag);
  const { receipt, sig } = signed;
  return answer(duplicate ? 200 : 201, { status: "committed", duplicate, receipt, sig });
}

async function getMessage(context: Context): Promise<Response> {
  const node = nodeOf(context);
  const [entry] = await context.live.entries(node.seq, 1);
  if (entry === undefined) return reject("not_found");
  const { header, sig, account } = entry.committed;
  const { receipt, sig: receiptSig } = context.live.receipt(node, header.context_fingerprint.size);
  const { seq, at, msg } = node;
  const signed = { receipt, receipt_sig: receiptSig };
  return answer(200, { seq, at, msg, header, sig, account_id: account, ...signed });
}

/** What somebody wrote is data: a browser shows none of it as a page. */
async function getBody(context: Context): Promise<Response> {
  const node = nodeOf(context);
  const bytes = await context.live.bodies.get(node);
  if (bytes === null) throw new Refused(refuse("body_erased"));
  const [entry] = await context.live.entries(node.seq, 1);
  const type = entry?.committed.header.body.type ?? "application/octet-stream";
  return answerBytes(bytes, type, {
    "content-disposition": "attachment",
    "content-security-policy": "default-src 'none'; sandbox",
    "x-ams-untrusted": "true",
  });
}

async function deleteBody(context: Context): Promise<Response> {
  const { accountId } = writerOf(context);
  const node = nodeOf(context);
  if (!context.isOwner && node.account !== accountId) reject("not_allowed");
  if (!(await context.live.bodies.erase(node.msg))) throw new Refused(refuse("body_erased"));
  return answer(204, null);
}

async function listMessages({ live, url }: Context): Promise<Response> {
  const from = wholeOf(url, "from", 0, Number.MAX_SAFE_INTEGER);
  const limit = limitOf(url);
  const { size } = live.conversation;
  const seqs = Array.from(
    { length: Math.min(limit, Math.max(0, size - from)) },
    (_, i) => from + i,
  );
  return await answerMessages(live, seqs, (last) => (last + 1 < size ? last + 1 : null));
}

async function runHistory({ live, url, segments }: Context): Promise<Response> {
  const run = live.conversation.runs.get(segments[1] ?? "");
  if (run === undefined) throw new Refused(refuse("run_unknown"));
  const from = wholeOf(url, "from", 0, Number.MAX_SAFE_INTEGER);
  const limit = limitOf(url);
  const first = run.seqs.findIndex((seq) => seq >= from);
  const seqs = first < 0 ? [] : run.seqs.slice(first, first + limit);
  return await answerMessages(live, seqs, () => run.seqs[first + seqs.length] ?? null);
}

/** `seqs` ascend; those that follow each other are read together. */
async function answerMessages(
  live: Context["live"],
  seqs: readonly number[],
  nextAfter: (last: number) => number | null,
): Promise<Response> {
  const messages: unknown[] = [];
  while (messages.length < seqs.length) {
    const first = seqs[messages.length] ?? 0;
    let count = 1;
    while (seqs[messages.length + count] === first + count) count += 1;
    const entries = await live.entries(first, count);
    if (entries.length === 0) break;
    for (const { seq, at, committed } of entries) {
      const { header, sig } = committed;
      messages.push({ seq, at, msg: live.conversation.nodes[seq]?.msg, header, sig });
    }
  }
  const last = seqs[messages.length - 1];
  return answer(200, { messages, next: last === undefined ? null : nextAfter(last) });
}

function getLineage({ live, segments, url }: Context): Response {
  const node = live.conversation.byMsg(segments[1] ?? "") ?? reject("not_found");
  const ancestors = lineageOf(live.conversation, node, limitOf(url));
  return answer(200, { msg: node.msg, ancestors: ancestors.map(nodeView) });
}

/** The steps that this DID may do now; all that are ready where none is named. */
function listTasks({ live, url }: Context): Response {
  const did = url.searchParams.get("did");
  const { conversation } = live;
  const tasks = [...conversation.open].flatMap((id) => {
    const run = conversation.runs.get(id);
    if (run === undefined || conversation.halt !== "none" || run.ownHalt !== "none") return [];
    return tasksOf(run).filter(({ step }) => did === null || mayDo(run, step, did));
  });
  return answer(200, { tasks: tasks.slice(0, limitOf(url)) });
}

function mayDo(run: Parameters<typeof tasksOf>[0], step: string, did: string): boolean {
  const who = run.definition.steps.get(step)?.who ?? null;
  return who === null || who.some((name) => name === did || run.roles.get(name)?.has(did));
}

function nodeOf({ live, segments }: Context): Node {
  const id = segments[1] ?? "";
  const node = isMessageId(id) ? live.conversation.byId(id) : null;
  return node ?? reject("not_found");
}

export const messageRoutes: readonly Row[] = [
  { methods: ["POST"], path: ["messages"], handle: postMessage },
  get(["messages", "*"], getMessage),
  get(["messages", "*", "body"], getBody),
  { methods: ["DELETE"], path: ["messages", "*", "body"], handle: deleteBody },
  get(["log", "messages"], listMessages),
  get(["runs", "*", "history"], runHistory),
  get(["lineage", "*"], getLineage),
  get(["tasks"], listTasks),
];

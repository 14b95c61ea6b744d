/** Runs: starting, looking, acting, rolling back (W5, W6). */
import { answer, answerBytes } from "@ams/edge";
import { canonicalBytes, isJsonObject, type Json } from "@ams/provenance";
import {
  buildHeader,
  isHash,
  isNewRunId,
  isStepName,
  isWorkflowName,
  type MessageType,
  mainOf,
  type Run,
  refuse,
  withBody,
} from "@ams/workflow-rules";
import { Refused, reject } from "../answers.ts";
import { runPage } from "../page/files.ts";
import { onlyFields, optionalIn, readJson, textIn } from "../request-body.ts";
import { grant, rewind, rollback, startRun } from "../space/commands.ts";
import { newMessageId, newRunId, tipOf } from "../space/service-message.ts";
import { commitMessage } from "../submit.ts";
import { dagView, dotView, runView } from "../views.ts";
import { answerSubmitted } from "./messages.ts";
import { type Context, get, pageOf, type Row, writerOf } from "./route.ts";
import { settled } from "./settled.ts";

/** Roles of a run, and names of one role. */
const ROLES_MAX = 64;
const NAMES_MAX = 256;
const ROLE = /^[a-z0-9_-]{1,64}$/;

async function postRun(context: Context): Promise<Response> {
  const { accountId } = writerOf(context);
  const { live, service, request } = context;
  const body = await readJson(request);
  onlyFields(body, ["workflow", "version", "roles", "input", "run"]);
  const workflow = textIn(body, "workflow", isWorkflowName);
  const run = optionalIn(body, "run", isNewRunId) ?? newRunId();
  const { version = null, input } = body;
  if (version !== null && (typeof version !== "number" || !Number.isInteger(version)))
    reject("invalid_request", { field: "version" });
  const request_ = {
    run,
    workflow,
    version,
    roles: rolesOf(body.roles ?? {}),
    input: input === undefined ? {} : { input },
  };
  const { isNew } = settled(await startRun(live, request_, accountId, service.now));
  return answer(isNew ? 201 : 200, runView(live.conversation, runOf(context, run)));
}

function rolesOf(value: Json): Readonly<Record<string, readonly string[]>> {
  if (!isJsonObject(value) || Object.keys(value).length > ROLES_MAX)
    return reject("invalid_request", { field: "roles" });
  const roles = Object.entries(value).map(([role, names]) => {
    if (!ROLE.test(role)) reject("invalid_request", { field: "roles" });
    return [role, namesOf(names, "roles")] as const;
  });
  return Object.fromEntries(roles);
}

function namesOf(value: Json | undefined, field: string): readonly string[] {
  if (!Array.isArray(value) || value.length > NAMES_MAX)
    return reject("invalid_request", { field });
  return value.map((name: Json) =>
    typeof name === "string" && /^(?:did:|acc_)/.test(name) && name.length <= 256
      ? name
      : reject("invalid_request", { field }),
  );
}

function listRuns({ live, url }: Context): Response {
  const status = url.searchParams.get("status");
  const { conversation } = live;
  const all = [...conversation.runs.values()].filter(
    (run) => status === null || run.statusUnder(conversation.halt) === status,
  );
  const { items, next_cursor } = pageOf(url, all);
  return answer(200, { runs: items.map((run) => runView(conversation, run)), next_cursor });
}

function getRun(context: Context): Response {
  const { request, live } = context;
  if ((request.headers.get("accept") ?? "").includes("text/html")) return runPage();
  return answer(200, runView(live.conversation, runOf(context)));
}

async function postGrant(context: Context): Promise<Response> {
  const { accountId: account } = writerOf(context);
  const body = await readJson(context.request);
  onlyFields(body, ["role", "to"]);
  const role = textIn(body, "role", (name) => ROLE.test(name));
  const to = namesOf(body.to, "to");
  const { live, service, isOwner } = context;
  const run = runOf(context);
  const asked = { run: run.id, role, to };
  settled(await grant(live, asked, { account, isOwner }, service.now));
  return answer(200, runView(live.conversation, run));
}

async function postRollback(context: Context): Promise<Response> {
  const { accountId: account } = writerOf(context);
  const { live, service, isOwner } = context;
  const body = await readJson(context.request);
  onlyFields(body, ["to", "reason", "force"]);
  const to = textIn(body, "to", isHash);
  const reason = optionalIn(body, "reason", (text) => text.length <= 4_096);
  const { force = false } = body;
  if (typeof force !== "boolean") reject("invalid_request", { field: "force" });
  const run = runOf(context);
  const epoch = run.epoch;
  const request = { run: run.id, to, force, reason };
  settled(await rollback(live, request, { account, isOwner }, service.now));
  const plan = run.compensations.map(({ step, attempt, handler, key }) => {
    return { step, attempt, handler, key };
  });
  if (run.isRewindDue) await rewind(live, run.id, service.now);
  const isDone = run.epoch > epoch;
  const status = run.statusUnder(live.conversation.halt);
  return answer(isDone ? 200 : 202, { run: run.id, epoch: run.epoch, status, plan });
}

const ACTS: readonly MessageType[] = ["step", "note", "spawn", "merge", "compensated"];

async function postAct(context: Context): Promise<Response> {
  const { accountId } = writerOf(context);
  const body = await readJson(context.request);
  onlyFields(body, ["type", "step", "op", "branch", "body"]);
  const wanted = optionalIn(body, "type", (name) => ACTS.some((one) => one === name)) ?? "step";
  const type = ACTS.find((one) => one === wanted) ?? "step";
  const isOfStep = type === "step" || type === "compensated";
  const step = isOfStep ? textIn(body, "step", isStepName) : "";
  const op = optionalIn(body, "op", (text) => text.length <= 16) ?? (isOfStep ? "done" : type);
  const run = runOf(context);
  const branch = optionalIn(body, "branch", (text) => text.length <= 528) ?? mainOf(run.epoch);
  const act = { type, step, op, branch, body: body.body ?? {} };
  const message = actMessage(context, run, act, accountId);
  const submitted = await commitMessage(context.live, message, accountId);
  return answerSubmitted(context, submitted);
}

/** The service fills in what an agent would have, and signs for the account. */
function actMessage(
  { live, service }: Context,
  run: Run,
  act: { type: MessageType; step: string; op: string; branch: string; body: Json },
  account: string,
) {
  const { conversation, signer } = live;
  const [status, attempts] = run.step(act.step) ?? ["wait", 0];
  const attempt = act.step === "" ? 0 : Math.max(1, status === "ready" ? attempts + 1 : attempts);
  const body = canonicalBytes(act.body);
  const place = placeOf(run, act);
  const { name: workflow, v: version, def } = run.definition;
  const state = run.state(conversation.halt);
  const header = buildHeader({
    id: newMessageId(),
    conversationId: conversation.id,
    type: act.type,
    op: act.op,
    size: conversation.size,
    root: conversation.root(),
    ...place,
    did: signer.did,
    onBehalfOf: account,
    run: { id: run.id, workflow, version, def, epoch: run.epoch, state },
    step: act.step,
    attempt,
    body,
    ts: service.now(),
  });
  const { sig } = live.sign(header, body, null, { account, key: header.id });
  const read = withBody(header, { sig, body });
  return read.ok ? read.value : rejectWith(read.refusal);
}

/** A merge hangs on the tips of the branches that it closes too. */
function placeOf(
  run: Run,
  { type, branch, body }: { type: MessageType; branch: string; body: Json },
) {
  const place = tipOf(run, branch);
  if (type !== "merge" || !isJsonObject(body) || !Array.isArray(body.children)) return place;
  const tips = body.children
    .slice(0, 16)
    .flatMap((child: Json) => run.branches.get(`${branch}/${String(child)}`)?.tip ?? []);
  return { ...place, parents: [...place.parents, ...tips].slice(0, 16) };
}

function rejectWith(refusal: ConstructorParameters<typeof Refused>[0]): never {
  throw new Refused(refusal);
}

function getDag(context: Context): Response {
  const format = context.url.searchParams.get("format") ?? "json";
  const run = runOf(context);
  const { conversation } = context.live;
  if (format === "json") return answer(200, dagView(conversation, run));
  if (format !== "dot") return reject("invalid_request", { field: "format" });
  const dot = Buffer.from(dotView(conversation, run));
  return answerBytes(dot, "text/vnd.graphviz; charset=utf-8");
}

function runOf({ live, segments }: Context, id = segments[1] ?? ""): Run {
  const run = live.conversation.runs.get(id);
  if (run === undefined) throw new Refused(refuse("run_unknown"));
  return run;
}

export const runRoutes: readonly Row[] = [
  { methods: ["POST"], path: ["runs"], handle: postRun },
  get(["runs"], listRuns),
  get(["runs", "*"], getRun),
  { methods: ["POST"], path: ["runs", "*", "grants"], handle: postGrant },
  { methods: ["POST"], path: ["runs", "*", "act"], handle: postAct },
  { methods: ["POST"], path: ["runs", "*", "rollback"], handle: postRollback },
  get(["runs", "*", "dag"], getDag),
];

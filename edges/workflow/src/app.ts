/** The HTTP side (W1 to W9): paths below `/workflow/v1`, who may ask, and what answers. */
import type { EdgeApp } from "@ams/edge";
import { SpaceFault } from "@ams/edge";
import { describeError } from "@ams/process";
import { StoreUnavailable } from "@ams/store";
import { refuse } from "@ams/workflow-rules";
import { answerRefusal, preflight, Refused, reject } from "./answers.ts";
import { Gate } from "./gate.ts";
import { pageFile } from "./page/files.ts";
import { describeOffer } from "./routes/about.ts";
import { openConversation, removeMember, showConversation } from "./routes/conversations.ts";
import { events } from "./routes/events.ts";
import { interrupts } from "./routes/interrupts.ts";
import { logRoutes } from "./routes/log.ts";
import { messageRoutes } from "./routes/messages.ts";
import type { Context, Handler } from "./routes/route.ts";
import { runRoutes } from "./routes/runs.ts";
import { workflowRoutes } from "./routes/workflows.ts";
import { Workflows, type WorkflowsOptions } from "./service.ts";

const PREFIX = "/workflow/v1";

/** Segments of a path: the longest is a tile's. */
const SEGMENTS_MAX = 16;

/** Of a conversation: method, pattern of segments below it, handler. `*` is any one segment. */
export type Row = {
  readonly methods: readonly string[];
  readonly path: readonly string[];
  readonly handle: Handler;
  /** Answered to everybody, without a credential. */
  readonly isPublic?: true;
  /** Answered to whoever has the link's token too. */
  readonly isOpenToLink?: true;
};

const ROWS: readonly Row[] = [
  { methods: ["GET"], path: [], handle: showConversation, isOpenToLink: true },
  { methods: ["DELETE"], path: ["members", "*"], handle: removeMember },
  ...workflowRoutes,
  ...interrupts,
  ...runRoutes,
  { methods: ["GET"], path: ["runs", "*", "events"], handle: events, isOpenToLink: true },
  ...messageRoutes,
  ...logRoutes,
];

export function createWorkflow(options: WorkflowsOptions): EdgeApp {
  const service = new Workflows(options);
  const gate = new Gate(service);
  return {
    fetch: async (request) => {
      try {
        return await route(service, gate, request);
      } catch (error) {
        return answerFault(service, error);
      }
    },
    start: async () => {
      service.start();
      return [];
    },
    notReady: () => service.notReady(),
    stop: () => service.stop(),
  };
}

async function route(service: Workflows, gate: Gate, request: Request): Promise<Response> {
  const url = new URL(request.url);
  if (request.method === "OPTIONS") return preflight();
  if (url.pathname === PREFIX || url.pathname === `${PREFIX}/`)
    return isRead(request) ? describeOffer() : reject("method_not_allowed");
  if (!url.pathname.startsWith(`${PREFIX}/`)) reject("not_found");
  const segments = url.pathname
    .slice(PREFIX.length + 1)
    .split("/")
    .map(decode);
  if (segments.length > SEGMENTS_MAX) reject("not_found");
  const [first, id, ...rest] = segments;
  if (first === "page" && isRead(request)) return pageFile(rest.length === 0 ? (id ?? "") : "");
  if (first !== "conversations") reject("not_found");
  if (id === undefined) {
    if (request.method !== "POST") reject("method_not_allowed");
    return await openConversation(service, gate, request);
  }
  const context = { service, request, url, segments: rest };
  return await answerRow(service, gate, id, context);
}

async function answerRow(
  service: Workflows,
  gate: Gate,
  id: string,
  given: Pick<Context, "service" | "request" | "url" | "segments">,
): Promise<Response> {
  const { request, segments } = given;
  const rows = ROWS.filter(({ path }) => isPath(path, segments));
  if (rows.length === 0) reject("not_found");
  const method = request.method === "HEAD" ? "GET" : request.method;
  const row = rows.find(({ methods }) => methods.includes(method)) ?? reject("method_not_allowed");
  const loaded = await service.load(id);
  const caller = row.isPublic
    ? ({ kind: "anybody" } as const)
    : await gate.callerOf(request, loaded?.live.space ?? null, row.isOpenToLink === true);
  if (loaded === null) reject("not_found");
  const { live, wire } = loaded;
  const account = caller.kind === "account" ? caller.account : null;
  const isWrite = method !== "GET";
  const isInterrupt = row.handle.name === "interruptHandler";
  if (isWrite && account !== null && !isInterrupt) await gate.countWrite(account.accountId);
  if (isWrite && !isInterrupt && live.space.access.isClosed) reject("space_closed");
  if (live.isRegressed) reject("history_regressed");
  // What another process has committed is seen by whoever reads here afterwards.
  if (!isInterrupt) await live.catchUp();
  if (live.isRegressed) reject("history_regressed");
  const isOwner = account !== null && account.namespace === live.space.namespace;
  return await row.handle({ ...given, live, wire, account, isOwner });
}

function isPath(path: readonly string[], segments: readonly string[]): boolean {
  const last = path.at(-1);
  if (last === "**")
    return (
      segments.length >= path.length &&
      isPath(path.slice(0, -1), segments.slice(0, path.length - 1))
    );
  return (
    path.length === segments.length &&
    path.every((part, index) => (part === "*" ? segments[index] !== "" : part === segments[index]))
  );
}

function isRead({ method }: Request): boolean {
  return method === "GET" || method === "HEAD";
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return reject("not_found");
  }
}

function answerFault(service: Workflows, error: unknown): Response {
  if (error instanceof Refused) {
    service.metrics.refusals.inc({ error: error.refusal.code });
    return answerRefusal(error.refusal);
  }
  if (error instanceof StoreUnavailable) return answerRefusal(refuse("store_unavailable"));
  if (error instanceof SpaceFault) {
    const isBusy = error.message === "busy";
    return answerRefusal(refuse(isBusy ? "busy" : "store_unavailable"));
  }
  service.parts.log.error({ event: "request_failed", ...describeError(error) }, "a request failed");
  return answerRefusal(refuse("internal_error"));
}

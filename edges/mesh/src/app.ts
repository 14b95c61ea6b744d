/** The HTTP side (M1 to M10): paths below `/mesh/v1`, who may ask, and what answers. */
import { type EdgeApp, SpaceFault } from "@ams/edge";
import { Refused, refuse, reject } from "@ams/mesh-rules";
import { describeError } from "@ams/process";
import { StoreUnavailable } from "@ams/store";
import { answer, answerRefusal, INTERNAL, preflight } from "./answers.ts";
import { Gate } from "./gate.ts";
import { envelopeRoutes } from "./routes/envelopes.ts";
import { eventRoutes } from "./routes/events.ts";
import { logRoutes } from "./routes/log.ts";
import { describeOffer, meshRoutes, openMesh } from "./routes/meshes.ts";
import { operatorRoutes } from "./routes/operator.ts";
import { readRoutes } from "./routes/reads.ts";
import type { Context, Row } from "./routes/route.ts";
import { Meshes, type MeshesOptions } from "./service.ts";

const PREFIX = "/mesh/v1";

/** Segments of a path: the longest is a tile's. */
const SEGMENTS_MAX = 16;

const ROWS: readonly Row[] = [
  ...meshRoutes,
  ...envelopeRoutes,
  ...readRoutes,
  ...operatorRoutes,
  ...logRoutes,
  ...eventRoutes,
];

export function createMesh(options: MeshesOptions): EdgeApp {
  const service = new Meshes(options);
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

async function route(service: Meshes, gate: Gate, request: Request): Promise<Response> {
  const url = new URL(request.url);
  if (request.method === "OPTIONS") return preflight();
  if (url.pathname === PREFIX || url.pathname === `${PREFIX}/`)
    return isRead(request) ? describeOffer(service) : reject("method_not_allowed");
  if (!url.pathname.startsWith(`${PREFIX}/`)) reject("not_found");
  const segments = url.pathname
    .slice(PREFIX.length + 1)
    .split("/")
    .map(decode);
  const [first, id, ...rest] = segments;
  if (first !== "meshes" || segments.length > SEGMENTS_MAX) reject("not_found");
  if (id === undefined) {
    if (request.method !== "POST") reject("method_not_allowed");
    return await openMesh(service, gate, request);
  }
  return await answerRow(service, gate, id, { service, request, url, segments: rest });
}

async function answerRow(
  service: Meshes,
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
  if (loaded === null) return reject("not_found");
  const { live, wire } = loaded;
  const account = caller.kind === "account" ? caller.account : null;
  const isWrite = method !== "GET";
  if (isWrite && account !== null) await gate.countWrite(account.accountId);
  if (isWrite && live.space.access.isClosed) reject("space_closed");
  if (live.isRegressed) reject("history_regressed");
  const isOwner = account !== null && account.namespace === live.space.namespace;
  return await row.handle({ ...given, live, wire, account, isOwner });
}

function isPath(path: readonly string[], segments: readonly string[]): boolean {
  const isRest = path.at(-1) === "**";
  const parts = isRest ? path.slice(0, -1) : path;
  const isLong = isRest ? segments.length > parts.length : segments.length === parts.length;
  const matches = (part: string, index: number) =>
    part === "*" ? segments[index] !== "" : part === segments[index];
  return isLong && parts.every(matches);
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

function answerFault(service: Meshes, error: unknown): Response {
  if (error instanceof Refused) {
    service.metrics.refusals.inc({ code: error.refusal.code });
    return answerRefusal(error.refusal);
  }
  if (error instanceof StoreUnavailable) return answerRefusal(refuse("store_unavailable"));
  if (error instanceof SpaceFault) {
    const isBusy = error.message === "busy";
    return answerRefusal(refuse(isBusy ? "busy" : "store_unavailable"));
  }
  service.parts.log.error({ event: "request_failed", ...describeError(error) }, "a request failed");
  return answer(INTERNAL.status, INTERNAL.error);
}

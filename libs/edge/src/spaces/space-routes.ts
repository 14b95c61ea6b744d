/** The HTTP side of a service of spaces: the rows of its paths, who may ask, and what answers. */
import type { Account } from "@ams/client";
import { describeError } from "@ams/process";
import { StoreUnavailable } from "@ams/store";
import type { EdgeApp } from "../process/edge.ts";
import { preflight } from "./answers.ts";
import type { CallerFault } from "./callers.ts";
import type { SpaceConfig } from "./space-config.ts";
import { SpaceGate } from "./space-gate.ts";
import type { LiveSpace, SpaceProcess, SpaceWire } from "./space-process.ts";
import { SpaceFault } from "./spaces.ts";

/** The errors of the frame itself; each service has them among its own. */
export type FrameError =
  | Exclude<CallerFault, "unavailable">
  | "busy"
  | "history_regressed"
  | "internal_error"
  | "method_not_allowed"
  | "rate_limited"
  | "space_closed"
  | "store_unavailable";

/** What a handler below a space is given. */
export type SpaceContext<Service, Live, Wire> = {
  readonly service: Service;
  readonly request: Request;
  readonly url: URL;
  /** Below the space. */
  readonly segments: readonly string[];
  readonly live: Live;
  readonly wire: Wire;
  /** Null for whoever has only the link's token, or is anybody. */
  readonly account: Account | null;
  readonly isOwner: boolean;
};

/** Below a space: methods, pattern of segments, handler. `*` is any one segment, `**` the rest. */
export type SpaceRow<Context> = {
  readonly methods: readonly string[];
  readonly path: readonly string[];
  readonly handle: (context: Context) => Promise<Response> | Response;
  /** Answered to everybody, without a credential. */
  readonly isPublic?: true;
  /** Answered to whoever has the link's token too. */
  readonly isOpenToLink?: true;
  /** Taken at any rate, of a closed space too, and on the state that this process has. */
  readonly isUrgent?: true;
};

type Served = SpaceProcess<SpaceConfig, LiveSpace, SpaceWire>;
type LiveOf<Service> =
  Service extends SpaceProcess<SpaceConfig, infer Live, SpaceWire> ? Live : never;
type WireOf<Service> =
  Service extends SpaceProcess<SpaceConfig, LiveSpace, infer Wire> ? Wire : never;
export type ContextOf<Service> = SpaceContext<Service, LiveOf<Service>, WireOf<Service>>;

export type SpaceAppOptions<Service extends Served> = {
  readonly service: Service;
  /** `/mesh/v1`. */
  readonly prefix: string;
  /** The first segment of a space's path. */
  readonly collection: string;
  readonly rows: readonly SpaceRow<ContextOf<Service>>[];
  /** Whether what other processes have committed is read before each handler. */
  readonly readsFirst: boolean;
  readonly describe: () => Response;
  readonly open: (gate: Gate, request: Request) => Promise<Response>;
  /** Paths beside the spaces; null where there is none. */
  readonly aside?: (segments: readonly string[]) => Response | null;
  /** Throws what `answerRefusal` answers. */
  readonly reject: (code: FrameError) => never;
  /** The answer to a refusal that was thrown, counted; null where it is none. */
  readonly answerRefusal: (error: unknown) => Response | null;
};

/** Segments of a path: the longest is a tile's. */
const SEGMENTS_MAX = 16;

export function createSpaceApp<Service extends Served>(options: SpaceAppOptions<Service>): EdgeApp {
  const { service } = options;
  const gate = new Gate(service, options.reject);
  return {
    fetch: async (request) => {
      try {
        return await route(options, gate, request);
      } catch (error) {
        return answerFault(options, error);
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

/** Who may ask for what, and how often, with the errors of the service. */
export class Gate {
  readonly #gate: SpaceGate;
  readonly #reject: (code: FrameError) => never;

  constructor(service: Served, reject: (code: FrameError) => never) {
    this.#reject = reject;
    const [credentials, links] = [() => service.credentials, () => service.links];
    this.#gate = new SpaceGate({ credentials, links, ...service.config });
  }

  async account(request: Request): Promise<Account> {
    const found = await this.#gate.account(request);
    return found.ok ? found.account : this.#fail(found.fault);
  }

  async callerOf(...args: Parameters<SpaceGate["callerOf"]>) {
    const called = await this.#gate.callerOf(...args);
    return called.ok ? called.caller : this.#fail(called.fault);
  }

  async countWrite(account: string): Promise<void> {
    if (!(await this.#gate.countWrite(account))) this.#reject("rate_limited");
  }

  async countSpace(account: string): Promise<void> {
    if (!(await this.#gate.countSpace(account))) this.#reject("rate_limited");
  }

  #fail(fault: CallerFault): never {
    return this.#reject(fault === "unavailable" ? "store_unavailable" : fault);
  }
}

async function route<Service extends Served>(
  options: SpaceAppOptions<Service>,
  gate: Gate,
  request: Request,
): Promise<Response> {
  const { prefix, collection, reject } = options;
  const url = new URL(request.url);
  if (request.method === "OPTIONS") return preflight();
  if (url.pathname === prefix || url.pathname === `${prefix}/`)
    return isRead(request) ? options.describe() : reject("method_not_allowed");
  const path = url.pathname.startsWith(`${prefix}/`) ? url.pathname.slice(prefix.length + 1) : "";
  const segments = decoded(path) ?? reject("not_found");
  const aside = isRead(request) ? (options.aside?.(segments) ?? null) : null;
  if (aside !== null) return aside;
  const [first, id, ...rest] = segments;
  if (first !== collection || segments.length > SEGMENTS_MAX) reject("not_found");
  if (id !== undefined) return await answerRow(options, gate, { id, request, url, segments: rest });
  if (request.method !== "POST") reject("method_not_allowed");
  return await options.open(gate, request);
}

async function answerRow<Service extends Served>(
  { service, rows, readsFirst, reject }: SpaceAppOptions<Service>,
  gate: Gate,
  asked: Pick<ContextOf<Service>, "request" | "url" | "segments"> & { readonly id: string },
): Promise<Response> {
  const { id, request, url, segments } = asked;
  const found = rows.filter(({ path }) => isPath(path, segments));
  if (found.length === 0) reject("not_found");
  const method = request.method === "HEAD" ? "GET" : request.method;
  const row = found.find(({ methods }) => methods.includes(method)) ?? reject("method_not_allowed");
  const loaded = await service.load(id);
  const caller = row.isPublic
    ? ({ kind: "anybody" } as const)
    : await gate.callerOf(request, loaded?.live.space ?? null, row.isOpenToLink === true);
  if (loaded === null) return reject("not_found");
  const { live, wire } = loaded;
  const account = caller.kind === "account" ? caller.account : null;
  const isWrite = method !== "GET" && !row.isUrgent;
  if (isWrite && account !== null) await gate.countWrite(account.accountId);
  if (isWrite && live.space.access.isClosed) reject("space_closed");
  if (live.isRegressed) reject("history_regressed");
  if (readsFirst && !row.isUrgent) await live.catchUp();
  if (live.isRegressed) reject("history_regressed");
  const isOwner = account !== null && account.namespace === live.space.namespace;
  const context = { service, request, url, segments, live, wire, account, isOwner };
  // `load` gives the service's own kind of space.
  return await row.handle(context as ContextOf<Service>);
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

/** Null where a segment is no text. */
function decoded(path: string): string[] | null {
  try {
    return path.split("/").map(decodeURIComponent);
  } catch {
    return null;
  }
}

function answerFault<Service extends Served>(
  { service, reject, answerRefusal }: SpaceAppOptions<Service>,
  error: unknown,
): Response {
  const answer = answerRefusal(error);
  if (answer !== null) return answer;
  const code = codeOf(error);
  if (code === "internal_error") {
    const reason = describeError(error);
    service.parts.log.error({ event: "request_failed", ...reason }, "a request failed");
  }
  try {
    return reject(code);
  } catch (refusal) {
    return answerRefusal(refusal) ?? new Response(null, { status: 500 });
  }
}

function codeOf(error: unknown): FrameError {
  if (error instanceof StoreUnavailable) return "store_unavailable";
  if (!(error instanceof SpaceFault)) return "internal_error";
  return error.message === "busy" ? "busy" : "store_unavailable";
}

/** The router: a web-standard fetch handler at each of the bases that clients use. */
import { addressOf, baseUrlOf, describeError, type HttpApp } from "@ams/process";
import { StoreUnavailable } from "@ams/store";
import { isSuspended } from "./agents/record.ts";
import type { Amp } from "./amp.ts";
import { type Answer, answer, refuse } from "./http/answer.ts";
import { enterAddress, enterAdmin, enterAgent, enterOwner } from "./http/auth.ts";
import { parseObject, readBody } from "./http/body.ts";
import { bearerOf, type Call, withHeaders } from "./http/call.ts";
import { download } from "./routes/attachments.ts";
import { getDocument, VERSION } from "./routes/discovery.ts";
import { openApi, ROUTES, type Route } from "./routes/table.ts";

/** Where the router is: all mean the same. */
const BASE = /^(?:\/api)?\/v1(?:\/v1)?(?=\/|$)/;
const DOCUMENT = "/.well-known/agent-messaging.json";
const PREFIX = "/amp";
const HSTS = { "strict-transport-security": "max-age=31536000" };

export type Reach = {
  /** Cut from the path where it has it: AMP is below the deployment's port then. */
  readonly prefix: "" | typeof PREFIX;
  /** Where sockets are taken, when that isn't here. */
  readonly socketUrl: (() => string | null) | null;
};

export const OWN_PORT: Reach = { prefix: "", socketUrl: null };
/** A process of its own is reached at its port, and below the deployment's. */
export const PROCESS: Reach = { prefix: PREFIX, socketUrl: null };

export function createApp(amp: Amp, reach: Reach): HttpApp {
  return {
    fetch: async (request, { address }) => {
      const base = baseUrlOf(request, amp.reached);
      const own = amp.config.AMS_AMP_PUBLIC_URL;
      const answered = await respond(amp, request, reach, {
        address: addressOf(request, address, amp.reached),
        origin: base,
        publicUrl: own,
      }).catch((error: unknown) => failed(amp, error));
      amp.metrics.requests.inc({ status: `${Math.floor(answered.status / 100)}xx` });
      if (answered.status === 429) amp.metrics.rateRefusals.inc();
      const isHttps = (own ?? base).startsWith("https:");
      return toResponse(answered, isHttps);
    },
  };
}

function failed(amp: Amp, error: unknown): Answer {
  if (error instanceof StoreUnavailable)
    return refuse("unavailable", "The store doesn't answer now: nothing has changed, try again.");
  amp.log.error({ event: "request_failed", ...describeError(error) }, "a request failed");
  return refuse("internal_error", "This is a fault of the provider.");
}

function toResponse({ status, body, headers = {} }: Answer, isHttps: boolean): Response {
  return new Response(body, {
    status,
    headers: {
      "content-type": "application/json",
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
      ...(isHttps ? HSTS : {}),
      ...headers,
    },
  });
}

type From = {
  readonly address: string;
  readonly origin: string;
  readonly publicUrl: string | null;
};

const OPEN = { "access-control-allow-origin": "*" };
const NOTHING = () => refuse("not_found", "There is nothing at this address.");

async function respond(amp: Amp, request: Request, reach: Reach, from: From): Promise<Answer> {
  const url = new URL(request.url);
  const full = url.pathname;
  const isBelow = reach.prefix !== "" && full.startsWith(`${reach.prefix}/`);
  const below = isBelow ? full.slice(reach.prefix.length) : full;
  if (below === DOCUMENT || full === DOCUMENT) {
    if (request.method !== "GET") return wrongMethod(["GET"]);
    const entered = await enterAddress(amp, from.address, "requests");
    if (!entered.ok) return entered.refusal;
    const isBehind = reach.socketUrl !== null || isForwarded(amp, request);
    const prefix = isBelow || isBehind ? reach.prefix : "";
    const endpoint = `${from.publicUrl ?? `${from.origin}${prefix}`}/v1`;
    return withHeaders(withHeaders(getDocument(amp, endpoint), entered.value.headers), OPEN);
  }
  const base = BASE.exec(below)?.[0];
  if (base === undefined) return NOTHING();
  const endpoint =
    from.publicUrl === null
      ? `${from.origin}${isBelow ? reach.prefix : ""}${base}`
      : `${from.publicUrl}/v1`;
  const path = below.slice(base.length);
  if (path === "/ws") return upgrade(reach);
  if (path === "/openapi.json")
    return request.method === "GET" ? answer(openApi(VERSION, endpoint)) : wrongMethod(["GET"]);
  const matched = match(request.method, path);
  if (matched.kind === "none") return NOTHING();
  if (matched.kind === "method") return wrongMethod(matched.allowed);
  const { route, params } = matched;
  const plain = { request, address: from.address, endpoint, params, query: url.searchParams };
  const result = await run(amp, route, { ...plain, path: decode(path) ?? path });
  return route.isOpen ? withHeaders(result, OPEN) : result;
}

/** Whether the deployment's entry port passed the request on. */
function isForwarded({ reached }: Amp, { headers }: Request): boolean {
  return reached.trustProxy && headers.has("x-forwarded-host");
}

function upgrade({ socketUrl }: Reach): Answer {
  const url = socketUrl?.() ?? null;
  const details = url === null ? {} : { details: { websocket_url: url } };
  const headers = { upgrade: "websocket", connection: "Upgrade" };
  return refuse("upgrade_required", "This is a WebSocket.", { ...details, headers });
}

function wrongMethod(allowed: readonly string[]): Answer {
  const headers = { allow: allowed.join(", ") };
  return refuse("method_not_allowed", "This address doesn't take that method.", { headers });
}

type Match =
  | { readonly kind: "route"; readonly route: Route; readonly params: Record<string, string> }
  | { readonly kind: "method"; readonly allowed: readonly string[] }
  | { readonly kind: "none" };

type Pattern = { readonly route: Route; readonly parts: readonly string[] };

/** The table by count of segments, made once. */
const PATTERNS = new Map<number, Pattern[]>();
for (const route of ROUTES)
  for (const path of route.paths) {
    const parts = path.split("/").slice(1);
    const alike = PATTERNS.get(parts.length) ?? [];
    PATTERNS.set(parts.length, [...alike, { route, parts }]);
  }

/** A fixed segment beats one with a name, wherever it stands in the table. */
export function match(method: string, path: string): Match {
  const given = path.split("/").slice(1);
  const patterns = PATTERNS.get(given.length) ?? [];
  const hits = patterns
    .flatMap(({ route, parts }) => {
      const params = paramsOf(parts, given);
      return params === null ? [] : [{ route, params }];
    })
    .toSorted((a, b) => Object.keys(a.params).length - Object.keys(b.params).length);
  if (hits.length === 0) return { kind: "none" };
  const hit = hits.find(({ route }) => route.method === method);
  if (hit !== undefined) return { kind: "route", ...hit };
  return { kind: "method", allowed: [...new Set(hits.map(({ route }) => route.method))] };
}

function paramsOf(
  pattern: readonly string[],
  given: readonly string[],
): Record<string, string> | null {
  if (pattern.length !== given.length) return null;
  const params: Record<string, string> = {};
  for (const [index, part] of pattern.entries()) {
    const text = given[index] ?? "";
    if (!part.startsWith("{")) {
      if (part !== text) return null;
      continue;
    }
    const value = decode(text);
    if (value === null || value === "") return null;
    const name = part.slice(1, -1);
    if (name.startsWith("@") && !value.includes("@")) return null;
    params[name.replace("@", "")] = value;
  }
  return params;
}

function decode(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

const EMPTY = parseObject(Buffer.from("{}"));

async function run(amp: Amp, route: Route, plain: Omit<Call, "bytes" | "json">): Promise<Answer> {
  if (!EMPTY.ok) return EMPTY.refusal;
  const read = route.body === "stream" ? null : await readBody(plain.request);
  if (read !== null && !read.ok) return read.refusal;
  const call: Call = { ...plain, bytes: read?.value ?? Buffer.alloc(0), json: EMPTY.value };
  /** The body is parsed only once who sends it and how often are known. */
  const withJson = async (act: (call: Call) => Promise<Answer>): Promise<Answer> => {
    if (route.body === "stream" || route.body === "none") return act(call);
    const json = parseObject(call.bytes, route.body === "optional");
    return json.ok ? act({ ...call, json: json.value }) : json.refusal;
  };
  switch (route.auth) {
    case "own":
      return route.run(amp, call);
    case "none": {
      if (route.rate === null) return route.run(amp, call);
      const entered = await enterAddress(amp, call.address, route.rate);
      if (!entered.ok) return entered.refusal;
      return withHeaders(await withJson((full) => route.run(amp, full)), entered.value.headers);
    }
    case "admin": {
      const entered = await enterAdmin(amp, call);
      if (!entered.ok) return entered.refusal;
      return withHeaders(await withJson((full) => route.run(amp, full)), entered.value.headers);
    }
    case "owner": {
      const entered = await enterOwner(amp, call);
      if (!entered.ok) return entered.refusal;
      const { who, headers } = entered.value;
      return withHeaders(await withJson((full) => route.run(amp, full, who)), headers);
    }
    case "agent":
    case "agent-or-url":
      return runAgent(amp, route, call, withJson);
  }
}

async function runAgent(
  amp: Amp,
  route: Extract<Route, { auth: "agent" | "agent-or-url" }>,
  call: Call,
  withJson: (act: (call: Call) => Promise<Answer>) => Promise<Answer>,
): Promise<Answer> {
  const isByUrl = route.auth === "agent-or-url" && bearerOf(call.request) === null;
  if (isByUrl && call.query.has("token")) {
    const byAddress = await enterAddress(amp, call.address, route.rate);
    return byAddress.ok ? download(amp, call, null) : byAddress.refusal;
  }
  const entered = await enterAgent(amp, call, route.rate);
  if (!entered.ok) return entered.refusal;
  const { who, headers } = entered.value;
  amp.seen(who.record);
  if (route.isMail && isSuspended(who.record, amp.now())) {
    const message = "This agent is suspended: ask the provider's operator.";
    return withHeaders(refuse("agent_suspended", message), headers);
  }
  return withHeaders(await withJson((full) => route.run(amp, full, who)), headers);
}

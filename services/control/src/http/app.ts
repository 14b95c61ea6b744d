/** The control plane as a fetch handler. Every route that it answers is in the table below. */

import type { Directory, Peppers, Suspensions } from "@ams/directory";
import { createIdentity } from "@ams/identity";
import {
  createMeters,
  type HttpApp,
  type Log,
  type Meters,
  type PeerAddress,
  REQUEST_MS,
  sentenceOf,
} from "@ams/process";
import { type Context, Hono } from "hono";
import type { Registry } from "prom-client";
import {
  createAccount,
  deleteAccount,
  rotateCredential,
  showAccount,
} from "../accounts/accounts.ts";
import { listEvents, newRequestId } from "../accounts/events.ts";
import { createKey, listKeys, revokeKey } from "../accounts/keys.ts";
import { createPlans } from "../accounts/plan-limits.ts";
import { showUsage } from "../accounts/usage.ts";
import type { ControlConfig } from "../config.ts";
import {
  deleteConversation,
  listConversations,
  mintConversation,
} from "../conversations/conversations.ts";
import { inspectConversation } from "../conversations/inspect.ts";
import { createLink, listLinks, revokeLink } from "../conversations/limited-links.ts";
import { replaceLink } from "../conversations/links.ts";
import { showHealth, showOffer, VERSION } from "../conversations/offer.ts";
import { showDocs, showOpenApi } from "../docs/documents.ts";
import { describeRoutes } from "../docs/openapi.ts";
import { createMetrics } from "../metrics.ts";
import { OPERATOR_ROUTES } from "../operator/routes.ts";
import { listDeliveries, replayDelivery } from "../webhooks/deliveries.ts";
import { optIn, optOut } from "../webhooks/opt-in.ts";
import {
  observerLink,
  recordAttempts,
  removeEvents,
  takeEvents,
  webhooksOfAccounts,
} from "../webhooks/outbox.ts";
import {
  createWebhook,
  editWebhook,
  listWebhooks,
  removeWebhook,
  rotateSecret,
} from "../webhooks/webhooks.ts";
import type { Call, Endpoint, Route, Tools } from "./endpoint.ts";
import { problem } from "./problem.ts";
import { createRateLimit, type RateStore } from "./rate-limit.ts";

export const ROUTES: readonly Route[] = [
  { method: "GET", path: "/v1", endpoint: showOffer },
  { method: "POST", path: "/v1/accounts", endpoint: createAccount },
  { method: "GET", path: "/v1/account", endpoint: showAccount },
  { method: "DELETE", path: "/v1/account", endpoint: deleteAccount },
  { method: "POST", path: "/v1/account/credential", endpoint: rotateCredential },
  { method: "GET", path: "/v1/account/events", endpoint: listEvents },
  { method: "GET", path: "/v1/account/usage", endpoint: showUsage },
  { method: "POST", path: "/v1/account/keys", endpoint: createKey },
  { method: "GET", path: "/v1/account/keys", endpoint: listKeys },
  { method: "DELETE", path: "/v1/account/keys/:key_id", endpoint: revokeKey },
  { method: "POST", path: "/v1/account/webhooks", endpoint: createWebhook },
  { method: "GET", path: "/v1/account/webhooks", endpoint: listWebhooks },
  { method: "POST", path: "/v1/account/webhooks/:webhook_id", endpoint: editWebhook },
  { method: "DELETE", path: "/v1/account/webhooks/:webhook_id", endpoint: removeWebhook },
  { method: "POST", path: "/v1/account/webhooks/:webhook_id/secret", endpoint: rotateSecret },
  { method: "GET", path: "/v1/account/webhooks/:webhook_id/deliveries", endpoint: listDeliveries },
  {
    method: "POST",
    path: "/v1/account/webhooks/:webhook_id/deliveries/:message_id/replay",
    endpoint: replayDelivery,
  },
  { method: "POST", path: "/v1/:namespace/conversations", endpoint: mintConversation },
  { method: "GET", path: "/v1/:namespace/conversations", endpoint: listConversations },
  { method: "GET", path: "/v1/:namespace/conversations/:alias", endpoint: inspectConversation },
  { method: "DELETE", path: "/v1/:namespace/conversations/:alias", endpoint: deleteConversation },
  { method: "POST", path: "/v1/:namespace/conversations/:alias/link", endpoint: replaceLink },
  { method: "POST", path: "/v1/:namespace/conversations/:alias/links", endpoint: createLink },
  { method: "GET", path: "/v1/:namespace/conversations/:alias/links", endpoint: listLinks },
  {
    method: "DELETE",
    path: "/v1/:namespace/conversations/:alias/links/:link_id",
    endpoint: revokeLink,
  },
  { method: "POST", path: "/v1/:namespace/conversations/:alias/webhooks", endpoint: optIn },
  { method: "DELETE", path: "/v1/:namespace/conversations/:alias/webhooks", endpoint: optOut },
  { method: "GET", path: "/healthz", endpoint: showHealth },
  { method: "GET", path: "/openapi.json", endpoint: showOpenApi },
  { method: "GET", path: "/docs", endpoint: showDocs },
];

/** For the process that sends webhooks, and in no document. */
const OUTBOX_ROUTES: readonly Route[] = [
  { method: "POST", path: "/v1/outbox/take", endpoint: takeEvents },
  { method: "POST", path: "/v1/outbox/remove", endpoint: removeEvents },
  { method: "POST", path: "/v1/outbox/webhooks", endpoint: webhooksOfAccounts },
  { method: "POST", path: "/v1/outbox/attempts", endpoint: recordAttempts },
  { method: "POST", path: "/v1/outbox/link", endpoint: observerLink },
];

export type ControlOptions = {
  readonly config: ControlConfig;
  readonly peppers: Peppers;
  readonly directory: Directory;
  /** Who is suspended; without it nobody is. */
  readonly suspensions?: Suspensions;
  /** Where rates are counted for all control processes together; null counts them in this one. */
  readonly rates: RateStore | null;
  readonly log: Log;
  readonly registry: Registry;
  /** Who pays for a request; this control's own unless its process has more services. */
  readonly meters?: Meters;
  /** Unix milliseconds. */
  readonly now: () => number;
};

/** Answers any request; never rejects. */
export type Control = HttpApp & {
  /** The operator API, for the admin port (§11). */
  readonly operator: HttpApp;
};

type Env = { Bindings: { readonly peer: PeerAddress } };

export function createControl(options: ControlOptions): Control {
  const { config, rates, registry, log } = options;
  const onRefused = (reason: string) => log.info({ event: "token_refused", reason }, "refused");
  const tools: Tools = {
    ...options,
    identity: createIdentity({ ...options, issuer: config.issuer, onRefused }),
    plans: createPlans(() => options.directory.plans(), options.now),
    suspensions: options.suspensions ?? null,
    limits: {
      accounts: createRateLimit("accounts", config.accountsPerMinute, rates),
      mints: createRateLimit("mints", config.mintsPerMinute, rates),
      rotations: createRateLimit("rotations", config.rotationsPerMinute, rates),
    },
    metrics: createMetrics(registry),
    openApi: describeRoutes(ROUTES, VERSION),
  };
  const meterOf = options.meters ?? createMeters(options);
  const hidden = config.eventSecrets.length > 0 ? OUTBOX_ROUTES : [];
  return {
    ...serveRoutes(ROUTES, hidden, tools, meterOf),
    operator: serveRoutes(OPERATOR_ROUTES, [], tools, meterOf),
  };
}

function serveRoutes(
  routes: readonly Route[],
  hidden: readonly Route[],
  tools: Tools,
  meterOf: Meters,
): HttpApp {
  const app = new Hono<Env>();
  app.use(async (context, next) => {
    await next();
    addCommonHeaders(context);
  });
  for (const { method, path, endpoint } of [...routes, ...hidden]) {
    app.on(method, path, (context) => answer(endpoint, toCall(context, meterOf), tools));
  }
  for (const path of new Set(routes.map((route) => route.path))) {
    app.all(path, (context) => answerOtherMethod(context, path, routes));
  }
  app.notFound(() => problem("not_found"));
  app.onError((error) => refuse("none", error, tools));
  return { fetch: async (request, peer) => app.fetch(request, { peer }) };
}

/** The endpoint's answer, counted and timed; whatever goes wrong behind it ends here. */
async function answer(endpoint: Endpoint, call: Call, tools: Tools): Promise<Response> {
  const began = performance.now();
  let response: Response;
  try {
    response = overBudget(endpoint, call, tools) ?? (await endpoint.handle(call, tools));
  } catch (error) {
    response = refuse(endpoint.name, error, tools);
  }
  const seconds = (performance.now() - began) / 1000;
  tools.metrics.request(endpoint.name, response.status, seconds);
  response.headers.set("x-request-id", call.trail.requestId);
  return response;
}

/**
 * Null while who asks may; the refusal when their CPU budget is used up (§2.1.6). A load balancer's
 * look is free.
 */
function overBudget(endpoint: Endpoint, { meter }: Call, tools: Tools): Response | null {
  if (endpoint === showHealth || isOfSender(endpoint)) return null;
  const refusal = meter.refusal();
  if (refusal === null) {
    meter.spend(REQUEST_MS);
    return null;
  }
  tools.metrics.rateLimited(`${refusal.kind}_cpu`);
  const headers = { "retry-after": String(refusal.waitS) };
  return problem("rate_limited", headers, sentenceOf(refusal));
}

/** It is ours, and shows its secret before anything is done. */
function isOfSender(endpoint: Endpoint): boolean {
  return OUTBOX_ROUTES.some((route) => route.endpoint === endpoint);
}

/** What a store without memory is answered as, and what to do about it. */
const STORE_IS_FULL =
  "The store has no memory for anything new. Deleting, revoking and closing still work: remove what is not needed, or have its operator raise Redis's maxmemory. Nothing was changed.";
const FULL_RETRY_S = 60;

/** Distinguished by name: the directory may be of another copy of its library. */
function refuse(route: string, error: unknown, { log }: Tools): Response {
  const name = error instanceof Error ? error.name : typeof error;
  const isFull = error instanceof Error && "isFull" in error && error.isFull === true;
  log.error({ event: "request_failed", route, error: name, full: isFull }, "request failed");
  if (name !== "DirectoryUnavailable") return problem("internal_error");
  return isFull
    ? problem("unavailable", { "retry-after": `${FULL_RETRY_S}` }, STORE_IS_FULL)
    : problem("unavailable", { "retry-after": "1" });
}

function toCall(context: Context<Env>, meterOf: Meters): Call {
  const url = new URL(context.req.url);
  return {
    request: context.req.raw,
    peer: context.env.peer,
    meter: meterOf(context.req.raw, context.env.peer.address),
    trail: { requestId: newRequestId(), actor: "credential" },
    param: (name) => context.req.param(name) ?? "",
    query: (name) => url.searchParams.get(name) || null,
  };
}

/** What OPTIONS answers, and every method that the path doesn't take. */
function answerOtherMethod(
  context: Context<Env>,
  path: string,
  routes: readonly Route[],
): Response {
  const methods = routes.filter((route) => route.path === path).map((route) => route.method);
  const allow = [...methods, ...(methods.includes("GET") ? ["HEAD"] : []), "OPTIONS"].join(", ");
  if (context.req.method !== "OPTIONS") return problem("method_not_allowed", { allow });
  const preflight = {
    "access-control-allow-methods": allow,
    "access-control-allow-headers": "authorization, content-type",
    "access-control-max-age": PREFLIGHT_S,
  };
  return new Response(null, {
    status: 204,
    headers: { allow, ...(isOpen(path) ? preflight : {}) },
  });
}

/**
 * Seconds for which a browser keeps what a preflight said: the routes change only with a release.
 */
const PREFLIGHT_S = "86400";

function addCommonHeaders(context: Context<Env>): void {
  context.res.headers.set("x-content-type-options", "nosniff");
  context.res.headers.set("referrer-policy", "no-referrer");
  if (!isOpen(context.req.path)) return;
  context.res.headers.set("access-control-allow-origin", "*");
  context.res.headers.set("access-control-expose-headers", "Retry-After");
}

/** Pages of any origin may call `/v1`: it takes no cookies, so they can do no more than anybody. */
function isOpen(path: string): boolean {
  return path === "/v1" || path.startsWith("/v1/");
}

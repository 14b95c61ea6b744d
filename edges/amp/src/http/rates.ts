/** The rates: which one governs a route, counted over all processes, in the store. */
import type { AmpConfig } from "../config.ts";
import type { Counter } from "../store/store.ts";
import { type Refusal, refuse } from "./answer.ts";
import type { RateHeaders } from "./call.ts";

export type RateKind =
  | "registrations"
  | "routes"
  | "pending"
  | "uploads"
  | "confirms"
  | "admin"
  | "requests";

export type Rate = { readonly name: string; readonly windowMs: number; readonly limit: number };

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
/** Requests of an admin token per minute: a person or a script of theirs. */
const ADMIN_PER_MINUTE = 60;

/** Those that are on. */
export function ratesOf(
  kind: RateKind,
  config: AmpConfig,
  routesPerMinute?: number,
): readonly Rate[] {
  const minute = (limit: number) => ({ name: kind, windowMs: MINUTE_MS, limit });
  const all = (): readonly Rate[] => {
    switch (kind) {
      case "registrations":
        return [minute(config.AMS_AMP_REGISTRATIONS_PER_MINUTE)];
      case "routes":
        return [
          minute(routesPerMinute ?? config.AMS_AMP_ROUTES_PER_MINUTE),
          { name: "routes-hour", windowMs: HOUR_MS, limit: config.AMS_AMP_ROUTES_PER_HOUR },
        ];
      case "pending":
        return [minute(config.AMS_AMP_PENDING_PER_MINUTE)];
      case "uploads":
      case "confirms":
        return [minute(config.AMS_AMP_UPLOADS_PER_MINUTE)];
      case "admin":
        return [minute(ADMIN_PER_MINUTE)];
      case "requests":
        return [minute(config.AMS_AMP_REQUESTS_PER_MINUTE)];
    }
  };
  return all().filter(({ limit }) => limit > 0);
}

export function countersOf(rates: readonly Rate[], who: string): readonly Counter[] {
  return rates.map(({ name, windowMs }) => ({ name: `${name}:${who}`, windowMs }));
}

/** The headers of the rate that has the least left, and the refusal when one is passed. */
export function judge(
  rates: readonly Rate[],
  counts: readonly number[],
  nowMs: number,
): { readonly headers: RateHeaders; readonly refusal: Refusal | null } {
  const states = rates.map(({ limit, windowMs }, index) => {
    const count = counts[index] ?? 0;
    const endMs = (Math.floor(nowMs / windowMs) + 1) * windowMs;
    return { limit, remaining: Math.max(0, limit - count), isOver: count > limit, endMs };
  });
  const [first, ...others] = states;
  if (first === undefined) return { headers: {}, refusal: null };
  const worse = (a: typeof first, b: typeof first) =>
    Number(b.isOver) - Number(a.isOver) || a.remaining - b.remaining || b.endMs - a.endMs;
  const tightest = others.reduce((one, other) => (worse(one, other) <= 0 ? one : other), first);
  const headers = {
    "x-ratelimit-limit": String(tightest.limit),
    "x-ratelimit-remaining": String(tightest.remaining),
    "x-ratelimit-reset": String(Math.ceil(tightest.endMs / 1_000)),
  };
  if (!tightest.isOver) return { headers, refusal: null };
  const retry_after = Math.max(1, Math.ceil((tightest.endMs - nowMs) / 1_000));
  const message = `More than ${tightest.limit} requests: try again in ${retry_after} s.`;
  return { headers, refusal: refuse("rate_limited", message, { retry_after }) };
}

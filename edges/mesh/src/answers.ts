/** Answers as HTTP: JSON, errors, and the headers of each. */
import { type Refusal, refuse } from "@ams/mesh-rules";

/** Seconds after which a client that was too fast, or met a store that is away, may come back. */
const RETRY_AFTER_S = "1";

const COMMON: Readonly<Record<string, string>> = {
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cache-control": "no-store",
  "access-control-allow-origin": "*",
  "access-control-expose-headers": "retry-after",
};

export function answer(status: number, value: unknown, headers: Record<string, string> = {}) {
  const body = status === 204 ? null : JSON.stringify(value);
  const type = { "content-type": "application/json" };
  return new Response(body, { status, headers: { ...COMMON, ...type, ...headers } });
}

export function answerRefusal({ status, error }: Refusal): Response {
  const retry = status === 429 || status === 503 ? { "retry-after": RETRY_AFTER_S } : {};
  return answer(status, error, retry);
}

export function answerText(text: string | Uint8Array, type: string, headers = {}): Response {
  const body = typeof text === "string" ? text : Uint8Array.from(text);
  return new Response(body, {
    status: 200,
    headers: { ...COMMON, "content-type": type, ...headers },
  });
}

export function answerStream(body: ReadableStream): Response {
  const headers = { "content-type": "text/event-stream", "x-accel-buffering": "no" };
  return new Response(body, { headers: { ...COMMON, ...headers } });
}

export function preflight(): Response {
  return new Response(null, {
    status: 204,
    headers: {
      ...COMMON,
      "access-control-allow-methods": "GET, HEAD, POST, PUT, DELETE, OPTIONS",
      "access-control-allow-headers": "authorization, content-type, last-event-id",
      "access-control-max-age": "86400",
    },
  });
}

export const INTERNAL: Refusal = refuse("internal_error");

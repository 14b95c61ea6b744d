/** Answers as HTTP: JSON, errors with their hash, and the headers of each. */
import { canonical, canonicalBytes } from "@ams/provenance";
import { type ErrorCode, type Extra, errorHash, type Refusal, refuse } from "@ams/workflow-rules";

/** Seconds after which a client that was too fast, or met a store that is away, may come back. */
const RETRY_AFTER_S = "1";

const COMMON: Readonly<Record<string, string>> = {
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cache-control": "no-store",
  "access-control-allow-origin": "*",
  "access-control-expose-headers": "x-ams-error-hash, retry-after, x-ams-untrusted",
};

export function answer(status: number, value: unknown, headers: Record<string, string> = {}) {
  const body = status === 204 ? null : JSON.stringify(value);
  const type = { "content-type": "application/json" };
  return new Response(body, { status, headers: { ...COMMON, ...type, ...headers } });
}

/** The canonical bytes of the error: the same from every process. */
export function answerRefusal(refusal: Refusal): Response {
  const { status, error } = refusal;
  const retry = status === 429 || status === 503 ? { "retry-after": RETRY_AFTER_S } : {};
  return new Response(canonicalBytes(error), {
    status,
    headers: {
      ...COMMON,
      ...retry,
      "content-type": "application/json",
      "x-ams-error-hash": errorHash(refusal),
    },
  });
}

export function answerBytes(bytes: Uint8Array, type: string, headers: Record<string, string> = {}) {
  return new Response(Uint8Array.from(bytes), {
    status: 200,
    headers: { ...COMMON, "content-type": type, ...headers },
  });
}

/** Ends the handling of a request by an error. */
export class Refused extends Error {
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    super(refusal.code);
    this.refusal = refusal;
  }
}

export function reject(code: ErrorCode, extra: Extra = {}): never {
  throw new Refused(refuse(code, extra));
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

export function toText(value: unknown): string {
  return canonical(value);
}

/** What a service of spaces reads of a request and answers: bounded bodies, numbers, headers. */

/** Seconds after which a client that was too fast, or met a store that is away, may come back. */
const RETRY_AFTER_S = "1";

const COMMON: Readonly<Record<string, string>> = {
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cache-control": "no-store",
  "access-control-allow-origin": "*",
  "access-control-expose-headers": "x-ams-error-hash, retry-after, x-ams-untrusted",
};

/** Items of a page unless it is asked for, and at most. */
const PAGE = 100;
const PAGE_MAX = 1_000;
const WHOLE = /^\d{1,15}$/;

type Headers = Readonly<Record<string, string>>;

export function answer(status: number, value: unknown, headers: Headers = {}): Response {
  return answerJson(status, status === 204 ? null : JSON.stringify(value), headers);
}

/** JSON that is written already. */
export function answerJson(status: number, json: string | null, headers: Headers = {}): Response {
  const retry = status === 429 || status === 503 ? { "retry-after": RETRY_AFTER_S } : {};
  const type = { "content-type": "application/json" };
  return new Response(json, { status, headers: { ...COMMON, ...retry, ...type, ...headers } });
}

export function answerBytes(content: string | Uint8Array, type: string, headers: Headers = {}) {
  const body = typeof content === "string" ? content : Uint8Array.from(content);
  return new Response(body, { headers: { ...COMMON, "content-type": type, ...headers } });
}

/** Server-sent events. */
export function answerEvents(body: ReadableStream): Response {
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

/** The bytes of a request's body; null where they are more than `max`. */
export async function readBody(request: Request, max: number): Promise<Uint8Array | null> {
  const length = Number(request.headers.get("content-length") ?? 0);
  if (length > max) return null;
  if (request.body === null) return new Uint8Array();
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of request.body) {
    bytes += chunk.length;
    if (bytes > max) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** `limit` of a listing; null where it is none. */
export function limitIn(url: URL): number | null {
  const limit = wholeIn(url, "limit", { fallback: PAGE, max: PAGE_MAX });
  return limit === 0 ? null : limit;
}

/** A whole number of the query; null where it is none, or more than `max`. */
export function wholeIn(
  url: URL,
  name: string,
  { fallback, max }: { readonly fallback: number; readonly max: number },
): number | null {
  const text = url.searchParams.get(name);
  if (text === null) return fallback;
  const value = WHOLE.test(text) ? Number(text) : -1;
  return value >= 0 && value <= max ? value : null;
}

/** Where a reader of events goes on: after its last event, else from `from`. */
export function nextEvent(request: Request, from: number): number {
  const last = request.headers.get("last-event-id");
  return last !== null && WHOLE.test(last) ? Number(last) + 1 : from;
}

/**
 * The issuer's key set, fetched when a token names a key that isn't known: bounded in size, time
 * and rate, whatever its server does.
 */
import { createRemoteJWKSet, customFetch, errors, type JWTVerifyGetKey } from "jose";

/** Some hundred RSA keys of 4096 bits with their certificates. */
const KEY_SET_BYTES_MAX = 262_144;
const KEYS_MAX = 100;

/** Milliseconds until an answer must be complete. */
const FETCH_MS = 5_000;

/** Milliseconds between two fetches, also after one that failed. */
const FETCH_AGAIN_MS = 30_000;

/** Milliseconds after which keys are fetched again: a key that the issuer took out ends by then. */
const KEPT_MS = 600_000;

/** The key set can't be had now: the token may be right. */
export class KeySetUnavailable extends Error {}

export type Fetch = (url: string, options: RequestInit) => Promise<Response>;

export function openKeySet(
  url: string,
  { fetch = globalThis.fetch, now }: { readonly fetch?: Fetch | undefined; now: () => number },
): JWTVerifyGetKey {
  let failedAt = Number.NEGATIVE_INFINITY;
  const bounded: Fetch = async (address, options) => {
    if (now() - failedAt < FETCH_AGAIN_MS) throw new KeySetUnavailable("failed a moment ago");
    try {
      return await fetchBounded(fetch, address, options);
    } catch (error) {
      failedAt = now();
      throw new KeySetUnavailable("can't be fetched", { cause: error });
    }
  };
  const keys = createRemoteJWKSet(new URL(url), {
    timeoutDuration: FETCH_MS,
    cooldownDuration: FETCH_AGAIN_MS,
    cacheMaxAge: KEPT_MS,
    [customFetch]: bounded,
  });
  return async (header, token) => {
    try {
      return await keys(header, token);
    } catch (error) {
      if (error instanceof errors.JWKSTimeout) throw new KeySetUnavailable("timed out");
      throw error;
    }
  };
}

async function fetchBounded(fetch: Fetch, url: string, options: RequestInit): Promise<Response> {
  const signal = AbortSignal.timeout(FETCH_MS);
  const answer = await fetch(url, { ...options, redirect: "error", signal });
  if (answer.status !== 200) {
    await answer.body?.cancel();
    throw new Error(`status ${answer.status}`);
  }
  const body: unknown = JSON.parse(await readBounded(answer));
  const { keys }: { readonly keys?: unknown } = Object(body);
  if (!Array.isArray(keys) || keys.length > KEYS_MAX) throw new Error("not a key set");
  return Response.json(body);
}

async function readBounded({ body }: Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of body ?? []) {
    bytes += part.length;
    if (bytes > KEY_SET_BYTES_MAX) throw new Error("too large");
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}

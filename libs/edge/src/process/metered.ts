/**
 * The CPU budget of an edge's callers (§2.1.6), before anything of a request is read. Who shows
 * what was right before is charged as an account or conversation; any other by address.
 */
import { costMs, type Meters, REQUEST_MS, sentenceOf } from "@ams/process";
import type { EdgeApp } from "./edge.ts";

/** Bytes that a body is charged as whose length isn't said: the longest that edges read. */
const UNKNOWN_BYTES = 1_048_576;

/** The app, whose requests are charged by their number, the bytes of a body and of an answer. */
export function metered(app: EdgeApp, meters: Meters): EdgeApp {
  return {
    ...app,
    fetch: async (request, peer) => {
      const meter = meters(request, peer.address);
      const refusal = meter.refusal();
      if (refusal !== null) {
        const body = { error: "rate_limited", message: sentenceOf(refusal) };
        const headers = { "retry-after": String(refusal.waitS) };
        return Response.json(body, { status: 429, headers });
      }
      meter.spend(REQUEST_MS + costMs(bodyBytes(request)));
      const response = await app.fetch(request, { ...peer, meter });
      meter.spend(costMs(lengthOf(response.headers) ?? 0));
      return response;
    },
  };
}

function bodyBytes({ body, headers }: Request): number {
  return body === null ? 0 : (lengthOf(headers) ?? UNKNOWN_BYTES);
}

function lengthOf(headers: Headers): number | null {
  const said = headers.get("content-length");
  const bytes = Number(said);
  return said === null || !Number.isFinite(bytes) ? null : Math.max(0, bytes);
}

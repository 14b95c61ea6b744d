/** The body of a POST: at most 1 MiB of JSON, and not nested deeper than any honest request is. */
import { isJsonContentType, readRequestBody } from "@modelcontextprotocol/server";
import { RPC, refuseRpc } from "./refusal.ts";

/** Bytes of a request: a token of 64 KiB escaped as far as JSON can, and 16 KiB of metadata, fit well. */
export const BODY_BYTES_MAX = 1_048_576;

/** Levels of nesting: metadata of people has a handful; what walks a value by recursion survives this many. */
const DEPTH_MAX = 128;

export type Body =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly response: Response };

export async function readBody(request: Request): Promise<Body> {
  if (!isJsonContentType(request.headers.get("content-type"))) {
    return no(415, RPC.refused, "Unsupported Media Type: Content-Type must be application/json");
  }
  const read = await readRequestBody(request, BODY_BYTES_MAX).catch(() => null);
  if (read === null) return no(400, RPC.parseError, "Parse error: the body could not be read");
  if (read.tooLarge) {
    return no(413, RPC.refused, `Payload Too Large: a body is at most ${BODY_BYTES_MAX} bytes`);
  }
  try {
    const value: unknown = JSON.parse(read.text);
    if (depthOf(value) <= DEPTH_MAX) return { ok: true, value };
    return no(400, RPC.invalidRequest, `Invalid Request: nested deeper than ${DEPTH_MAX} levels`);
  } catch {
    return no(400, RPC.parseError, "Parse error: Invalid JSON");
  }
}

/** Levels of objects and arrays in each other, or one more than allowed; by level, so that depth costs no stack. */
function depthOf(value: unknown): number {
  let level: readonly unknown[] = [value];
  let depth = 0;
  while (level.length > 0 && depth <= DEPTH_MAX) {
    const below = level.filter((one) => typeof one === "object" && one !== null);
    if (below.length === 0) break;
    depth += 1;
    level = below.flatMap((one) => Object.values(one ?? {}));
  }
  return depth;
}

function no(status: number, code: number, message: string): Body {
  return { ok: false, response: refuseRpc(status, code, message) };
}

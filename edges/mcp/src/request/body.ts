/** The body of a POST: at most 1 MiB of JSON, and not nested deeper than any honest request is. */
import { costMs, type Meter } from "@ams/process";
import { isJsonContentType, readRequestBody } from "@modelcontextprotocol/server";
import { checkBounds, DEPTH_MAX, SIGNS_MAX } from "./json-bounds.ts";
import { RPC, refuseRpc } from "./refusal.ts";

/**
 * Bytes of a request: a token of 64 KiB escaped as far as JSON can, and 16 KiB of metadata, fit
 * well.
 */
export const BODY_BYTES_MAX = 1_048_576;

export type Body =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly response: Response };

export async function readBody(request: Request, meter?: Meter): Promise<Body> {
  if (!isJsonContentType(request.headers.get("content-type"))) {
    return no(415, RPC.refused, "Unsupported Media Type: Content-Type must be application/json");
  }
  const read = await readRequestBody(request, BODY_BYTES_MAX).catch(() => null);
  if (read === null) return no(400, RPC.parseError, "Parse error: the body could not be read");
  if (read.tooLarge) {
    return no(413, RPC.refused, `Payload Too Large: a body is at most ${BODY_BYTES_MAX} bytes`);
  }
  const { fault, signs } = checkBounds(read.text);
  meter?.spend(costMs(0, signs));
  if (fault !== null) return no(400, RPC.invalidRequest, `Invalid Request: ${SENTENCES[fault]}`);
  try {
    return { ok: true, value: JSON.parse(read.text) };
  } catch {
    return no(400, RPC.parseError, "Parse error: Invalid JSON");
  }
}

const SENTENCES = {
  too_deep: `nested deeper than ${DEPTH_MAX} levels`,
  too_many_signs: `more than ${SIGNS_MAX} signs of JSON`,
};

function no(status: number, code: number, message: string): Body {
  return { ok: false, response: refuseRpc(status, code, message) };
}

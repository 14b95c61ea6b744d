/** Bodies and parameters: bounded, each parameter once (RFC 6749 §3.1). */
import { BODY_BYTES_MAX } from "./limits.ts";
import { type Refused, refused } from "./problem.ts";

/** The text of a body of this type, or why it isn't read. */
export async function readText(request: Request, type: string): Promise<string | Refused> {
  const given = request.headers.get("content-type")?.split(";")[0]?.trim().toLowerCase();
  if (given !== type) return refused("invalid_request", `The body must be ${type}.`);
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of request.body ?? []) {
    bytes += part.length;
    if (bytes > BODY_BYTES_MAX) return refused("invalid_request", "The body is too large.");
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}

/** Parameters by name, without empty ones. */
export function readParameters(parameters: URLSearchParams): ReadonlyMap<string, string> | Refused {
  const read = new Map<string, string>();
  for (const [name, value] of parameters) {
    if (value === "") continue;
    if (read.has(name)) return refused("invalid_request", "A parameter is there twice.");
    read.set(name, value);
  }
  return read;
}

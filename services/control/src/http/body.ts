/**
 * The body of a request as the members of a JSON object, each with the raw text that its author
 * wrote. The size is enforced while reading, so a body without end costs no more than the limit.
 */
import type { Outcome } from "@ams/directory";
import { costMs } from "@ams/process";
import { BODY_BYTES_MAX, JSON_TOKENS_MAX, type Json, readMembers } from "@ams/protocol";
import type { Call } from "./endpoint.ts";

export type Members = ReadonlyMap<string, Json>;
export type BodyFault = "invalid_json" | "body_too_large";

const NO_MEMBERS: Members = new Map();

/**
 * The members of a body; `optional` says that no bytes at all mean no members. What it costs is
 * paid by who is known to ask: a handler authenticates first.
 */
export async function readBody(
  { request, meter }: Call,
  presence: "required" | "optional",
  bytesMax = BODY_BYTES_MAX,
): Promise<Outcome<Members, BodyFault>> {
  const bytes = await readBytes(request, bytesMax);
  if (!bytes.ok) return bytes;
  if (bytes.value.length === 0 && presence === "optional") return { ok: true, value: NO_MEMBERS };
  const text = decodeUtf8(bytes.value);
  const work = { tokens: 0 };
  const members = text === null ? null : readMembers(text, JSON_TOKENS_MAX, work);
  meter.spend(costMs(bytes.value.length, work.tokens));
  return members === null ? { ok: false, fault: "invalid_json" } : { ok: true, value: members };
}

/** The value of a member; undefined when it is absent or given as null. */
export function optionalValue(json: Json | undefined): unknown {
  if (json === undefined) return undefined;
  const value: unknown = JSON.parse(json.text);
  return value === null ? undefined : value;
}

async function readBytes(
  request: Request,
  bytesMax: number,
): Promise<Outcome<Uint8Array, BodyFault>> {
  if (Number(request.headers.get("content-length")) > bytesMax) {
    return { ok: false, fault: "body_too_large" };
  }
  if (request.body === null) return { ok: true, value: new Uint8Array() };
  const chunks: Uint8Array[] = [];
  const reader = request.body.getReader();
  let size = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return { ok: true, value: Buffer.concat(chunks) };
      size += value.length;
      if (size > bytesMax) {
        await reader.cancel();
        return { ok: false, fault: "body_too_large" };
      }
      chunks.push(value);
    }
  } catch {
    // The client went away halfway: what came is not its JSON, and nobody reads the answer.
    return { ok: false, fault: "invalid_json" };
  }
}

function decodeUtf8(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

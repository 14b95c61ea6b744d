/** What a handler of a mesh's path is given. */
import type { Account } from "@ams/client";
import { type ContextOf, limitIn, readBody, type SpaceRow, wholeIn } from "@ams/edge";
import { reject } from "@ams/mesh-rules";
import { isJsonObject, type JsonObject, parseStrict } from "@ams/provenance";
import type { Meshes } from "../service.ts";

export type Context = ContextOf<Meshes>;
export type Row = SpaceRow<Context>;
export type Handler = Row["handle"];

/** A read of the acknowledged state, for members and whoever has the link. */
export function get(path: readonly string[], handle: Handler): Row {
  return { methods: ["GET"], path, handle, isOpenToLink: true };
}

export function write(method: string, path: readonly string[], handle: Handler): Row {
  return { methods: [method], path, handle };
}

/** Bytes of a request. */
export const REQUEST_BYTES_MAX = 1_048_576;

export async function readBytes(request: Request): Promise<Uint8Array> {
  return (await readBody(request, REQUEST_BYTES_MAX)) ?? reject("body_too_large");
}

/** An empty body is `{}`. */
export function jsonOf(bytes: Uint8Array): JsonObject {
  if (bytes.length === 0) return {};
  const parsed = parseStrict(bytes, { bytes: REQUEST_BYTES_MAX });
  if (!parsed.ok) return reject(parsed.fault);
  return isJsonObject(parsed.value) ? parsed.value : reject("invalid_envelope", { field: "" });
}

export async function readJson(request: Request): Promise<JsonObject> {
  return jsonOf(await readBytes(request));
}

export function limitOf(url: URL): number {
  return limitIn(url) ?? reject("invalid_limit");
}

export function wholeOf(url: URL, name: string, fallback: number, max: number): number {
  return wholeIn(url, name, { fallback, max }) ?? reject("invalid_cursor", { field: name });
}

/** Writes need an account. */
export function writerOf({ account }: Context): Account {
  return account ?? reject("missing_credential");
}

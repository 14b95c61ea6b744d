/** What a handler of a mesh's path is given. */
import type { Account } from "@ams/client";
import { type Judged, type Refusal, Refused, reject } from "@ams/mesh-rules";
import { isJsonObject, type JsonObject, parseStrict } from "@ams/provenance";
import type { Meshes } from "../service.ts";
import type { LiveMesh } from "../space/live-mesh.ts";
import type { Wire } from "../wire/wire.ts";

export type Context = {
  readonly service: Meshes;
  readonly request: Request;
  readonly url: URL;
  /** Below the mesh. */
  readonly segments: readonly string[];
  readonly live: LiveMesh;
  readonly wire: Wire;
  /** Null for whoever has only the link's token, or is anybody. */
  readonly account: Account | null;
  readonly isOwner: boolean;
};

export type Handler = (context: Context) => Promise<Response> | Response;

/** Of a mesh: methods, pattern of segments below it, handler. `*` is any one segment. */
export type Row = {
  readonly methods: readonly string[];
  readonly path: readonly string[];
  readonly handle: Handler;
  /** Answered to everybody, without a credential. */
  readonly isPublic?: true;
  /** Answered to whoever has the link's token too. */
  readonly isOpenToLink?: true;
};

/** A read of the acknowledged state, for members and whoever has the link. */
export function get(path: readonly string[], handle: Handler): Row {
  return { methods: ["GET"], path, handle, isOpenToLink: true };
}

export function write(method: string, path: readonly string[], handle: Handler): Row {
  return { methods: [method], path, handle };
}

/** Bytes of a request. */
export const REQUEST_BYTES_MAX = 1_048_576;
/** Items of a page unless it is asked for, and at most. */
const PAGE = 100;
const PAGE_MAX = 1_000;
const WHOLE = /^\d{1,15}$/;

export async function readBytes(request: Request): Promise<Uint8Array> {
  const length = Number(request.headers.get("content-length") ?? 0);
  if (length > REQUEST_BYTES_MAX) reject("body_too_large");
  if (request.body === null) return new Uint8Array();
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of request.body) {
    bytes += chunk.length;
    if (bytes > REQUEST_BYTES_MAX) reject("body_too_large");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
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
  const text = url.searchParams.get("limit");
  if (text === null) return PAGE;
  const limit = WHOLE.test(text) ? Number(text) : 0;
  return limit >= 1 && limit <= PAGE_MAX ? limit : reject("invalid_limit");
}

export function wholeOf(url: URL, name: string, fallback: number, max: number): number {
  const text = url.searchParams.get(name);
  if (text === null) return fallback;
  const value = WHOLE.test(text) ? Number(text) : -1;
  return value >= 0 && value <= max ? value : reject("invalid_cursor", { field: name });
}

/** Writes need an account. */
export function writerOf({ account }: Context): Account {
  return account ?? reject("missing_credential");
}

export function valueIn<Value>(judged: Judged<Value>): Value {
  return judged.ok ? judged.value : throwRefusal(judged.refusal);
}

export function throwRefusal(refusal: Refusal): never {
  throw new Refused(refusal);
}

/** Bodies of requests: bounded, read as JSON whatever their type, and every member checked. */
import { readBody } from "@ams/edge";
import { isJsonObject, type Json, type JsonObject, parseStrict } from "@ams/provenance";
import { refuse } from "@ams/workflow-rules";
import { Refused, reject } from "./answers.ts";

/** Bytes of a request. */
export const REQUEST_BYTES_MAX = 1_048_576;

const decoder = new TextDecoder("utf-8", { fatal: true });

/** An empty body is `{}`. */
export async function readJson(request: Request): Promise<JsonObject> {
  const bytes = (await readBody(request, REQUEST_BYTES_MAX)) ?? reject("body_too_large");
  if (bytes.length === 0) return {};
  const parsed = parseStrict(bytes, { bytes: REQUEST_BYTES_MAX });
  if (!parsed.ok) throw new Refused(refuse(parsed.fault));
  return isJsonObject(parsed.value) ? parsed.value : reject("invalid_request", { field: "" });
}

/** What a stop says, where it says something: nothing of it is ever refused. */
export async function readLeniently(request: Request): Promise<JsonObject> {
  try {
    const bytes = (await readBody(request, REQUEST_BYTES_MAX)) ?? new Uint8Array();
    const value: Json = JSON.parse(decoder.decode(bytes));
    return isJsonObject(value) ? value : {};
  } catch {
    return {};
  }
}

export function textIn(body: JsonObject, field: string, test: (text: string) => boolean): string {
  const value = body[field];
  if (typeof value !== "string" || !test(value)) reject("invalid_request", { field });
  return value;
}

export function optionalIn(
  body: JsonObject,
  field: string,
  test: (text: string) => boolean,
): string | null {
  return body[field] === undefined || body[field] === null ? null : textIn(body, field, test);
}

export function onlyFields(body: JsonObject, fields: readonly string[]): void {
  const stranger = Object.keys(body).find((name) => !fields.includes(name));
  if (stranger !== undefined) reject("invalid_request", { field: stranger.slice(0, 64) });
}

/** Base64 in either alphabet, with or without padding; null for anything else. */
export function decodeBase64(text: string): Uint8Array | null {
  const standard = text
    .replaceAll("-", "+")
    .replaceAll("_", "/")
    .replace(/(?<!=)={1,2}$/, "");
  const bytes = Buffer.from(standard, "base64");
  return bytes.toString("base64").replace(/(?<!=)={1,2}$/, "") === standard ? bytes : null;
}

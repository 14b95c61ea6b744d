/**
 * Answers that went well. Their JSON is put together from raw members, so metadata comes back as it
 * was given.
 */
import type { JsonText } from "@ams/protocol";

/** Nothing on the control plane is the same for everyone or for long, and much of it is secret. */
const HEADERS = { "content-type": "application/json", "cache-control": "no-store" };

export function reply(status: 200 | 201, json: JsonText): Response {
  return new Response(json, { status, headers: HEADERS });
}

/** What operators are answered: nothing in it is text that a tenant wrote as JSON. */
export function replyJson(value: unknown): Response {
  return new Response(JSON.stringify(value), { status: 200, headers: HEADERS });
}

export function noContent(): Response {
  return new Response(null, { status: 204, headers: { "cache-control": "no-store" } });
}

/** Whether it is a text to name something by: no control characters, no half of a pair. */
export function isName(value: unknown, charactersMax: number): value is string {
  if (typeof value !== "string" || value === "") return false;
  return value.length <= charactersMax && !/[\p{Cc}\p{Cs}]/u.test(value);
}

/** JSON as plain data: what `parseStrict` returns and `canonical` writes. */

export type JsonObject = { readonly [name: string]: Json };

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * did:web as rules: where its document is, and whether an address may be asked. What asks is the
 * caller's.
 */
import type { DidDocument, VerificationMethod } from "./did.ts";
import { parseDid } from "./did.ts";
import { isJsonObject, type Json } from "./json.ts";

/** Bytes and milliseconds of one document; milliseconds that an answer and a failure are kept. */
export const DID_WEB_BYTES_MAX = 65_536;
export const DID_WEB_TIMEOUT_MS = 3_000;
export const DID_WEB_KEPT_MS = 300_000;
export const DID_WEB_FAILURE_KEPT_MS = 30_000;

/** Keys of one document that are looked at. */
const METHODS_MAX = 64;

const HOST = /^(?!.*\.\.)[a-z0-9][a-z0-9.-]{0,251}[a-z0-9]$/;
const PORT = /^[1-9]\d{0,4}$/;

export type DidWebPlace = {
  readonly host: string;
  readonly port: number;
  readonly url: string;
};

/** Null for what is no did:web, and for an address as host. `hosts`: `<name>:<port>` beside 443. */
export function didWebPlace(text: string, hosts: readonly string[]): DidWebPlace | null {
  const did = parseDid(text);
  if (did === null || did.method !== "web" || did.path !== "") return null;
  const [authority = "", ...segments] = did.id.split(":");
  const [host = "", portText = "443", ...rest] = authority.replace(/%3A/i, ":").split(":");
  if (rest.length > 0 || !HOST.test(host) || !PORT.test(portText)) return null;
  if (/^[\d.]+$/.test(host) || !host.includes(".") || segments.includes("")) return null;
  const port = Number(portText);
  if (port > 65_535 || (port !== 443 && !hosts.includes(`${host}:${port}`))) return null;
  const path = segments.length === 0 ? "/.well-known/did.json" : `/${segments.join("/")}/did.json`;
  if (segments.some((segment) => segment.includes("%") || segment.startsWith("."))) return null;
  return { host, port, url: `https://${host}${port === 443 ? "" : `:${port}`}${path}` };
}

/** The document in a JSON value; null when it is none of this DID. */
export function readDidDocument(value: Json, did: string): DidDocument | null {
  const id = did.split("#", 1)[0] ?? "";
  if (!isJsonObject(value) || value.id !== id) return null;
  const methods = Array.isArray(value.verificationMethod) ? value.verificationMethod : [];
  return {
    id,
    verificationMethod: methods.slice(0, METHODS_MAX).flatMap(readMethod),
    ...(value.deactivated === true ? { deactivated: true } : {}),
  };
}

function readMethod(value: Json): readonly VerificationMethod[] {
  if (!isJsonObject(value) || value.type !== "Ed25519VerificationKey2020") return [];
  const { id, controller, publicKeyMultibase } = value;
  if (typeof id !== "string" || typeof controller !== "string") return [];
  if (typeof publicKeyMultibase !== "string") return [];
  return [{ id, type: "Ed25519VerificationKey2020", controller, publicKeyMultibase }];
}

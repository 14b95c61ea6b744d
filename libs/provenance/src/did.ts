/** DIDs as texts: taken apart, never rewritten. */
import { utf8 } from "./bytes.ts";

/** Bytes of a DID. */
export const DID_BYTES_MAX = 256;

export type Did = {
  readonly method: string;
  readonly id: string;
  /** With its slash; empty where there is none. */
  readonly path: string;
  /** Without its sign; null where there is none. */
  readonly fragment: string | null;
};

export type DidFault = "did_not_allowed" | "did_not_found" | "did_unavailable";

/** A DID document as far as it is used. */
export type DidDocument = {
  readonly id: string;
  readonly alsoKnownAs?: readonly string[];
  readonly verificationMethod: readonly VerificationMethod[];
  readonly deactivated?: boolean;
};

export type VerificationMethod = {
  readonly id: string;
  readonly type: "Ed25519VerificationKey2020";
  readonly controller: string;
  readonly publicKeyMultibase: string;
};

const METHOD = /^[a-z0-9]+$/;
/** The characters of an id, a path and a fragment; `%` has to begin two hex digits. */
const ID = /^(?:[A-Za-z0-9._:-]|%[0-9A-Fa-f]{2})+$/;
const PATH = /^(?:[A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2})*$/;
const FRAGMENT = /^(?:[A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*$/;

/** Null for what is no DID (or DID URL without a query) of at most 256 bytes. */
export function parseDid(text: string): Did | null {
  if (text.length > DID_BYTES_MAX || utf8(text).length > DID_BYTES_MAX) return null;
  const [scheme, method = "", ...rest] = text.split(":");
  if (scheme !== "did" || !METHOD.test(method) || rest.length === 0) return null;
  const whole = rest.join(":");
  const hash = whole.indexOf("#");
  const beforeHash = hash === -1 ? whole : whole.slice(0, hash);
  const fragment = hash === -1 ? null : whole.slice(hash + 1);
  const slash = beforeHash.indexOf("/");
  const id = slash === -1 ? beforeHash : beforeHash.slice(0, slash);
  const path = slash === -1 ? "" : beforeHash.slice(slash);
  if (!ID.test(id) || id.endsWith(":") || !PATH.test(path)) return null;
  if (fragment !== null && !FRAGMENT.test(fragment)) return null;
  return { method, id, path, fragment };
}

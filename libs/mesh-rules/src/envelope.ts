/** The envelope (M2): its members, its bytes, its digest. */
import {
  canonicalBytes,
  isJsonObject,
  type Json,
  type JsonObject,
  parseStrict,
  readSignature,
  type SeedSigner,
  sha256,
  toHex,
  writeSignature,
} from "@ams/provenance";
import { type Constraints, NO_CONSTRAINTS, readConstraints } from "./constraints.ts";
import { reject } from "./errors.ts";
import { Fields, isDid, isUuid, isWhole } from "./fields.ts";
import { ATTESTORS_MAX, ENVELOPE_BYTES_MAX, SENT_BYTES_MAX } from "./limits.ts";
import { readTerms, type Terms } from "./money/terms.ts";

export const KINDS = ["intent", "delegation", "inference", "outcome"] as const;
export type Kind = (typeof KINDS)[number];

export const PRIME = "did:w7:prime/main";

export type Intent = {
  readonly action: string;
  readonly params: JsonObject;
  readonly constraints: Constraints;
};

export type Envelope = {
  /** As it was signed, with `auth`. */
  readonly raw: JsonObject;
  /** Of the bytes that were signed. */
  readonly digest: string;
  readonly signature: Uint8Array;
  readonly kind: Kind;
  readonly id: string;
  readonly parent: string | null;
  readonly from: string;
  readonly to: string;
  readonly intent: Intent | null;
  readonly settle: Terms | null;
  readonly zkml: boolean;
  readonly attestors: number;
  readonly payload: JsonObject;
  readonly nonce: number;
  readonly ts: number;
};

const MEMBERS = "v kind id parent from to intent settle require payload nonce ts auth".split(" ");
const ACTION = /^[A-Za-z0-9_./:-]{1,128}$/;
const SKILL = /^skill:[a-z0-9][a-z0-9-]{0,62}$/;
const EMPTY: JsonObject = {};

const isKind = (value: unknown): value is Kind => KINDS.some((kind) => kind === value);
const isBool = (value: unknown): value is boolean => typeof value === "boolean";

/** From the bytes that were sent. Throws `Refused`. */
export function parseEnvelope(bytes: Uint8Array): Envelope {
  const parsed = parseStrict(bytes, { bytes: SENT_BYTES_MAX });
  if (!parsed.ok) return reject(parsed.fault);
  return readEnvelope(parsed.value);
}

/** From a value that `parseStrict` took. Throws `Refused`. */
export function readEnvelope(value: Json): Envelope {
  if (!isJsonObject(value)) return reject("invalid_envelope", { field: "" });
  const signed = bytesToSign(value);
  if (signed.length > ENVELOPE_BYTES_MAX) reject("too_large");
  const fields = new Fields(value, "invalid_envelope").only(MEMBERS);
  if (value.v !== 1) reject("unsupported_version");
  const kind = fields.get("kind", isKind);
  const id = fields.get("id", isUuid);
  const parent = fields.get("parent", isUuid, null);
  const from = fields.text("from", isDid);
  const to = fields.text("to", (text) => isDid(text) || SKILL.test(text) || text === "*");
  const intent = fields.has("intent") ? readIntent(fields.fields("intent")) : null;
  if (intent === null && kind === "intent") fields.fields("intent");
  const isOpen = kind === "intent" || kind === "delegation";
  const settle = fields.has("settle") ? openOnly(fields, "settle", isOpen, readTerms) : null;
  const require = fields.has("require")
    ? openOnly(fields, "require", isOpen, (given) => new Fields(given, "invalid_envelope"))
    : null;
  const zkml = require?.only(["zkml", "attestors"]).get("zkml", isBool, false) ?? false;
  const isCount = (given: unknown): given is number => isWhole(given, 0, ATTESTORS_MAX);
  const attestors = require?.get("attestors", isCount, 0) ?? 0;
  if (kind === "intent") fields.get("payload", (_given): _given is never => false, null);
  const payload = fields.get("payload", isJsonObject, EMPTY);
  const nonce = fields.get("nonce", isSafe);
  const ts = fields.get("ts", isSafe);
  checkTogether(intent, settle, zkml, attestors);
  return {
    ...{ raw: value, digest: toHex(sha256(signed)), signature: readAuth(value.auth) },
    ...{ kind, id, parent, from, to, intent, settle, zkml, attestors, payload, nonce, ts },
  };
}

function isSafe(value: unknown): value is number {
  return isWhole(value, 0, Number.MAX_SAFE_INTEGER);
}

function openOnly<Value>(
  fields: Fields,
  name: string,
  isOpen: boolean,
  read: (value: Json | undefined) => Value,
): Value {
  return isOpen ? read(fields.raw(name)) : reject("invalid_envelope", { field: name });
}

function readIntent(fields: Fields): Intent {
  fields.only(["action", "params", "constraints"]);
  const constraints = fields.get("constraints", isJsonObject, null);
  return {
    action: fields.text("action", (text) => ACTION.test(text)),
    params: fields.get("params", isJsonObject, EMPTY),
    constraints: constraints === null ? NO_CONSTRAINTS : readConstraints(constraints),
  };
}

/** What no member alone shows: the budget (M2.2), and a proof that nobody would check (M8.5). */
function checkTogether(
  intent: Intent | null,
  settle: Terms | null,
  zkml: boolean,
  attestors: number,
): void {
  const budget = intent?.constraints.budget ?? null;
  if (budget !== null && settle !== null) {
    const { currency, minor } = settle.amount;
    if (currency !== budget.currency || minor > budget.minor) reject("invalid_amount");
  }
  if (zkml && (attestors === 0 || settle?.noFallback === true)) reject("zkml_unsupported");
}

function readAuth(auth: Json | undefined): Uint8Array {
  if (auth === undefined || auth === null || auth === "") return reject("unsigned");
  const signature = typeof auth === "string" ? readSignature(auth, { bare: true }) : null;
  return signature ?? reject("bad_signature");
}

/** The canonical bytes without `auth`: what is signed, and what the digest is of (M2.1). */
export function bytesToSign(value: JsonObject): Uint8Array {
  const { auth: _, ...rest } = value;
  return canonicalBytes(rest);
}

/** Adds `auth` to the members of an envelope. */
export function signEnvelope(value: JsonObject, signer: SeedSigner): JsonObject {
  return { ...value, auth: writeSignature(signer.signNow(bytesToSign(value))) };
}

export const VERBS = [
  "intent",
  "discover",
  "negotiate",
  "delegate",
  "subdelegate",
  "prime",
  "execute",
  "outcome",
  "attest",
  "settle",
  "revoke",
  "stake",
  "unstake",
  "withdraw",
  "approve",
  "dispute",
  "ruling",
] as const;
export type Verb = (typeof VERBS)[number];

const CONTROLS: Readonly<Record<Kind, readonly Verb[]>> = {
  intent: ["discover", "negotiate", "delegate", "stake", "unstake", "withdraw", "approve"],
  delegation: ["revoke"],
  inference: [],
  outcome: ["attest", "settle", "dispute", "ruling"],
};

/** Which verb an envelope is (M5); an unknown control is refused. */
export function verbOf({ kind, intent, from }: Envelope): Verb {
  const action = intent?.action ?? "";
  if (action.startsWith("amp/")) {
    const verb = CONTROLS[kind].find((name) => `amp/${name}` === action);
    return verb ?? reject("invalid_envelope", { field: "intent.action" });
  }
  switch (kind) {
    case "intent":
      return "intent";
    case "delegation":
      return from === PRIME ? "prime" : "subdelegate";
    case "inference":
      return "execute";
    case "outcome":
      return "outcome";
  }
}

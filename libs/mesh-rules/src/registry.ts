/** Names of a mesh (M4): did:w7 identifiers, their keys of each time, and cards of agents. */
import {
  type DidDocument,
  decodeMultibaseKey,
  didW7Alias,
  encodeMultibaseKey,
  fromHex,
  hashTagged,
  isDidW7,
  type Json,
  type JsonObject,
  type PublicKey,
  parseDid,
  readPublicKey,
  readSignature,
  resolveDidKey,
  sha256,
  tagged,
  toHex,
  verify,
} from "@ams/provenance";
import { Refused, refuse, reject } from "./errors.ts";
import { Fields, isDid, isDigest, isText, isWhole, ZEROS } from "./fields.ts";
import { CARD_LIST_MAX } from "./limits.ts";
import { type Amount, readAmount } from "./money/amounts.ts";

export type Op = {
  readonly raw: JsonObject;
  readonly op: "create" | "rotate" | "update" | "deactivate";
  readonly did: string;
  readonly seq: number;
  readonly prev: string;
  /** Hex of the new key; null where it stays. */
  readonly key: string | null;
  readonly nextKeyHash: string | null;
  readonly hash: string;
};

/** A DID of the registry. `keys`: each with the seq of the log from which on it is valid. */
export type Name = {
  readonly seq: number;
  readonly hash: string;
  readonly keys: readonly { readonly hex: string; readonly from: number }[];
  readonly nextKeyHash: string | null;
  readonly deactivated: boolean;
  readonly document: JsonObject;
};

export type Card = {
  readonly raw: JsonObject;
  readonly sig: string;
  readonly did: string;
  readonly skills: readonly string[];
  readonly price: Amount | null;
  readonly regions: readonly string[];
  readonly attestor: boolean;
  readonly seq: number;
};

const OPERATIONS = ["create", "rotate", "update", "deactivate"] as const;
const MEMBERS = "op did seq prev keys next_key_hash also_known_as services ts".split(" ");
const RESERVED = "prime skill org model attestor treasury".split(" ");
const LIST_MAX = 32;
const SKILL = /^[a-z0-9][a-z0-9-]{0,62}$/;
const REGION = /^[A-Z]{2}$/;
const isOperation = (value: unknown): value is Op["op"] =>
  OPERATIONS.some((name) => name === value);
const isCount = (value: unknown): value is number => isWhole(value, 0, Number.MAX_SAFE_INTEGER);
const isBool = (value: unknown): value is boolean => typeof value === "boolean";

export function readOp(value: Json | undefined): Op {
  const fields = new Fields(value, "invalid_op", "op").only(MEMBERS);
  const op = fields.get("op", isOperation);
  fields.get("ts", isCount);
  fields.texts("also_known_as", LIST_MAX, (text) => isText(text, 256));
  fields.list("services", LIST_MAX, (item) => typeof item === "object" && item !== null);
  const raw = value as JsonObject;
  return {
    raw,
    op,
    did: fields.text("did", isDidW7),
    seq: fields.get("seq", isCount),
    prev: fields.text("prev", isDigest),
    key: readOpKey(fields, op),
    nextKeyHash: fields.has("next_key_hash") ? fields.text("next_key_hash", isDigest) : null,
    hash: hashTagged("ams-mesh", "registry", raw),
  };
}

function readOpKey(fields: Fields, op: Op["op"]): string | null {
  const needs = op === "create" || op === "rotate";
  if (!needs) return fields.has("keys") ? reject("invalid_op", { field: "op.keys" }) : null;
  const keys = fields.list("keys", 1, (item) => typeof item === "object" && item !== null) ?? [];
  const key = new Fields(keys[0], "invalid_op", "op.keys.0").only(["id", "key"]);
  key.text("id", (text) => isText(text, 64));
  const read = decodeMultibaseKey(key.text("key", (text) => isText(text, 64)));
  return read.ok ? read.key.hex : reject(read.fault);
}

/** The name after the operation. `at`: the seq of the log. Throws `Refused`. */
export function judgeOp(
  op: Op,
  sigs: readonly string[],
  known: Name | null,
  isOperator: boolean,
): void {
  const segment = op.did.slice("did:w7:".length).split("/")[0] ?? "";
  if (RESERVED.includes(segment) && !isOperator) reject("not_authorized");
  if (op.op === "create") {
    if (known !== null) reject("name_taken");
    if (op.seq !== 0 || op.prev !== ZEROS) reject("registry_conflict");
    checkSignatures(op, sigs, [op.key ?? ""]);
    return;
  }
  if (known === null) throw new Refused(refuse("did_not_found"));
  if (known.deactivated) reject("did_deactivated");
  if (op.seq !== known.seq + 1 || op.prev !== known.hash) reject("registry_conflict");
  const current = known.keys.at(-1)?.hex ?? "";
  const announced = known.nextKeyHash;
  const isAnnounced = op.op === "rotate" && announced !== null;
  const added = op.key ?? "";
  const byHash = isAnnounced && toHex(sha256(fromHex(added) ?? new Uint8Array())) === announced;
  const signers = op.op === "rotate" ? [current, added] : [current];
  checkSignatures(op, sigs, byHash ? [added] : signers);
}

function checkSignatures(op: Op, sigs: readonly string[], keys: readonly string[]): void {
  const bytes = tagged("ams-mesh", "registry", op.raw);
  const isSigned = keys.every((hex, index) => isSignedBy(hex, bytes, sigs[index] ?? ""));
  if (!isSigned || sigs.length !== keys.length) reject("bad_signature");
}

export function keyOfHex(hex: string): PublicKey | null {
  const read = readPublicKey(fromHex(hex) ?? new Uint8Array());
  return read.ok ? read.key : null;
}

export function isSignedBy(hex: string, bytes: Uint8Array, sig: string): boolean {
  const [key, signature] = [keyOfHex(hex), readSignature(sig, { bare: true })];
  return key !== null && signature !== null && verify(key, bytes, signature);
}

export function applyOp(op: Op, known: Name | null, at: number): Name {
  const { did, raw, seq, hash, nextKeyHash } = op;
  const before = known?.keys ?? [];
  const keys = op.key === null ? before : [...before, { hex: op.key, from: at }];
  const deactivated = op.op === "deactivate";
  const aliases = [didW7Alias(did), ...listIn(raw, "also_known_as", known?.document.alsoKnownAs)];
  const multibase = encodeMultibaseKey(fromHex(keys.at(-1)?.hex ?? "") ?? new Uint8Array());
  const method = {
    id: `${did}#key`,
    type: "Ed25519VerificationKey2020" as const,
    controller: did,
    publicKeyMultibase: multibase,
  };
  const document = {
    id: did,
    alsoKnownAs: [...new Set(aliases)],
    verificationMethod: deactivated ? [] : [method],
    ...(deactivated ? { deactivated } : {}),
    service: Array.isArray(raw.services) ? raw.services : (known?.document.service ?? []),
  } satisfies DidDocument & { readonly service: Json };
  return { seq, hash, keys, nextKeyHash, deactivated, document };
}

function listIn(raw: JsonObject, name: string, fallback: Json | undefined): readonly string[] {
  const value = Array.isArray(raw[name]) ? raw[name] : fallback;
  const items: readonly Json[] = Array.isArray(value) ? value : [];
  return items.flatMap((item) => (typeof item === "string" ? [item] : []));
}

/** The document of a did:key. */
export function documentOfKey(did: string): JsonObject | null {
  const read = resolveDidKey(did);
  const key = parseDid(did)?.id ?? "";
  if (!read.ok) return null;
  const id = `did:key:${key}`;
  const method = {
    id: `${id}#${key}`,
    type: "Ed25519VerificationKey2020",
    controller: id,
    publicKeyMultibase: key,
  };
  return { id, verificationMethod: [method] };
}

const CARD = "did skills price regions attestor capacity endpoints seq ts".split(" ");

export function readCard(value: Json | undefined, sig: string): Card {
  const fields = new Fields(value, "invalid_op", "card").only(CARD);
  fields.texts("endpoints", CARD_LIST_MAX, (text) => isText(text, 2_048));
  fields.get("capacity", isCount, 0);
  fields.get("ts", isCount);
  return {
    raw: value as JsonObject,
    sig,
    did: fields.text("did", isDid),
    skills: fields.texts("skills", CARD_LIST_MAX, (text) => SKILL.test(text)) ?? [],
    price: fields.has("price") ? readAmount(fields.raw("price")) : null,
    regions: fields.texts("regions", CARD_LIST_MAX, (text) => REGION.test(text)) ?? [],
    attestor: fields.get("attestor", isBool, false),
    seq: fields.get("seq", isCount),
  };
}

export function cardBytes(card: Card): Uint8Array {
  return tagged("ams-mesh", "card", card.raw);
}

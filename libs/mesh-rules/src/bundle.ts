/** Bundles (M6.4): a piece of work with everything that checks it, the service away. */
import {
  decodeMultibaseKey,
  encodeMultibaseKey,
  fromHex,
  inclusionProof,
  isJsonObject,
  isSignedBy as isNoteSignedBy,
  type Json,
  type JsonObject,
  type PublicKey,
  parseDid,
  parseStrict,
  readCheckpoint,
  readSignature,
  resolveDidKey,
  type SeedSigner,
  tagged,
  toHex,
  verify,
  verifyInclusion,
} from "@ams/provenance";
import { decisionJson } from "./draft.ts";
import { leafOf } from "./entry.ts";
import { bytesToSign, PRIME, readEnvelope } from "./envelope.ts";
import { judged, reject } from "./errors.ts";
import { textOf } from "./fields.ts";
import { type Transaction, transactionHash, transactionJson } from "./money/ledger.ts";
import { signedReceipt } from "./receipt.ts";
import type { MeshState } from "./state.ts";
import { nodesUnder } from "./views.ts";

/** Envelopes of one bundle. */
const ENVELOPES_MAX = 10_000;
/** Bytes of a bundle that is read. */
export const BUNDLE_BYTES_MAX = 268_435_456;

export function bundleOf(
  state: MeshState,
  root: string,
  signer: SeedSigner,
  checkpoint: string,
): JsonObject {
  const nodes = nodesUnder(state, root);
  if (nodes.length === 0) return reject("not_found");
  if (nodes.length > ENVELOPES_MAX) return reject("graph_limit", { limit: "bundle" });
  const size = state.tree.size;
  const delegations = nodes.filter(({ envelope }) => state.delegations.has(envelope.id));
  const txs = new Set(delegations.flatMap(({ envelope }) => state.moneyOf.of(envelope.id)));
  for (const { envelope } of nodes)
    for (const part of ["slash", "payout"]) {
      const slashed = state.ledger.byRef(`${envelope.id}/${part}`);
      if (slashed !== null) txs.add(String(slashed.tx));
    }
  const subjects = nodes.flatMap(({ envelope }) => state.decisionsOn.of(envelope.id));
  const transactions = [...txs].map(Number).sort((a, b) => a - b);
  const keys = new Map(nodes.map(({ envelope, key }) => [`${envelope.from} ${key}`, key] as const));
  return {
    v: 1,
    mesh: state.settings.mesh,
    root,
    prime: { did: PRIME, key: signer.did },
    envelopes: nodes.map(({ envelope, seq }) => ({
      envelope: envelope.raw,
      ...signedReceipt(state, envelope.id, signer),
      seq,
      leaf: toHex(leafOf("env", envelope.digest)),
      proof: inclusionProof(state.tree, seq, size).map(toHex),
    })),
    transactions: transactions.flatMap((tx) => {
      const found = state.ledger.transactions.at(tx);
      return found === undefined ? [] : [transactionJson(found)];
    }),
    transaction_proofs: transactions.map((tx) => {
      const seq = state.seqOfTx.at(tx) ?? 0;
      return { tx, seq, proof: inclusionProof(state.tree, seq, size).map(toHex) };
    }),
    documents: [...keys.entries()].map(([name, hex]) => documentOf(name.split(" ")[0] ?? "", hex)),
    decisions: subjects.flatMap((id) => {
      const found = state.decisions.get(id);
      return found === undefined
        ? []
        : [{ decision: decisionJson(found.decision), sig: found.sig }];
    }),
    checkpoint,
  };
}

/** A DID with the key that it signed with then. */
function documentOf(id: string, hex: string): JsonObject {
  const publicKeyMultibase = encodeMultibaseKey(fromHex(hex) ?? new Uint8Array());
  const type = "Ed25519VerificationKey2020";
  return {
    id,
    verificationMethod: [{ id: `${id}#key`, type, controller: id, publicKeyMultibase }],
  };
}

export type Verified =
  | { readonly ok: true; readonly envelopes: number; readonly transactions: number }
  /** The first thing that is wrong, in one sentence. */
  | { readonly ok: false; readonly fault: string };

class Wrong extends Error {}

function wrong(fault: string): never {
  throw new Wrong(fault);
}

export function verifyBundle(bytes: Uint8Array, primeKey?: string): Verified {
  const parsed = parseStrict(bytes, { bytes: BUNDLE_BYTES_MAX });
  if (!parsed.ok) return { ok: false, fault: `the bundle is ${parsed.fault}` };
  return verifyParsed(parsed.value, primeKey);
}

/** `primeKey`: the did:key that the reader knows the mesh by; else the bundle's own is used. */
export function verifyParsed(value: Json, primeKey?: string): Verified {
  try {
    return check(value, primeKey);
  } catch (error) {
    if (error instanceof Wrong) return { ok: false, fault: error.message };
    throw error;
  }
}

function check(value: Json, primeKey: string | undefined): Verified {
  if (!isJsonObject(value) || value.v !== 1) return wrong("the bundle is not of version 1");
  const { prime } = value;
  const did = isJsonObject(prime) ? (textOf(prime, "key") ?? "") : "";
  if (primeKey !== undefined && primeKey !== did) wrong("the mesh has another key");
  const read = resolveDidKey(did);
  if (!read.ok) return wrong("the mesh has no key");
  const note = readCheckpoint(textOf(value, "checkpoint") ?? "");
  if (note === null || !isNoteSignedBy(note, note.origin, read.key))
    return wrong("the checkpoint is not signed");
  const keys = keysIn(listOf(value.documents));
  keys.set(PRIME, [read.key]);
  const ids = new Set<string>();
  const envelopes = listOf(value.envelopes);
  const mesh = textOf(value, "mesh") ?? "";
  for (const item of envelopes)
    checkEnvelope(objectOf(item), { keys, ids, mesh, note, prime: read.key });
  if (!ids.has(textOf(value, "root") ?? "")) wrong("the root is missing");
  const proofs = listOf(value.transaction_proofs);
  const hashes = new Set<string>();
  for (const [index, item] of listOf(value.transactions).entries())
    hashes.add(checkTransaction(objectOf(item), objectOf(proofs[index]), note));
  for (const item of envelopes) checkSettlement(objectOf(objectOf(item).envelope), hashes);
  for (const item of listOf(value.decisions)) checkDecision(objectOf(item), read.key);
  const transactions = listOf(value.transactions).length;
  return { ok: true, envelopes: envelopes.length, transactions };
}

function listOf(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : wrong("a list is missing");
}

function objectOf(value: Json | undefined): JsonObject {
  return isJsonObject(value) ? value : wrong("an object is missing");
}

function keysIn(documents: readonly Json[]): Map<string, PublicKey[]> {
  const keys = new Map<string, PublicKey[]>();
  for (const item of documents) {
    const document = objectOf(item);
    const id = textOf(document, "id") ?? "";
    for (const method of listOf(document.verificationMethod)) {
      const text = textOf(objectOf(method), "publicKeyMultibase") ?? "";
      const key = decodeMultibaseKey(text);
      if (!key.ok) return wrong(`${id} has no key`);
      // A did:key is its own document, whatever the bundle says.
      const own = parseDid(id)?.method === "key" ? resolveDidKey(id) : key;
      if (!own.ok || own.key.hex !== key.key.hex) return wrong(`${id} has another key`);
      keys.set(id, [...(keys.get(id) ?? []), key.key]);
    }
  }
  return keys;
}

type Against = {
  readonly keys: Map<string, PublicKey[]>;
  readonly ids: Set<string>;
  readonly mesh: string;
  readonly note: { readonly size: number; readonly root: Uint8Array };
  readonly prime: PublicKey;
};

function checkEnvelope(item: JsonObject, { keys, ids, mesh, note, prime }: Against): void {
  const read = judged(() => readEnvelope(item.envelope ?? null));
  if (!read.ok) throw new Wrong(`an envelope is ${read.refusal.code}`);
  const { value: envelope } = read;
  const { id, digest, parent } = envelope;
  const known = keys.get(envelope.from) ?? [];
  const signed = bytesToSign(envelope.raw);
  if (!known.some((key) => verify(key, signed, envelope.signature)))
    wrong(`${id}: the signature does not hold`);
  if (parent !== null && !ids.has(parent)) wrong(`${id}: the parent is missing`);
  ids.add(id);
  const receipt = objectOf(item.receipt);
  const names = [receipt.id === id, receipt.digest === digest, receipt.mesh === mesh];
  if (names.includes(false) || receipt.seq !== item.seq) wrong(`${id}: another receipt`);
  checkSigned("receipt", receipt, item.sig, prime, id);
  const leaf = leafOf("env", digest);
  if (toHex(leaf) !== item.leaf) wrong(`${id}: another leaf`);
  const proof = stepsOf(item);
  const seq = Number(item.seq);
  if (!verifyInclusion(seq, note.size, leaf, note.root, proof)) wrong(`${id}: not in the log`);
}

function checkSigned(
  purpose: string,
  value: JsonObject,
  sig: Json | undefined,
  key: PublicKey,
  what: string,
): void {
  const signature = typeof sig === "string" ? readSignature(sig) : null;
  const isSigned = signature !== null && verify(key, tagged("ams-mesh", purpose, value), signature);
  if (!isSigned) wrong(`${what}: the ${purpose} is not signed`);
}

/** What Prime says that it moved is there. */
function checkSettlement({ id, from, kind, payload }: JsonObject, hashes: Set<string>): void {
  const moved = isJsonObject(payload) ? payload.transactions : undefined;
  if (from !== PRIME || kind !== "outcome" || moved === undefined) return;
  for (const item of listOf(moved))
    if (!hashes.has(textOf(objectOf(item), "hash") ?? ""))
      wrong(`${String(id)}: a transaction is missing`);
}

/** Its hash. */
function checkTransaction(value: JsonObject, proved: JsonObject, note: Against["note"]): string {
  const { hash, ...body } = value;
  const transaction = body as unknown as Omit<Transaction, "hash">;
  if (transactionHash(transaction) !== hash) wrong(`transaction ${String(body.tx)}: another hash`);
  const sums = new Map<string, number>();
  for (const item of listOf(body.postings)) {
    const posting = objectOf(item);
    const currency = textOf(posting, "currency") ?? "";
    sums.set(currency, (sums.get(currency) ?? 0) + Number(posting.minor));
  }
  if ([...sums.values()].some((sum) => sum !== 0))
    wrong(`transaction ${String(body.tx)}: no sum 0`);
  const text = String(hash);
  const proof = stepsOf(proved);
  if (!verifyInclusion(Number(proved.seq), note.size, leafOf("led", text), note.root, proof))
    wrong(`transaction ${String(body.tx)}: not in the log`);
  return text;
}

function stepsOf({ proof }: JsonObject): readonly Uint8Array[] {
  return listOf(proof).map((hash) => fromHex(String(hash), 32) ?? new Uint8Array());
}

function checkDecision(value: JsonObject, key: PublicKey): void {
  const decision = objectOf(value.decision);
  checkSigned("policy", decision, value.sig, key, `decision ${textOf(decision, "id") ?? ""}`);
}

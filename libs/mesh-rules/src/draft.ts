/**
 * What a judgement writes: entries in their order, each applied at once. The caller appends all of
 * them together, or takes all of them back.
 */
import {
  canonicalBytes,
  type Json,
  type JsonObject,
  type SeedSigner,
  sha256,
  tagged,
  toHex,
  writeSignature,
} from "@ams/provenance";
import { applyEntry } from "./apply.ts";
import type { EntryKind, NewEntry } from "./entry.ts";
import { PRIME, signEnvelope } from "./envelope.ts";
import { type Move, type Reason, type Transaction, transactionJson } from "./money/ledger.ts";
import type { Policy } from "./policy.ts";
import type { Decision, MeshState, SignedDecision } from "./state.ts";

export type DraftOptions = {
  readonly state: MeshState;
  /** Unix milliseconds: never before the last entry. */
  readonly at: number;
  readonly signer: SeedSigner;
  /** A new UUID, version 4. */
  readonly newId: () => string;
};

export class Draft {
  readonly state: MeshState;
  readonly at: number;
  readonly signer: SeedSigner;
  readonly newId: () => string;
  readonly entries: NewEntry[] = [];

  constructor({ state, at, signer, newId }: DraftOptions) {
    this.state = state;
    this.at = Math.max(at, state.at);
    this.signer = signer;
    this.newId = newId;
  }

  emit(kind: EntryKind, value: JsonObject): void {
    const entry = { kind, value };
    applyEntry(this.state, entry, this.at);
    this.entries.push(entry);
  }

  /** What was emitted after `mark` is forgotten; the state is taken back by the caller. */
  forget(length: number): void {
    this.entries.length = length;
  }

  /** An envelope of Prime; its id. */
  prime(members: JsonObject, id: string = this.newId()): JsonObject {
    const nonce = (this.state.nonces.get(PRIME)?.max ?? 0) + 1;
    const ts = Math.floor(this.at / 1_000);
    const envelope = signEnvelope({ v: 1, id, from: PRIME, nonce, ts, ...members }, this.signer);
    this.emit("env", { envelope, account: null, key: this.state.settings.primeKey });
    return envelope;
  }

  /** Null where nothing moves. Throws `Refused`. */
  move(reason: Reason, ref: string, moves: readonly Move[]): Transaction | null {
    const known = this.state.ledger.byRef(ref);
    const transaction = this.state.ledger.plan(reason, ref, moves, this.at);
    if (transaction !== null && known === null) this.emit("led", transactionJson(transaction));
    return transaction;
  }

  sign(purpose: string, value: Json): string {
    return writeSignature(this.signer.signNow(tagged("ams-mesh", purpose, value)));
  }

  /** A decision of the policy, not emitted yet. */
  decision(
    policy: Policy,
    subject: string,
    input: JsonObject,
    result: Decision["result"],
    reasons: readonly string[],
  ): SignedDecision {
    const decision: Decision = {
      id: this.newId(),
      policy: policy.id,
      policy_hash: policy.hash,
      subject,
      input_hash: toHex(sha256(canonicalBytes(input))),
      result,
      reasons,
      at: this.at,
    };
    return { decision, sig: this.sign("policy", { ...decision, reasons: [...reasons] }) };
  }

  emitDecision({ decision, sig }: SignedDecision, more: JsonObject = {}): void {
    this.emit("dec", { decision: decisionJson(decision), sig, ...more });
  }
}

export function decisionJson(decision: Decision): JsonObject {
  return { ...decision, reasons: [...decision.reasons] };
}

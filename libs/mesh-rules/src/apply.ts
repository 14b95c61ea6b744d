/** One entry of the log, applied to the state. Nothing is judged here: that was done before. */
import { isJsonObject, type JsonObject } from "@ams/provenance";
import { applyEnvelope } from "./apply-envelope.ts";
import { type Delegation, withMilestone } from "./delegation.ts";
import { type EntryKind, entryDigest, type NewEntry } from "./entry.ts";
import { readEnvelope } from "./envelope.ts";
import { textOf, textsOf } from "./fields.ts";
import type { Transaction } from "./money/ledger.ts";
import { afterCycles } from "./money/terms.ts";
import { readPolicy } from "./policy.ts";
import { applyOp, readCard, readOp } from "./registry.ts";
import type { Decision, MeshState, Slash } from "./state.ts";
import { endDelegation, newMilestone, spendNonce } from "./transitions.ts";

/** `at`: Unix milliseconds of the entry. */
export function applyEntry(state: MeshState, { kind, value }: NewEntry, at: number): void {
  const seq = state.size;
  const digest = applyValue(state, kind, value, seq, at);
  const { envelope } = value;
  const id = isJsonObject(envelope) ? (textOf(envelope, "id") ?? "") : "";
  state.leaves.push({ kind, digest, at, id });
}

function applyValue(
  state: MeshState,
  kind: EntryKind,
  value: JsonObject,
  seq: number,
  at: number,
): string {
  switch (kind) {
    case "env": {
      const envelope = readEnvelope(value.envelope ?? null);
      const key = textOf(value, "key") ?? "";
      bringAccount(state, envelope.from, textOf(value, "account"));
      applyEnvelope(state, envelope, key, seq, at);
      return envelope.digest;
    }
    case "reg": {
      const op = readOp(value.op);
      bringAccount(state, op.did, textOf(value, "account"));
      state.names.set(op.did, applyOp(op, state.names.get(op.did) ?? null, seq));
      return op.hash;
    }
    case "card": {
      const card = readCard(value.card, textOf(value, "sig") ?? "");
      bringAccount(state, card.did, textOf(value, "account"));
      const before = state.cards.get(card.did)?.skills ?? [];
      for (const skill of card.skills)
        if (!before.includes(skill) && !state.bySkill.of(skill).includes(card.did))
          state.bySkill.add(skill, card.did);
      state.cards.set(card.did, card);
      return entryDigest(kind, value);
    }
    case "pol": {
      const policy = readPolicy(value.policy, state.policies.length);
      state.policies.push(policy);
      return policy.hash;
    }
    case "led": {
      const transaction = readTransaction(value);
      state.ledger.apply(transaction);
      state.seqOfTx.push(seq);
      const names = transaction.postings.map(({ account }) =>
        account.slice(account.indexOf(":") + 1),
      );
      for (const name of new Set(names))
        if (state.delegations.has(name)) state.moneyOf.add(name, String(transaction.tx));
      return transaction.hash;
    }
    case "dec":
      applyFact(state, value, seq, at);
      return entryDigest(kind, value);
  }
}

function bringAccount(state: MeshState, did: string, account: string | null): void {
  if (account !== null && !state.accounts.has(did)) state.accounts.set(did, account);
}

export function readTransaction(value: JsonObject): Transaction {
  return value as unknown as Transaction;
}

/** What a `dec` entry says: a decision, a spent nonce, or what time did. */
function applyFact(state: MeshState, value: JsonObject, seq: number, at: number): void {
  const { decision, nonce, slash } = value;
  if (isJsonObject(decision)) {
    const known = decision as unknown as Decision;
    state.decisions.set(known.id, { decision: known, sig: textOf(value, "sig") ?? "" });
    state.decisionsOn.add(known.subject, known.id);
    if (known.result === "parked") state.parked.set(known.subject, known.id);
  }
  if (isJsonObject(nonce)) spendNonce(state, textOf(nonce, "did") ?? "", Number(nonce.nonce));
  if (isJsonObject(slash)) {
    const record = slash as unknown as Slash;
    state.slashes.set(record.id, record);
    state.addDue(`slash:${record.id}`, {
      at: record.due,
      kind: "slash",
      id: record.id,
      milestone: "",
    });
  }
  const drawn = value.drawn;
  if (isJsonObject(drawn)) changeAttestors(state, drawn);
  applyTime(state, value, seq, at);
}

function changeAttestors(state: MeshState, drawn: JsonObject): void {
  const delegation = state.delegation(textOf(drawn, "delegation") ?? "");
  const of = textsOf(drawn, "of") ?? [];
  const attestors = { ...delegation.attestors, of };
  state.delegations.set(delegation.id, { ...delegation, attestors });
}

function applyTime(state: MeshState, value: JsonObject, seq: number, at: number): void {
  const expired = textOf(value, "expired");
  if (expired !== null) endDelegation(state, state.delegation(expired), "expired", seq, at);
  const paid = textOf(value, "paid");
  if (paid !== null) {
    const slash = state.slashes.get(paid);
    const isBack = value.back === true;
    if (slash !== undefined)
      state.slashes.set(paid, { ...slash, state: isBack ? "overturned" : "paid" });
    state.dues.delete(`slash:${paid}`);
  }
  const withdrawal = textOf(value, "withdrawal");
  if (withdrawal !== null)
    state.withdrawals.set(withdrawal, value.isPaid === true ? "paid" : "returned");
  if (isJsonObject(value.cycle)) applyCycle(state, value.cycle, seq, at);
}

/** `funded`: one more cycle; `past_due`: no funds; `closed`: no further one. */
function applyCycle(state: MeshState, cycle: JsonObject, seq: number, at: number): void {
  const delegation = state.delegation(textOf(cycle, "delegation") ?? "");
  const { id, terms, milestones, tries, wasAccepted } = delegation;
  const missed = milestones.filter(({ state: is }) => is === "pending");
  let next: Delegation = delegation;
  for (const { on } of missed) {
    next = withMilestone(next, on, { state: "refunded" });
    state.note(seq, id, "refunded", on);
  }
  const every = terms?.cycle?.every ?? "P1D";
  const number = milestones.length + 1;
  switch (textOf(cycle, "is")) {
    case "funded": {
      const milestone = newMilestone(`cycle-${number}`, 100, terms?.amount.minor ?? 0);
      const resumed = wasAccepted ? ("active" as const) : ("funded" as const);
      const going = next.state === "past_due" ? resumed : next.state;
      next = { ...next, state: going, tries: 0, milestones: [...next.milestones, milestone] };
      const due = afterCycles(Number(cycle.since), every, 1);
      state.addDue(`cycle:${id}`, { at: due, kind: "cycle", id, milestone: String(due) });
      state.note(seq, id, next.state);
      break;
    }
    case "past_due": {
      const third = (afterCycles(at, every, 1) - at) / 3;
      next = { ...next, state: "past_due", tries: tries + 1 };
      const due = at + Math.ceil(third);
      state.addDue(`cycle:${id}`, { at: due, kind: "cycle", id, milestone: String(due) });
      state.note(seq, id, "past_due");
      break;
    }
    default:
      state.dues.delete(`cycle:${id}`);
      next = { ...next, state: "closed", endedAt: at };
      state.dues.delete(`expire:${id}`);
      state.note(seq, id, "closed");
  }
  state.delegations.set(id, next);
}

/** Handing envelopes in: any verb, or the one that the path names (M3, M5). */

import { randomUUID } from "node:crypto";
import { answer } from "@ams/edge";
import {
  type Draft,
  judge,
  PRIME,
  readEnvelope,
  reject,
  signEnvelope,
  type Verb,
} from "@ams/mesh-rules";
import type { JsonObject } from "@ams/provenance";
import { throwRefusal, valueIn } from "../answers.ts";
import { submit } from "../space/submit.ts";
import {
  type Context,
  type Handler,
  jsonOf,
  type Row,
  readBytes,
  readJson,
  write,
  writerOf,
} from "./route.ts";

function take(verbs?: readonly Verb[]): Handler {
  return async (context) => await handIn(context, await readBytes(context.request), verbs);
}

async function handIn(context: Context, bytes: Uint8Array, verbs?: readonly Verb[]) {
  const { live, service } = context;
  const { accountId } = writerOf(context);
  const { metrics, resolve, now } = service;
  const end = metrics.acceptSeconds.startTimer();
  const entries = live.state.ledger.transactions.length;
  const options = { account: accountId, resolve, ...(verbs === undefined ? {} : { verbs }) };
  const submitted = await submit(live, bytes, options);
  if (!submitted.ok) {
    metrics.envelopes.inc({ verb: submitted.verb ?? "none", result: "refused" });
    const ts = submitted.envelope?.ts;
    if (ts !== undefined) metrics.skew.observe(Math.abs(now() / 1_000 - ts));
    return throwRefusal(submitted.refusal);
  }
  end();
  const { verb, isDuplicate, isParked, receipt, sig, extra } = submitted;
  const moved = live.state.ledger.transactions.slice(entries, Number.MAX_SAFE_INTEGER);
  metrics.postings.inc(moved.reduce((sum, { postings }) => sum + postings.length, 0));
  metrics.envelopes.inc({ verb, result: isDuplicate ? "duplicate" : "accepted" });
  const common = { status: "accepted", duplicate: isDuplicate, receipt, sig, ...extra };
  return answer(isDuplicate ? 200 : isParked ? 202 : 201, common);
}

/** `{delegation, milestone}`: what was decided, else that nothing is (M5.6). */
const settle: Handler = async (context) => {
  const bytes = await readBytes(context.request);
  const body = jsonOf(bytes);
  if (body.kind !== undefined) return await handIn(context, bytes, ["settle"]);
  writerOf(context);
  const { live } = context;
  const { delegation, milestone } = body;
  if (typeof delegation !== "string" || typeof milestone !== "string")
    return reject("invalid_envelope", { field: "delegation" });
  // What time decides is decided first.
  valueIn(await live.commit(() => undefined));
  const settlement = await live.read(() => {
    const { state } = live;
    const found = state.delegation(delegation).milestones.find(({ on }) => on === milestone);
    if (found === undefined) return reject("not_found");
    if (found.settlement === null) return reject("not_decided", { poo: found.outcome });
    return state.node(found.settlement)?.envelope.raw ?? null;
  });
  return answer(200, { settlement });
};

/** The operator revokes: Prime signs it (M5.7). */
const revokeByOperator: Handler = async (context) => {
  const { live, isOwner } = context;
  const { accountId } = writerOf(context);
  if (!isOwner) reject("not_authorized");
  const { reason = "no_fault", evidence } = await readJson(context.request);
  const id = context.segments[1] ?? "";
  const payload = { revokes: id, reason, ...(evidence === undefined ? {} : { evidence }) };
  const committed = await live.commit((draft) => {
    live.state.delegation(id);
    const raw = ofPrime(draft, { kind: "delegation", to: PRIME, parent: id, payload });
    const envelope = readEnvelope(raw);
    const key = live.state.settings.primeKey;
    const judgement = judge(draft, { envelope, account: accountId, key, isPrime: true });
    if (judgement.kind === "refused") throwRefusal(judgement.refusal);
    return { envelope: raw, revoked: judgement.extra.revoked ?? [] };
  });
  return answer(201, { status: "accepted", ...valueIn(committed) });
};

function ofPrime({ state, at, signer }: Draft, members: JsonObject): JsonObject {
  const nonce = (state.nonces.get(PRIME)?.max ?? 0) + 1;
  const ts = Math.floor(at / 1_000);
  const intent = { action: "amp/revoke", params: {} };
  return signEnvelope(
    { v: 1, id: randomUUID(), from: PRIME, nonce, ts, intent, ...members },
    signer,
  );
}

export const envelopeRoutes: readonly Row[] = [
  write("POST", ["envelopes"], take()),
  write("POST", ["intents"], take(["intent"])),
  write("POST", ["discover"], take(["discover"])),
  write("POST", ["negotiate"], take(["negotiate"])),
  write("POST", ["delegate"], take(["delegate", "subdelegate"])),
  write("POST", ["execute"], take(["execute"])),
  write("POST", ["attest"], take(["outcome", "attest"])),
  write("POST", ["settle"], settle),
  write("POST", ["revoke"], take(["revoke"])),
  write("POST", ["delegations", "*", "revoke"], revokeByOperator),
];

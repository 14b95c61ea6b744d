/** Terms that two parties agree on, round by round (M5.3). */
import { isJsonObject, type JsonObject } from "@ams/provenance";
import type { Envelope } from "../envelope.ts";
import { reject } from "../errors.ts";
import { isDid, isUuid, textOf } from "../fields.ts";
import { ROUNDS_MAX } from "../limits.ts";
import { readTerms } from "../money/terms.ts";
import type { MeshState, Thread } from "../state.ts";
import { termsHash } from "../terms-hash.ts";
import type { Handler } from "./submission.ts";

const STATES = ["propose", "counter", "accept", "reject", "withdraw"];
const ENDS = { accept: "agreed", reject: "rejected", withdraw: "withdrawn" } as const;

export const negotiate: Handler = (draft, { envelope, emit }) => {
  const { state, at } = draft;
  const params = envelope.intent?.params ?? {};
  const wrong = (name: string) => reject("invalid_envelope", { field: `intent.params.${name}` });
  const id = textOf(params, "thread") ?? "";
  const step = textOf(params, "state") ?? "";
  if (!isUuid(id)) wrong("thread");
  if (!STATES.includes(step)) wrong("state");
  if (!isDid(envelope.to)) reject("invalid_envelope", { field: "to" });
  const isOffer = step === "propose" || step === "counter";
  if (isOffer && !isJsonObject(params.terms)) wrong("terms");
  if (isJsonObject(params.terms) && params.terms.settle !== undefined)
    readTerms(params.terms.settle);
  const thread = state.threads.get(id);
  if (step === "propose") {
    if (thread !== undefined) reject("illegal_state", { state: thread.state, allowed: [] });
    if (envelope.from === envelope.to) reject("not_authorized");
  } else checkRound(thread, envelope, step, at);
  emit();
  return { negotiation: viewThread(state, id, at) };
};

function checkRound(thread: Thread | undefined, envelope: Envelope, step: string, at: number) {
  if (thread === undefined) return reject("parent_unknown");
  const { parties, state, rounds, last, offeredBy, hash } = thread;
  if (!parties.includes(envelope.from) || !parties.includes(envelope.to)) reject("not_authorized");
  if (envelope.from === envelope.to) reject("not_authorized");
  const isOver = state !== "open" || rounds >= ROUNDS_MAX || hasLapsed(thread, at);
  const isStale = envelope.parent !== last;
  if (isOver || isStale)
    reject("illegal_state", { state: hasLapsed(thread, at) ? "expired" : state });
  if (step !== "accept" && step !== "reject") return;
  if (offeredBy === envelope.from) reject("illegal_state", { state });
  if (textOf(envelope.intent?.params ?? null, "terms_hash") !== hash) reject("terms_mismatch");
}

function hasLapsed({ terms }: Thread, at: number): boolean {
  const until = terms.valid_until;
  return typeof until === "number" && at > until * 1_000;
}

export function applyNegotiation(state: MeshState, envelope: Envelope): void {
  const params = envelope.intent?.params ?? {};
  const id = textOf(params, "thread") ?? "";
  const step = textOf(params, "state") ?? "";
  const known = state.threads.get(id);
  const offer: JsonObject | null = isJsonObject(params.terms) ? params.terms : null;
  const isOffer = step === "propose" || step === "counter";
  const end = step === "accept" || step === "reject" || step === "withdraw" ? ENDS[step] : "open";
  const terms = isOffer && offer !== null ? offer : (known?.terms ?? {});
  state.threads.set(id, {
    parties: known?.parties ?? [envelope.from, envelope.to],
    state: end,
    rounds: (known?.rounds ?? 0) + 1,
    last: envelope.id,
    offeredBy: isOffer ? envelope.from : (known?.offeredBy ?? ""),
    terms,
    hash: termsHash(terms),
  });
}

export function viewThread(state: MeshState, id: string, at: number): JsonObject {
  const thread = state.threads.get(id);
  if (thread === undefined) return reject("not_found");
  const isLapsed = thread.state === "open" && hasLapsed(thread, at);
  return {
    thread: id,
    parties: [...thread.parties],
    state: isLapsed ? "expired" : thread.state,
    rounds: thread.rounds,
    terms: thread.terms,
    terms_hash: thread.hash,
  };
}

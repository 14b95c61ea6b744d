/** Stating an intent, and finding an agent for it (M5.1, M5.2). */
import type { Json, JsonObject } from "@ams/provenance";
import { reject } from "../errors.ts";
import { textOf } from "../fields.ts";
import { type Amount, compareBytes, parseAmount, writeAmount } from "../money/amounts.ts";
import { reputationOf } from "../reputation.ts";
import type { MeshState } from "../state.ts";
import type { Handler } from "./submission.ts";

export const intent: Handler = ({ state }, { envelope, emit }) => {
  const above = envelope.parent === null ? null : state.node(envelope.parent);
  const thread = textOf(above?.envelope.intent?.params ?? null, "thread");
  const agreed = thread === null ? undefined : state.threads.get(thread);
  const isAgreed = agreed?.state === "agreed" && agreed.last === envelope.parent;
  if (above !== null && !isAgreed) reject("illegal_parent");
  emit();
  return {};
};

export type Search = {
  readonly skill: string | null;
  readonly maxPrice: Amount | null;
  readonly minReputation: number | null;
  readonly region: string | null;
};

export const discover: Handler = ({ state }, { envelope, emit }) => {
  if (envelope.to !== "*") reject("invalid_envelope", { field: "to" });
  const search = readSearch(envelope.intent?.params ?? {}, "intent.params");
  emit();
  return { agents: findAgents(state, search) };
};

const SKILL = /^[a-z0-9][a-z0-9-]{0,62}$/;
const REGION = /^[A-Z]{2}$/;

/** `at` names where a member that is none was found. */
export function readSearch(params: JsonObject, at: string): Search {
  const wrong = (name: string) => reject("invalid_envelope", { field: `${at}.${name}` });
  const [skill, region] = [textOf(params, "skill"), textOf(params, "region")];
  if (params.skill !== undefined && !SKILL.test(skill ?? "")) wrong("skill");
  if (params.region !== undefined && !REGION.test(region ?? "")) wrong("region");
  const price = params.max_price === undefined ? null : parseAmount(params.max_price);
  if (params.max_price !== undefined && price === null) reject("invalid_amount");
  const floor = params.min_reputation ?? null;
  const isScore = typeof floor === "number" && Number.isInteger(floor) && floor >= 0;
  if (floor !== null && (!isScore || skill === null)) wrong("min_reputation");
  const minReputation = typeof floor === "number" ? floor : null;
  return { skill, maxPrice: price, minReputation, region };
}

/** By reputation falling, price rising, DID. */
export function findAgents(state: MeshState, search: Search): readonly Json[] {
  const { skill, maxPrice, minReputation, region } = search;
  const names = skill === null ? [...state.cards.entries()].map(([did]) => did) : null;
  const found = (names ?? state.bySkill.of(skill ?? "")).flatMap((did) => {
    const card = state.cards.get(did);
    if (card === undefined || (skill !== null && !card.skills.includes(skill))) return [];
    if (state.names.get(did)?.deactivated) return [];
    if (region !== null && !card.regions.includes(region)) return [];
    const { price } = card;
    const isCheap = price?.currency === maxPrice?.currency && isAtMost(price, maxPrice);
    if (maxPrice !== null && !isCheap) return [];
    const reputation = reputationOf(state, did, skill ?? card.skills[0] ?? "").score;
    return minReputation !== null && reputation < minReputation ? [] : [{ card, reputation }];
  });
  found.sort(
    (a, b) =>
      b.reputation - a.reputation ||
      (a.card.price?.minor ?? Number.MAX_SAFE_INTEGER) -
        (b.card.price?.minor ?? Number.MAX_SAFE_INTEGER) ||
      compareBytes(a.card.did, b.card.did),
  );
  return found.map(({ card, reputation }) => ({
    did: card.did,
    skills: [...card.skills],
    price: card.price === null ? null : writeAmount(card.price),
    regions: [...card.regions],
    reputation,
  }));
}

function isAtMost(price: Amount | null, max: Amount | null): boolean {
  return price !== null && max !== null && price.minor <= max.minor;
}

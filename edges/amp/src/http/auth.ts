/** Who a request comes from. A key is checked in the store on every request. */
import { createHash } from "node:crypto";
import { isSameText } from "@ams/amp";
import { AmsError, openAccount } from "@ams/client";
import { hasKey, readRecord } from "../agents/record.ts";
import type { Amp } from "../amp.ts";
import type { AgentRef } from "../store/store.ts";
import { bad, good, refuse, type Step } from "./answer.ts";
import { bearerOf, type Call, type Caller, type Owner, type RateHeaders } from "./call.ts";
import { countersOf, judge, type RateKind, ratesOf } from "./rates.ts";

const MINUTE_MS = 60_000;
/** API keys whose agent is remembered: which agent a key names never changes. */
const KNOWN_KEYS_MAX = 50_000;

export type Entered<Who> = { readonly who: Who; readonly headers: RateHeaders };

/** Remembers which agent an API key belongs to, not whether it still does. */
export class KnownKeys {
  readonly #agents = new Map<string, AgentRef>();

  get(hash: string): AgentRef | undefined {
    return this.#agents.get(hash);
  }

  add(hash: string, { tenant, id }: AgentRef): void {
    if (this.#agents.size >= KNOWN_KEYS_MAX) this.#agents.clear();
    this.#agents.set(hash, { tenant, id });
  }
}

const known = new WeakMap<Amp["store"], KnownKeys>();

/** The agent of an API key, with its record; null for a wrong or ended key. */
export async function findAgent(
  amp: Amp,
  token: string,
  kind: RateKind,
): Promise<(Caller & { readonly counts: readonly number[] }) | null> {
  const keys = known.get(amp.store) ?? new KnownKeys();
  known.set(amp.store, keys);
  for (const hash of amp.secrets.hashesOf(token)) {
    const agent = keys.get(hash) ?? (await readIndex(amp, hash));
    if (agent === null) continue;
    keys.add(hash, agent);
    const { routesPerMinute } = amp.tenants.ruleOf(agent.tenant);
    const rates = ratesOf(kind, amp.config, routesPerMinute);
    const key = `agent:${agent.id}`;
    const counters = countersOf(rates, agent.id);
    const { value, counts } = await amp.store.enter(agent.tenant, key, counters, amp.now());
    if (value === null) continue;
    const record = readRecord(value);
    if (hasKey(record, hash, amp.now())) return { record, text: value, hash, counts };
  }
  return null;
}

async function readIndex(amp: Amp, hash: string): Promise<AgentRef | null> {
  const text = await amp.store.read(hash, `apikey:${hash}`);
  return text === null ? null : JSON.parse(text);
}

export async function enterAgent(
  amp: Amp,
  call: Pick<Call, "request" | "address">,
  kind: RateKind,
): Promise<Step<Entered<Caller>>> {
  const token = bearerOf(call.request);
  const found = token === null ? null : await findAgent(amp, token, kind);
  if (found === null) return refuseBearer(amp, call.address);
  const { routesPerMinute } = amp.tenants.ruleOf(found.record.tenant);
  const rates = ratesOf(kind, amp.config, routesPerMinute);
  const { headers, refusal } = judge(rates, found.counts, amp.now());
  if (refusal !== null) return bad({ ...refusal, headers: { ...headers, ...refusal.headers } });
  return good({ who: found, headers });
}

/** By address, for what needs no key. */
export async function enterAddress(amp: Amp, address: string, kind: RateKind) {
  const rates = ratesOf(kind, amp.config);
  if (rates.length === 0) return good<Entered<null>>({ who: null, headers: {} });
  const who = hide(address);
  const { counts } = await amp.store.enter(who, null, countersOf(rates, who), amp.now());
  const { headers, refusal } = judge(rates, counts, amp.now());
  if (refusal !== null) return bad({ ...refusal, headers: { ...headers, ...refusal.headers } });
  return good<Entered<null>>({ who: null, headers });
}

/** 401, or 429 for an address that has been wrong too often. */
export async function refuseBearer(amp: Amp, address: string): Promise<Step<never>> {
  const limit = amp.config.AMS_AMP_BAD_BEARERS_PER_MINUTE;
  const refusal = refuse(
    "unauthorized",
    "This needs a valid key as `Authorization: Bearer …`: register, or register again with a proof.",
    { headers: { "www-authenticate": "Bearer" } },
  );
  if (limit === 0) return bad(refusal);
  const rates = [{ name: "bad-bearers", windowMs: MINUTE_MS, limit }];
  const who = hide(address);
  const { counts } = await amp.store.enter(who, null, countersOf(rates, who), amp.now());
  const judged = judge(rates, counts, amp.now());
  return bad(judged.refusal ?? refusal);
}

export async function enterAdmin(amp: Amp, call: Call): Promise<Step<Entered<string>>> {
  const token = bearerOf(call.request) ?? "";
  const isAdmin = amp.config.AMS_AMP_ADMIN_TOKENS.some((one) => isSameText(one, token));
  if (!isAdmin) return refuseBearer(amp, call.address);
  const who = hide(token);
  const rates = ratesOf("admin", amp.config);
  const { counts } = await amp.store.enter(who, null, countersOf(rates, who), amp.now());
  const { headers, refusal } = judge(rates, counts, amp.now());
  if (refusal !== null) return bad({ ...refusal, headers: { ...headers, ...refusal.headers } });
  return good({ who, headers });
}

const CREDENTIAL = /^ams_sk_[A-Za-z0-9_-]{43}$/;

/** The AMS account that a credential belongs to, asked of the deployment. */
export async function enterOwner(amp: Amp, call: Call): Promise<Step<Entered<Owner>>> {
  const token = bearerOf(call.request) ?? "";
  if (!CREDENTIAL.test(token)) return refuseBearer(amp, call.address);
  const entered = await enterAddress(amp, call.address, "requests");
  if (!entered.ok) return entered;
  try {
    const account = await openAccount(amp.wire.url(), { credential: token });
    const { accountId, namespace } = account;
    return good({ who: { accountId, namespace }, headers: entered.value.headers });
  } catch (error) {
    const isWrong = error instanceof AmsError && error.code === "invalid_credential";
    if (isWrong) return refuseBearer(amp, call.address);
    return bad(refuse("unavailable", "The deployment can't be asked now: try again."));
  }
}

/** What of an address or token is kept: enough to count it. */
export function hide(text: string): string {
  return createHash("sha256").update(text).digest("base64url").slice(0, 22);
}

/**
 * Who pays for a request (§2.1.6): the account or the conversation that it was shown to belong to,
 * else its address. A credential or link that was right before is known again before anything is
 * asked of the store, so that a caller with one isn't refused for what strangers at its address do.
 */
import { createHmac, randomBytes } from "node:crypto";
import { LRUCache } from "lru-cache";
import { CpuBudget } from "./cpu-budget.ts";
import { addressOf, networkOf, type Reached } from "./reached.ts";

/** Credentials and links that are known again. */
const KNOWN_MAX = 20_000;

/** The addresses of this machine itself: its edges ask from here for all their callers. */
const LOOPBACK = /^(?:::1|(?:::ffff:)?127\.\d{1,3}\.\d{1,3}\.\d{1,3})$/i;

export type Payer = { readonly kind: "address" | "account" | "conversation"; readonly id: string };

/** Estimated milliseconds of CPU time per second; 0 for any. */
export type CpuLimits = {
  /** For an address. */
  readonly addressCpuMsPerSecond: number;
  /** For an account, and for those who show a conversation's link. */
  readonly accountCpuMsPerSecond: number;
};

export type MeterOptions = {
  readonly config: Reached & CpuLimits;
  /** Unix milliseconds. */
  readonly now: () => number;
};

/** What one request has cost so far. */
export type Meter = {
  /**
   * Null when it may go on; else whose budget is used up, what it is, and the whole seconds until
   * it isn't.
   */
  readonly refusal: () => Refusal | null;
  readonly spend: (ms: number) => void;
  /** It was shown who asks: what it cost is theirs, and so is what follows. */
  readonly paidBy: (kind: "account" | "conversation", id: string) => void;
};

export type Refusal = {
  readonly kind: Payer["kind"];
  readonly msPerSecond: number;
  readonly waitS: number;
};

/** Gives a request its meter; `own` is the address at the other end of its connection. */
export type Meters = (request: Request, own: string) => Meter;

/** One for a process: its services and edges share the budgets of its callers. */
export function createMeters({ config, now }: MeterOptions): Meters {
  const budgets = {
    address: new CpuBudget(config.addressCpuMsPerSecond),
    account: new CpuBudget(config.accountCpuMsPerSecond),
  };
  const known = new LRUCache<string, Payer>({ max: KNOWN_MAX });
  // What is known is kept under no text of a client, and no address in clear.
  const key = randomBytes(32);
  const hashed = (text: string) => createHmac("sha256", key).update(text).digest("base64url");
  const budgetOf = ({ kind }: Payer) => (kind === "address" ? budgets.address : budgets.account);

  return (request, own) => {
    const secret = secretOf(request);
    const knownBy = secret === null ? null : hashed(secret);
    let payer = knownBy === null ? undefined : known.get(knownBy);
    const address = addressOf(request, own, config);
    if (!LOOPBACK.test(address)) payer ??= { kind: "address", id: hashed(networkOf(address)) };
    let spentMs = 0;
    const spend = (ms: number) => {
      spentMs += ms;
      if (payer !== undefined) budgetOf(payer).spend(nameOf(payer), ms, now());
    };
    return {
      refusal: () => {
        const waitS = payer && budgetOf(payer).waitS(nameOf(payer), now());
        if (!payer || !waitS) return null;
        return { kind: payer.kind, msPerSecond: budgetOf(payer).msPerSecond, waitS };
      },
      spend,
      paidBy: (kind, id) => {
        const alreadyMs = spentMs;
        spend(-alreadyMs);
        payer = { kind, id };
        spend(alreadyMs);
        if (knownBy !== null) known.set(knownBy, payer);
      },
    };
  };
}

/** What somebody whose budget is used up reads. */
export function sentenceOf({ kind, msPerSecond }: Refusal): string {
  return `This ${kind} may use ${msPerSecond} ms of CPU time per second here, and has: come back after the time in Retry-After, with fewer or smaller requests.`;
}

/** The credential, or else the link token, that a request shows. */
function secretOf(request: Request): string | null {
  const header = request.headers.get("authorization");
  return header ?? new URL(request.url).searchParams.get("t");
}

function nameOf({ kind, id }: Payer): string {
  return `${kind} ${id}`;
}

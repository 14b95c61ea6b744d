/**
 * Who pays for a request (§2.1.6): the account or the conversation that it was shown to belong to,
 * else its address. A credential or link that was right before is known again before anything is
 * asked of the store, so that a caller with one isn't refused for what strangers at its address do.
 * One that fails its check is forgotten, and so is one that nobody has checked for a while: whoever
 * has an ended one uses up nothing of its owner's.
 */
import { createHmac, randomBytes } from "node:crypto";
import { LRUCache } from "lru-cache";
import { CpuBudget } from "./cpu-budget.ts";
import { addressOf, networkOf, type Reached } from "./reached.ts";

/** Credentials and links that are known again. */
const KNOWN_MAX = 20_000;

/**
 * Requests that a known one pays for without a check: more than a client has under way at once. An
 * edge may check nothing, as the page does.
 */
const UNCHECKED_MAX = 50;

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
  /** What was shown is wrong or has ended: its address pays what it cost, and it is forgotten. */
  readonly paidByAddress: () => void;
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
  const known = new LRUCache<string, Known>({ max: KNOWN_MAX });
  // What is known is kept under no text of a client, and no address in clear.
  const key = randomBytes(32);
  const hashed = (text: string) => createHmac("sha256", key).update(text).digest("base64url");
  const budgetOf = ({ kind }: Payer) => (kind === "address" ? budgets.address : budgets.account);

  return (request, own) => {
    const secret = secretOf(request);
    const knownBy = secret === null ? null : hashed(secret);
    const address = addressOf(request, own, config);
    const stranger: Payer | undefined = LOOPBACK.test(address)
      ? undefined
      : { kind: "address", id: hashed(networkOf(address)) };
    let payer = (knownBy === null ? undefined : recall(known, knownBy)) ?? stranger;
    let spentMs = 0;
    const spend = (ms: number) => {
      spentMs += ms;
      if (payer !== undefined) budgetOf(payer).spend(nameOf(payer), ms, now());
    };
    const moveTo = (next: Payer | undefined) => {
      const alreadyMs = spentMs;
      spend(-alreadyMs);
      payer = next;
      spend(alreadyMs);
    };
    return {
      refusal: () => {
        const waitS = payer && budgetOf(payer).waitS(nameOf(payer), now());
        if (!payer || !waitS) return null;
        return { kind: payer.kind, msPerSecond: budgetOf(payer).msPerSecond, waitS };
      },
      spend,
      paidBy: (kind, id) => {
        const shown = { kind, id };
        moveTo(shown);
        if (knownBy !== null) known.set(knownBy, { payer: shown, unchecked: 0 });
      },
      paidByAddress: () => {
        moveTo(stranger);
        if (knownBy !== null) known.delete(knownBy);
      },
    };
  };
}

type Known = { readonly payer: Payer; unchecked: number };

/** Who paid for the secret of this hash, unless it was used too often since its last check. */
function recall(known: LRUCache<string, Known>, hash: string): Payer | undefined {
  const found = known.get(hash);
  if (found === undefined) return undefined;
  found.unchecked += 1;
  if (found.unchecked <= UNCHECKED_MAX) return found.payer;
  known.delete(hash);
  return undefined;
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

/**
 * Who pays for a request (§2.1.6): the account or the conversation that it was shown to belong to,
 * else its address. A credential or link that was right before is known again before anything is
 * asked of the store, so that a caller with one isn't refused for what strangers at its address do.
 */
import { randomBytes } from "node:crypto";
import { hash, type Peppers } from "@ams/directory";
import { addressOf, type Reached } from "@ams/process";
import { LRUCache } from "lru-cache";
import { CpuBudget } from "./cpu-budget.ts";
import { addressKey } from "./rate-limit.ts";

/** Credentials and links that are known again. */
const KNOWN_MAX = 20_000;

/** The addresses of this machine itself: its edges ask from here for all their callers. */
const LOOPBACK = /^(?:::1|(?:::ffff:)?127\.\d{1,3}\.\d{1,3}\.\d{1,3})$/i;

export type Payer = { readonly kind: "address" | "account" | "conversation"; readonly id: string };

export type MeterOptions = {
  readonly config: Reached & {
    readonly addressCpuMsPerSecond: number;
    readonly accountCpuMsPerSecond: number;
  };
  readonly peppers: Peppers;
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

/** Gives each request its meter. */
export function createMeters(options: MeterOptions) {
  const { config, peppers, now } = options;
  const budgets = {
    address: new CpuBudget(config.addressCpuMsPerSecond),
    account: new CpuBudget(config.accountCpuMsPerSecond),
  };
  const known = new LRUCache<string, Payer>({ max: KNOWN_MAX });
  // What is known is kept under no text of a client.
  const key = randomBytes(32).toString("base64url");
  const budgetOf = ({ kind }: Payer) => (kind === "address" ? budgets.address : budgets.account);

  return (request: Request, own: string): Meter => {
    const secret = secretOf(request);
    const knownBy = secret === null ? null : hash(key, secret);
    let payer = knownBy === null ? undefined : known.get(knownBy);
    payer ??= payerAt(addressOf(request, own, config), peppers);
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

/** The credential, or else the link token, that a request shows. */
function secretOf(request: Request): string | null {
  const header = request.headers.get("authorization");
  return header ?? new URL(request.url).searchParams.get("t");
}

function payerAt(address: string, peppers: Peppers): Payer | undefined {
  return LOOPBACK.test(address) ? undefined : { kind: "address", id: addressKey(peppers, address) };
}

function nameOf({ kind, id }: Payer): string {
  return `${kind} ${id}`;
}

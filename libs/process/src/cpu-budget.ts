/**
 * How much of this process's CPU time one caller may take (§2.1.6). Costs are estimates by what is
 * read and written, not measurements: so a busy machine refuses nobody sooner, and a caller can
 * reckon with them.
 */
import { LRUCache } from "lru-cache";

/**
 * Milliseconds of a request by itself: routing, authentication, and the scripts that it runs in the
 * store.
 */
export const REQUEST_MS = 1;

/** Bytes read or written, and JSON tokens read, in one millisecond. */
const BYTES_PER_MS = 65_536;
const JSON_TOKENS_PER_MS = 8_192;

/** Seconds of the rate that may be used at once after a silence. */
const BURST_S = 4;

/** Callers that are remembered at a time. Who is forgotten begins with a full budget. */
const CALLERS_MAX = 20_000;

/** Milliseconds that reading or writing so much takes. */
export function costMs(bytes: number, jsonTokens = 0): number {
  return bytes / BYTES_PER_MS + jsonTokens / JSON_TOKENS_PER_MS;
}

type Balance = { leftMs: number; atMs: number };

/**
 * One budget for each key, which fills with time. It may fall below zero by one request; the next
 * then waits.
 */
export class CpuBudget {
  /** Milliseconds of CPU time per second, 0 for no limit. */
  readonly msPerSecond: number;
  readonly #balances = new LRUCache<string, Balance>({ max: CALLERS_MAX });

  constructor(msPerSecond: number) {
    this.msPerSecond = msPerSecond;
  }

  /** Whole seconds until this caller may ask again; null for now. */
  waitS(key: string, nowMs: number): number | null {
    if (this.msPerSecond === 0) return null;
    const { leftMs } = this.#balanceOf(key, nowMs);
    return leftMs >= 0 ? null : Math.max(1, Math.ceil(-leftMs / this.msPerSecond));
  }

  /** Takes so much; gives it back when it is negative. */
  spend(key: string, ms: number, nowMs: number): void {
    if (this.msPerSecond !== 0) this.#balanceOf(key, nowMs).leftMs -= ms;
  }

  #balanceOf(key: string, nowMs: number): Balance {
    const fullMs = BURST_S * this.msPerSecond;
    const balance = this.#balances.get(key) ?? { leftMs: fullMs, atMs: nowMs };
    const passedS = Math.max(0, nowMs - balance.atMs) / 1000;
    balance.leftMs = Math.min(fullMs, balance.leftMs + passedS * this.msPerSecond);
    balance.atMs = Math.max(nowMs, balance.atMs);
    this.#balances.set(key, balance);
    return balance;
  }
}

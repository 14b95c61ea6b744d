/**
 * The double-entry ledger (M7.1): balances are a fold of transactions that each sum to zero. Test
 * units: what came from outside is on the other side of `external:credits`.
 */
import { hashTagged, type JsonObject } from "@ams/provenance";
import { reject } from "../errors.ts";
import { ZEROS } from "../fields.ts";
import { POSTINGS_MAX } from "../limits.ts";
import { List, Table, Undo } from "../table.ts";
import { compareBytes } from "./amounts.ts";

export const REASONS = [
  "deposit",
  "hold",
  "release",
  "refund",
  "slash",
  "payout",
  "stake",
  "unstake",
  "withdraw",
  "paid",
  "returned",
  "reversal",
] as const;
export type Reason = (typeof REASONS)[number];

/** `minor` units of `currency`: above zero they come to the account. */
export type Posting = {
  readonly account: string;
  readonly currency: string;
  readonly minor: number;
};

export type Transaction = {
  readonly tx: number;
  readonly at: number;
  readonly reason: Reason;
  readonly ref: string;
  readonly postings: readonly Posting[];
  readonly prev: string;
  readonly hash: string;
};

export type Move = {
  readonly from: string;
  readonly to: string;
  readonly currency: string;
  readonly minor: number;
};

export const TREASURY = "treasury";
export const CREDITS = "external:credits";

export class Ledger {
  readonly #balances: Table<number>;
  readonly #accounts: Table<ReadonlySet<string>>;
  readonly #refs: Table<number>;
  readonly transactions: List<Transaction>;

  constructor(undo: Undo = new Undo()) {
    this.#balances = new Table(undo);
    this.#accounts = new Table(undo);
    this.#refs = new Table(undo);
    this.transactions = new List(undo);
  }

  get head(): string {
    return this.transactions.at(this.transactions.length - 1)?.hash ?? ZEROS;
  }

  balance(account: string, currency: string): number {
    return this.#balances.get(`${currency} ${account}`) ?? 0;
  }

  /** Currencies that the account holds something of, or owes. */
  balances(account: string): Readonly<Record<string, number>> {
    const currencies = [...(this.#accounts.get(account) ?? [])].sort();
    const known = currencies.map((name) => [name, this.balance(account, name)] as const);
    return Object.fromEntries(known.filter(([, minor]) => minor !== 0));
  }

  byRef(ref: string): Transaction | null {
    const tx = this.#refs.get(ref);
    return tx === undefined ? null : (this.transactions.at(tx) ?? null);
  }

  /**
   * The next transaction; the known one where `ref` was used for the same; null where nothing
   * moves. Nothing changes until it is applied. Throws `Refused`.
   */
  plan(reason: Reason, ref: string, moves: readonly Move[], at: number): Transaction | null {
    const postings = postingsOf(moves);
    const known = this.byRef(ref);
    if (known !== null) {
      const isSame = known.reason === reason && samePostings(known.postings, postings);
      return isSame ? known : reject("ledger_conflict");
    }
    if (postings.length === 0) return null;
    this.#checkFunds(postings);
    const body = { tx: this.transactions.length, at, reason, ref, postings, prev: this.head };
    return { ...body, hash: transactionHash(body) };
  }

  #checkFunds(postings: readonly Posting[]): void {
    for (const { account, currency, minor } of postings) {
      const after = this.balance(account, currency) + minor;
      if (after < 0 && !account.startsWith("external:")) reject("insufficient_funds");
      if (!Number.isSafeInteger(after)) reject("invalid_amount");
    }
  }

  /** Of the log. Throws where it is not the next one: then the log is not this ledger's. */
  apply(transaction: Transaction): void {
    const fault = faultOf(transaction, this.transactions.length, this.head);
    if (fault !== null) throw new Error(`transaction ${transaction.tx}: ${fault}`);
    for (const { account, currency, minor } of transaction.postings) {
      const after = this.balance(account, currency) + minor;
      if (after < 0 && !account.startsWith("external:"))
        throw new Error(`transaction ${transaction.tx}: overdraws ${account}`);
      this.#balances.set(`${currency} ${account}`, after);
      const known = this.#accounts.get(account) ?? new Set<string>();
      if (!known.has(currency)) this.#accounts.set(account, new Set([...known, currency]));
    }
    this.#refs.set(transaction.ref, transaction.tx);
    this.transactions.push(transaction);
  }

  /** Reads on from the transactions of another one; false where they are not a ledger's. */
  follow({ transactions }: Ledger): boolean {
    try {
      for (let tx = this.transactions.length; tx < transactions.length; tx += 1) {
        const next = transactions.at(tx);
        if (next !== undefined) this.apply(next);
      }
      return true;
    } catch {
      return false;
    }
  }

  hasBalancesOf(other: Ledger): boolean {
    const differs = ([key, minor]: [string, number]) => (other.#balances.get(key) ?? 0) !== minor;
    return (
      this.#balances.size === other.#balances.size && ![...this.#balances.entries()].some(differs)
    );
  }

  /** Sums of each currency over all accounts, and accounts below zero that may not be. */
  audit(): { readonly sums: Record<string, number>; readonly negative: readonly string[] } {
    const sums: Record<string, number> = {};
    const negative: string[] = [];
    for (const [key, minor] of this.#balances.entries()) {
      const [currency = "", account = ""] = [key.slice(0, 3), key.slice(4)];
      sums[currency] = (sums[currency] ?? 0) + minor;
      if (minor < 0 && !account.startsWith("external:")) negative.push(account);
    }
    return { sums, negative };
  }
}

/** Legs are added up first: two debits of one account must not overdraw it. */
export function postingsOf(moves: readonly Move[]): readonly Posting[] {
  const sums = new Map<string, Posting>();
  const add = (account: string, currency: string, minor: number) => {
    const key = `${currency} ${account}`;
    const before = sums.get(key)?.minor ?? 0;
    sums.set(key, { account, currency, minor: before + minor });
  };
  for (const { from, to, currency, minor } of moves) {
    add(from, currency, -minor);
    add(to, currency, minor);
  }
  const postings = [...sums.values()].filter(({ minor }) => minor !== 0);
  if (postings.length > POSTINGS_MAX) throw new RangeError("too many postings");
  return postings.sort(
    (a, b) => compareBytes(a.account, b.account) || compareBytes(a.currency, b.currency),
  );
}

export function transactionHash(transaction: Omit<Transaction, "hash">): string {
  return hashTagged("ams-mesh", "ledger", transaction);
}

/** What is wrong with a transaction by itself and as the next one; null when nothing is. */
export function faultOf(transaction: Transaction, next: number, prev: string): string | null {
  const { hash, ...body } = transaction;
  const { postings, tx } = body;
  if (tx !== next || body.prev !== prev) return "is not the next one";
  if (transactionHash(body) !== hash) return "has another hash";
  if (postings.length < 2 || postings.length > POSTINGS_MAX) return "has 2 to 64 postings";
  const sums = new Map<string, number>();
  for (const { currency, minor } of postings) sums.set(currency, (sums.get(currency) ?? 0) + minor);
  if ([...sums.values()].some((sum) => sum !== 0)) return "does not sum to zero";
  const keys = postings.map(({ account, currency }) => `${account} ${currency}`);
  return new Set(keys).size === keys.length ? null : "names an account twice";
}

function samePostings(a: readonly Posting[], b: readonly Posting[]): boolean {
  return (
    a.length === b.length &&
    a.every(({ account, currency, minor }, at) => {
      const other = b[at];
      return account === other?.account && currency === other.currency && minor === other.minor;
    })
  );
}

export function transactionJson(transaction: Transaction): JsonObject {
  const { postings, ...rest } = transaction;
  return { ...rest, postings: postings.map((posting) => ({ ...posting })) };
}

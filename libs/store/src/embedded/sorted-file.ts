/**
 * Values that expire and sorted sets in one LMDB file, for steps within one transaction. What a key
 * holds is text; a value past its expiry isn't there, and a sweep removes it.
 */
import type { Outcome } from "../outcome.ts";
import { type File, openFile, type Table } from "./open-file.ts";

type Value = { readonly v: string /** Unix milliseconds; 0 for none. */; readonly x: number };

/** Digits of a score in a key: Unix milliseconds have 13. */
const SCORE_DIGITS = 16;
/** Expired values that one sweep removes: the file serves others in between. */
const SWEEP_MAX = 1_000;
const END = "\uffff";

/** `name` is that of the file in the folder. */
export function openSortedFile(path: string, name: string): Outcome<SortedFile, string> {
  const opened = openFile(path, { name, tablesMax: 4 });
  return opened.ok ? { ok: true, value: new SortedFile(opened.value) } : opened;
}

export class SortedFile {
  readonly #file: File;
  readonly #values: Table<Value>;
  /** By expiry, then key. */
  readonly #expiries: Table<number>;
  readonly #scores: Table<number>;
  /** By set, then score, then member. */
  readonly #members: Table<string>;

  constructor(file: File) {
    this.#file = file;
    this.#values = file.openDB({ name: "values", encoding: "json" });
    this.#expiries = file.openDB({ name: "expiries", encoding: "json" });
    this.#scores = file.openDB({ name: "scores", encoding: "json" });
    this.#members = file.openDB({ name: "members", encoding: "json" });
  }

  /** One step; it is on disk when this returns, and a step that throws changes nothing. */
  step<Result>(action: () => Result): Result {
    return this.#file.transactionSync(action);
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  get(key: string, nowMs: number): string | null {
    const value = this.#values.get(key);
    if (value === undefined || (value.x !== 0 && value.x <= nowMs)) return null;
    return value.v;
  }

  set(key: string, v: string, expiresAtMs = 0): void {
    this.#forgetExpiry(key);
    this.#values.putSync(key, { v, x: expiresAtMs });
    if (expiresAtMs !== 0) this.#expiries.putSync(`${pad(expiresAtMs)}|${key}`, 1);
  }

  /** Changes a value that is there and leaves its expiry. */
  replace(key: string, v: string): void {
    const x = this.#values.get(key)?.x ?? 0;
    this.#values.putSync(key, { v, x });
  }

  delete(key: string): boolean {
    this.#forgetExpiry(key);
    return this.#values.removeSync(key);
  }

  sweep(nowMs: number): void {
    const end = `${pad(nowMs)}|`;
    const due = [...this.#expiries.getKeys({ end, limit: SWEEP_MAX })];
    if (due.length === 0) return;
    this.step(() => {
      for (const entry of due) {
        this.#expiries.removeSync(entry);
        this.#values.removeSync(entry.slice(SCORE_DIGITS + 1));
      }
    });
  }

  add(set: string, member: string, score: number): void {
    this.removeMember(set, member);
    this.#count(set, 1);
    this.#scores.putSync(`${set}|${member}`, score);
    this.#members.putSync(`${set}|${pad(score)}|${member}`, member);
  }

  removeMember(set: string, member: string): boolean {
    const score = this.score(set, member);
    if (score === null) return false;
    this.#scores.removeSync(`${set}|${member}`);
    this.#members.removeSync(`${set}|${pad(score)}|${member}`);
    this.#count(set, -1);
    return true;
  }

  score(set: string, member: string): number | null {
    return this.#scores.get(`${set}|${member}`) ?? null;
  }

  size(set: string): number {
    return this.#scores.get(`${set}||`) ?? 0;
  }

  /** Members whose score is from `from` to `to`, both included, lowest first. */
  range(set: string, from: number, to: number, limit: number): readonly string[] {
    const start = `${set}|${pad(from)}|`;
    const end = `${set}|${pad(to)}|${END}`;
    return [...this.#members.getRange({ start, end, limit })].map(({ value }) => value);
  }

  countFrom(set: string, from: number): number {
    const start = `${set}|${pad(from)}|`;
    return this.#members.getKeysCount({ start, end: `${set}|${END}` });
  }

  highest(set: string, limit: number): readonly string[] {
    const range = { start: `${set}|${END}`, end: `${set}|`, reverse: true, limit };
    return [...this.#members.getRange(range)].map(({ value }) => value);
  }

  #count(set: string, by: number): void {
    this.#scores.putSync(`${set}||`, this.size(set) + by);
  }

  #forgetExpiry(key: string): void {
    const before = this.#values.get(key)?.x ?? 0;
    if (before !== 0) this.#expiries.removeSync(`${pad(before)}|${key}`);
  }
}

function pad(score: number): string {
  return String(Math.max(0, Math.floor(score))).padStart(SCORE_DIGITS, "0");
}

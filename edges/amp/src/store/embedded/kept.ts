/** A queued message in the file, and how it leaves the queue: for use within a step. */
import type { SortedFile } from "@ams/store";

export type Kept = {
  readonly n: number;
  readonly q: number;
  readonly x: number;
  readonly m: string;
  readonly marks: Readonly<Record<string, string>>;
};

/** Expired messages that one step removes. */
export const PURGE_MAX = 100;

export function readKept(file: SortedFile, agent: string, id: string, nowMs: number): Kept | null {
  const text = file.get(`msg:${agent}:${id}`, nowMs);
  return text === null ? null : JSON.parse(text);
}

export function markKept(
  file: SortedFile,
  agent: string,
  id: string,
  field: string,
  value: string,
  nowMs: number,
) {
  const kept = readKept(file, agent, id, nowMs);
  if (kept === null) return null;
  const isFirst = kept.marks[field] === undefined;
  if (isFirst) {
    const marks = { ...kept.marks, [field]: value };
    file.replace(`msg:${agent}:${id}`, JSON.stringify({ ...kept, marks }));
  }
  return { isFirst, meta: kept.m };
}

export function dequeue(file: SortedFile, agent: string, id: string): void {
  file.removeMember(`queue:${agent}`, id);
  file.removeMember(`expiry:${agent}`, id);
  file.delete(`body:${agent}:${id}`);
}

export function purge(file: SortedFile, agent: string, nowMs: number): void {
  for (const id of file.range(`expiry:${agent}`, 0, nowMs, PURGE_MAX)) dequeue(file, agent, id);
}

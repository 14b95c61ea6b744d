/**
 * The conversations that this browser has been in, with their link tokens: for the list on the home
 * page, and so that an address without a token opens again where it was opened before.
 */
import type { Keep } from "./address.ts";

export type Visit = {
  /** The path of the conversation's address, which is what the address bar shows. */
  readonly path: string;
  readonly token: string;
  /** What its maker called it; null for none. */
  readonly title: string | null;
  /** Milliseconds of this machine's clock at the last visit. */
  readonly atMs: number;
  /** Seconds for which the conversation keeps messages; 0, or left out, for none. */
  readonly replayS?: number;
};

/** Conversations that are kept: more than anybody looks through, in a few kilobytes. */
export const VISITS_MAX = 50;

/** Where they are kept, as JSON. */
export const VISITS = "conversations";

/** Newest first; what is no list of visits is none. */
export function readVisits(keep: Keep): readonly Visit[] {
  try {
    const kept: unknown = JSON.parse(keep.get(VISITS) ?? "[]");
    return Array.isArray(kept) ? kept.filter(isVisit).slice(0, VISITS_MAX) : [];
  } catch {
    return [];
  }
}

/** Remembers a visit, in place of an earlier one to the same conversation. */
export function rememberVisit(keep: Keep, visit: Visit): void {
  write(keep, [visit, ...others(keep, visit.path)]);
}

export function forgetVisit(keep: Keep, path: string): void {
  write(keep, others(keep, path));
}

function others(keep: Keep, path: string): readonly Visit[] {
  return readVisits(keep).filter((visit) => visit.path !== path);
}

function write(keep: Keep, visits: readonly Visit[]): void {
  keep.set(VISITS, JSON.stringify(visits.slice(0, VISITS_MAX)));
}

function isVisit(value: unknown): value is Visit {
  if (typeof value !== "object" || value === null) return false;
  if (!("path" in value && "token" in value && "title" in value && "atMs" in value)) return false;
  const { path, token, title, atMs } = value;
  return (
    typeof path === "string" &&
    path.startsWith("/") &&
    typeof token === "string" &&
    (title === null || typeof title === "string") &&
    typeof atMs === "number"
  );
}

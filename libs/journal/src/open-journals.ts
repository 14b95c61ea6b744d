/** The journals that settings name. */
import type { Outcome } from "@ams/store";
import { openEmbeddedJournals } from "./embedded/embedded-journals.ts";
import type { Durability, Journals } from "./journal.ts";
import { openRedisJournals } from "./redis/redis-journals.ts";

/** Exactly one of a URL and a folder. */
export type JournalPlace =
  | {
      readonly kind: "redis";
      readonly url: string;
      readonly durability: Durability;
      readonly prefix?: string;
    }
  | { readonly kind: "embedded"; readonly folder: string; readonly durability: Durability };

const REPLICAS = /^replicas:([1-9]\d?)$/;

/**
 * Null for what is no durability. Redis acknowledges from memory unless configured, a file from
 * disk.
 */
export function parseDurability(text: string | null, isRedis: boolean): Durability | null {
  if (text === null || text === "") return { kind: isRedis ? "memory" : "disk" };
  if (text === "memory" || text === "disk") return { kind: text };
  const [, count] = REPLICAS.exec(text) ?? [];
  if (count === undefined || !isRedis) return null;
  return { kind: "replicas", count: Number(count) };
}

/** Rejects when Redis can't be reached; a fault is one sentence about a setting. */
export async function openJournals(place: JournalPlace): Promise<Outcome<Journals, string>> {
  return place.kind === "redis" ? openRedisJournals(place) : openEmbeddedJournals(place);
}

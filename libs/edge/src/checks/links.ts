/** Whether a magic link admits, and to what, asked of the deployment. */
import { inspect, parseLink } from "@ams/client";
import { LRUCache } from "lru-cache";
import type { CheckedLink, Clock, Links } from "../contract.ts";
import { CHECK_KEPT_MS, CHECKS_KEPT_MAX } from "../limits.ts";
import { hashOf, Remembered } from "../subscriptions/remembered.ts";
import { faultOf } from "./ams-faults.ts";
import { type Failure, failure } from "./faults.ts";

const ASK = "Ask whoever gave it to you for a new link, and put that in its place.";
const EXPIRED = `The conversation of this magic link has expired: nobody can join it. ${ASK}`;
const ENDED = `This magic link worked before, but it was revoked or has expired. ${ASK}`;

/** Longer than any link; a longer text is not looked at. */
const LINK_CHARACTERS_MAX = 2_048;

export function askLinks(url: string, clock: Clock): Links {
  const links = new Remembered<{ readonly link: CheckedLink }>({
    keptMs: CHECK_KEPT_MS,
    max: CHECKS_KEPT_MAX,
    clock,
  });
  const known = new KnownLinks(clock);
  return {
    check: async (given) => {
      const base = url.replace(/(?<!\/)\/+$/, "");
      const magicLink = readdress(given, url);
      if (magicLink === null) return failure("invalid_magic_link");
      return await links.get(magicLink, async () => {
        const key = hashOf(magicLink.slice(base.length));
        try {
          const { expiresAt, ...inspected } = await inspect(magicLink);
          known.add(key, expiresAt);
          const { conversationId, namespace, alias, metadata, streams } = inspected;
          const about = { conversationId, namespace, alias, metadata, streams, key };
          return { ok: true, link: { magicLink, ...about } };
        } catch (error) {
          return known.explain(key, failure(faultOf(error)));
        }
      });
    },
  };
}

/**
 * Links that have admitted in this process, and when their conversations expire. The deployment
 * refuses an expired, a revoked and a wrong token alike (§2.5.1); whoever shows one that was right
 * may be answered more, and nobody else.
 */
class KnownLinks {
  /** By the hash of a link: when its conversation expires, on the clock. */
  readonly #ends = new LRUCache<string, number>({ max: CHECKS_KEPT_MAX });
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(key: string, expiresAt: string | null): void {
    const inMs = expiresAt === null ? Number.POSITIVE_INFINITY : Date.parse(expiresAt) - Date.now();
    this.#ends.set(key, this.#clock.now() + inMs);
  }

  explain(key: string, refused: Failure): Failure {
    const end = this.#ends.get(key);
    if (refused.fault !== "invalid_magic_link" || end === undefined) return refused;
    return { ...refused, message: this.#clock.now() >= end ? EXPIRED : ENDED };
  }
}

/**
 * The link's path and token at the deployment's own address. The given host is never connected to:
 * who gives a link must not choose where this process connects to. `inspect` checks the names.
 */
export function readdress(given: string, url: string): string | null {
  const text = given.trim();
  if (text.length > LINK_CHARACTERS_MAX || !URL.canParse(text)) return null;
  const link = parseLink(text, { lenient: true });
  const token = new URL(text).searchParams.get("t");
  if (link === null || !token) return null;
  const path = `${link.namespace}/conversations/${link.alias}`;
  return `${url.replace(/(?<!\/)\/+$/, "")}/${path}?t=${encodeURIComponent(token)}`;
}

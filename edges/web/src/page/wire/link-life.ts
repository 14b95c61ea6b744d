/**
 * Whether a magic link still admits anybody: asked when it is shown, and again when its person
 * comes back to the page.
 */
import { inspect, type LinkTerms } from "@ams/client";
import { isDeadLink } from "../../dead-link.ts";
import { atBase } from "../model/address.ts";
import { earlierOf } from "../model/link-terms.ts";
import { BASE } from "./base.ts";

/** What is known of a link: its terms while it works. `expiresAt` is the conversation's too. */
export type LinkLife =
  | { readonly isDead: true }
  | { readonly isDead: false; readonly terms: LinkTerms };

const UNLIMITED: LinkTerms = {
  name: null,
  readOnly: false,
  streamName: null,
  expiresAt: null,
  maxJoins: null,
};

/** Until it is known. */
export const UNKNOWN: LinkLife = { isDead: false, terms: UNLIMITED };

/** Milliseconds after its expiry at which a link is looked at again: clocks differ a little. */
const AFTER_EXPIRY_MS = 1_000;
/** Milliseconds of the longest timer of browsers. */
const TIMER_MS_MAX = 2_147_483_647;

/**
 * Null when it can't be known, as nothing answers or not now. Joins that are used up don't show
 * (§2.5.1).
 */
export async function lookAtLink(link: string): Promise<LinkLife | null> {
  try {
    const { expiresAt, link: own } = await inspect(atBase(link, BASE));
    const terms = own ?? UNLIMITED;
    return { isDead: false, terms: { ...terms, expiresAt: earlierOf(terms.expiresAt, expiresAt) } };
  } catch (error) {
    return isDeadLink(error) ? { isDead: true } : null;
  }
}

/**
 * Calls back with what is known of the link: now, when its person comes back to the page, and when
 * it should have expired, until the returned function is called.
 */
export function watchLink(link: string, onKnown: (life: LinkLife) => void): () => void {
  let isWanted = true;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const look = () => {
    if (document.visibilityState !== "visible") return;
    void lookAtLink(link).then((life) => {
      if (!isWanted || life === null) return;
      onKnown(life);
      clearTimeout(timer);
      const expiresAt = life.isDead ? null : life.terms.expiresAt;
      if (expiresAt === null) return;
      const leftMs = Math.max(0, Date.parse(expiresAt) - Date.now()) + AFTER_EXPIRY_MS;
      if (leftMs <= TIMER_MS_MAX) timer = setTimeout(look, leftMs);
    });
  };
  look();
  document.addEventListener("visibilitychange", look);
  return () => {
    isWanted = false;
    clearTimeout(timer);
    document.removeEventListener("visibilitychange", look);
  };
}

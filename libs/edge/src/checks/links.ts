/** Whether a magic link admits, and to what, asked of the deployment. */
import { inspect, parseLink } from "@ams/client";
import type { CheckedLink, Clock, Links } from "../contract.ts";
import { CHECK_KEPT_MS, CHECKS_KEPT_MAX } from "../limits.ts";
import { hashOf, Remembered } from "../subscriptions/remembered.ts";
import { faultOf } from "./ams-faults.ts";
import { failure } from "./faults.ts";

/** Longer than any link; a longer text is not looked at. */
const LINK_CHARACTERS_MAX = 2_048;

export function askLinks(url: string, clock: Clock): Links {
  const links = new Remembered<{ readonly link: CheckedLink }>({
    keptMs: CHECK_KEPT_MS,
    max: CHECKS_KEPT_MAX,
    clock,
  });
  return {
    check: async (given) => {
      const base = url.replace(/(?<!\/)\/+$/, "");
      const magicLink = readdress(given, url);
      if (magicLink === null) return failure("invalid_magic_link");
      return await links.get(magicLink, async () => {
        try {
          const { conversationId, namespace, alias, metadata, streams } = await inspect(magicLink);
          const key = hashOf(magicLink.slice(base.length));
          const about = { conversationId, namespace, alias, metadata, streams, key };
          return { ok: true, link: { magicLink, ...about } };
        } catch (error) {
          return failure(faultOf(error));
        }
      });
    },
  };
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

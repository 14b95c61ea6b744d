/** Links on Redis: how one is kept (redis/scripts/script.ts), and what is read of it. */
import { LINKS_MAX } from "@ams/protocol";
import type { Conversations } from "../directory.ts";
import type { Address, Link, LinkTerms, LinkUse } from "../records.ts";
import { createLink, revokeLink } from "./scripts/links.ts";
import type { Store } from "./store.ts";

/** Revoked links that are announced again to a gateway that was cut off: the latest. */
const REVOKED_REMEMBERED = 256;

/** Parts of a kept link with terms: `~<hash>`, expiry, maximum, JSON. */
const WITH_TERMS = /^~([^ ]+) \d+ \d+ (.*)$/s;

export function redisLinks(store: Store): Pick<Conversations, "createLink" | "revokeLink"> {
  const parts = (address: Address) => {
    const { record, links, uses, channelPrefix } = store.keys.conversation(address);
    return { keys: [record, links, uses], channelPrefix };
  };
  return {
    async createLink(address, hash, terms) {
      const args = [encodeLink(hash, terms), LINKS_MAX, store.now()];
      const number = Number(await store.run(createLink, parts(address).keys, args));
      if (number === 0) return { ok: false, fault: "not_found" };
      if (number < 0) return { ok: false, fault: "link_limit" };
      return { ok: true, value: { number, hash, terms } };
    },

    async revokeLink(address, number) {
      const { keys, channelPrefix } = parts(address);
      const args = [store.publish, channelPrefix, number, REVOKED_REMEMBERED];
      const revoked = await store.run(revokeLink, keys, args);
      return revoked === 1 ? { ok: true, value: null } : { ok: false, fault: "not_found" };
    },
  };
}

function encodeLink(hash: string, terms: LinkTerms): string {
  const { expires_at_ms, max_joins } = terms;
  return `~${hash} ${expires_at_ms ?? 0} ${max_joins ?? 0} ${JSON.stringify(terms)}`;
}

/** Numbers with kept links, and how each was used: the oldest first. */
export function toLinks(numbersAndLinks: readonly string[], used: readonly string[]) {
  const links: { readonly link: Link; readonly use: LinkUse }[] = [];
  for (let index = 0; index < numbersAndLinks.length; index += 2) {
    const number = Number(numbersAndLinks[index]);
    const [uses = 0, lastMs = 0, joins = 0] = (used[index / 2] ?? "").split(" ").map(Number);
    const link = decodeLink(number, numbersAndLinks[index + 1] ?? "", joins);
    links.push({ link, use: { number, uses, used_at_ms: lastMs || null } });
  }
  return links.sort((a, b) => a.link.number - b.link.number);
}

function decodeLink(number: number, kept: string, joins: number): Link {
  const [, hash, json] = WITH_TERMS.exec(kept) ?? [];
  if (hash === undefined || json === undefined) return { number, hash: kept };
  const terms: LinkTerms = JSON.parse(json);
  return { number, hash, terms, ...(terms.max_joins === null ? {} : { joins }) };
}

/** Single links of a conversation in the file, and how far each was used. */
import { LINKS_MAX, type StreamId } from "@ams/protocol";
import type { Conversations } from "../directory.ts";
import { encodeEvent } from "../events.ts";
import { type Address, type Link, whereOf } from "../records.ts";
import { look, type Store, step } from "./store.ts";
import { keyOf, type StoredConversation, type StoredUse, type Tables, under } from "./tables.ts";

const notFound = { ok: false, fault: "not_found" } as const;

export function embeddedLinks(
  store: Store,
): Pick<Conversations, "createLink" | "revokeLink" | "linkUses"> {
  const { tables } = store;
  return {
    createLink: (address, hash, terms) =>
      step(store, () => {
        const stored = tables.conversations.get(keyOf(address));
        if (stored === undefined) return notFound;
        const links =
          stored.links.length < LINKS_MAX ? stored.links : withoutExpired(store, stored);
        if (links.length >= LINKS_MAX) return { ok: false, fault: "link_limit" };
        const link: Link = { number: stored.linksMade + 1, hash, terms };
        const next = { ...stored, links: [...links, link], linksMade: link.number };
        tables.conversations.putSync(keyOf(address), next);
        return { ok: true, value: link };
      }),

    async revokeLink(address, number) {
      const revoke = () => {
        const stored = tables.conversations.get(keyOf(address));
        const links = stored?.links.filter((link) => link.number !== number);
        if (stored === undefined || links?.length === stored.links.length) return null;
        tables.conversations.putSync(keyOf(address), { ...stored, links: links ?? [] });
        tables.uses.removeSync(useKey(address, number));
        return stored.conversation;
      };
      const revoked = await step(store, revoke, (conversation) => {
        if (conversation === null) return;
        const event = encodeEvent({ kind: "link_revoked", links: [number] });
        store.announce(store.channels.conversation(whereOf(conversation)), event);
      });
      return revoked === null ? notFound : { ok: true, value: null };
    },

    linkUses: (address) =>
      look(() => {
        const stored = tables.conversations.get(keyOf(address));
        if (stored === undefined) return null;
        return stored.links.map(({ number }) => {
          const use = tables.uses.get(useKey(address, number));
          return { number, uses: use?.uses ?? 0, used_at_ms: use?.atMs ?? null };
        });
      }),
  };
}

/** The link with how many streams count against its own maximum. */
export function withJoins(tables: Tables, address: Address, link: Link): Link {
  if ((link.terms?.max_joins ?? null) === null) return link;
  return { ...link, joins: idsOf(tables, address, link.number).length };
}

/** Whether the link may admit this stream. */
export function mayJoin(tables: Tables, address: Address, link: Link, id: StreamId): boolean {
  const max = link.terms?.max_joins ?? null;
  if (max === null) return true;
  const ids = idsOf(tables, address, link.number);
  return ids.includes(id) || ids.length < max;
}

/** Counts a connect (`uses` 0: none), and its stream where that is limited. */
export function countUse(
  { tables, now }: Store,
  address: Address,
  link: Link | undefined,
  id: StreamId,
  uses: 0 | 1,
): void {
  if (link === undefined) return;
  const key = useKey(address, link.number);
  const before: StoredUse = tables.uses.get(key) ?? { uses: 0, atMs: 0, ids: [] };
  const isCounted = (link.terms?.max_joins ?? null) === null || before.ids.includes(id);
  if (uses === 0 && isCounted) return;
  tables.uses.putSync(key, {
    uses: before.uses + uses,
    atMs: uses === 0 ? before.atMs : now(),
    ids: isCounted ? before.ids : [...before.ids, id],
  });
}

export function forgetUses(tables: Tables, key: string): void {
  for (const used of [...tables.uses.getKeys(under(key))]) tables.uses.removeSync(used);
}

export function forgetUse(tables: Tables, key: string, number: number): void {
  tables.uses.removeSync(`${key} ${number}`);
}

function withoutExpired({ tables, now }: Store, stored: StoredConversation): readonly Link[] {
  return stored.links.filter(({ number, terms }) => {
    const isExpired = (terms?.expires_at_ms ?? Number.POSITIVE_INFINITY) <= now();
    if (isExpired) forgetUse(tables, keyOf(stored.conversation), number);
    return !isExpired;
  });
}

function idsOf(tables: Tables, address: Address, number: number): readonly StreamId[] {
  return tables.uses.get(useKey(address, number))?.ids ?? [];
}

function useKey(address: Address, number: number): string {
  return `${keyOf(address)} ${number}`;
}

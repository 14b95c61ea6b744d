/**
 * The spaces of a service (a mesh, a workflow conversation): opened by showing a magic link, used
 * by members, kept in a journal of their own.
 */
import type { Account } from "@ams/client";
import { JournalFold, type Journals } from "@ams/journal";
import { LRUCache } from "lru-cache";
import type { CheckedLink } from "../contract.ts";
import {
  type Access,
  type AccessEvent,
  accessEntry,
  accessFold,
  type Layout,
  newAccess,
} from "./access.ts";
import { seal, secretId, spaceSeed, unseal } from "./secrets.ts";

/** Spaces whose access is kept in memory; others are read again. */
const KEPT_MAX = 10_000;

/** Tries of an append that another process came before. */
const ATTEMPTS = 8;

export type SpacesOptions = {
  readonly service: string;
  readonly journals: Journals;
  /** The first is of new spaces, the others of older ones. */
  readonly secrets: readonly string[];
  readonly now: () => number;
};

export type Space = {
  readonly conversationId: string;
  /** Unix milliseconds. */
  readonly openedAt: number;
  readonly access: Access;
  readonly seed: Uint8Array;
  readonly origin: string;
  readonly layout: Layout;
  readonly emitTo: string | null;
  readonly bodyTtlS: number | null;
  readonly namespace: string;
};

export type OpenRequest = {
  readonly link: CheckedLink;
  readonly account: Account;
  readonly layout: Layout;
  readonly emitTo: string | null;
  readonly bodyTtlS?: number | null;
  /** Host of the deployment. */
  readonly host: string;
};

export class Spaces {
  readonly #options: SpacesOptions;
  readonly #kept = new LRUCache<string, { readonly access: Access; readonly fold: JournalFold }>({
    max: KEPT_MAX,
  });

  /** What was derived of an access: keys and the link are asked for with each request. */
  readonly #made = new WeakMap<Access, Space>();
  readonly #unsealed = new WeakMap<
    Access,
    { readonly sealed: string | null; link: string | null }
  >();

  constructor(options: SpacesOptions) {
    this.#options = options;
  }

  /** Null where the space was never opened. Rejects with `StoreUnavailable`. */
  async find(conversationId: string): Promise<Space | null> {
    const { access, fold } = this.#load(conversationId);
    await fold.catchUp();
    return this.#spaceOf(conversationId, access);
  }

  /** The caller becomes a member; the first one opens it. */
  async open(request: OpenRequest): Promise<{ readonly space: Space; readonly isNew: boolean }> {
    const { link, account, layout, emitTo, bodyTtlS = null, host } = request;
    const { conversationId, namespace, alias, magicLink } = link;
    const { service, secrets } = this.#options;
    const secret = secrets[0] ?? "";
    let isNew = false;
    const { access } = await this.#append(conversationId, (known) => {
      const events: AccessEvent[] = [];
      isNew = known.opened === null;
      const under = this.#secretOf(known) ?? secret;
      if (known.opened === null) {
        const origin = `${host}/${service}/${conversationId}`;
        const kept = { layout, emitTo, ...(bodyTtlS === null ? {} : { bodyTtlS }) };
        const own = { namespace, alias, ...kept, secretId: secretId(secret), origin };
        events.push({ event: "opened", ...own });
      }
      if (known.isClosed) events.push({ event: "reopened" });
      const current = this.#linkOf(conversationId, known);
      if (current !== magicLink)
        events.push({ event: "link", sealed: seal(under, service, conversationId, magicLink) });
      if (!known.members.has(account.accountId))
        events.push({ event: "member", account: account.accountId });
      return events;
    });
    const space = this.#spaceOf(conversationId, access);
    if (space === null) throw new Error("a space that was opened is one");
    return { space, isNew };
  }

  async remove(conversationId: string, account: string): Promise<void> {
    await this.#append(conversationId, ({ members }) =>
      members.has(account) ? [{ event: "removed", account }] : [],
    );
  }

  async close(conversationId: string): Promise<void> {
    await this.#append(conversationId, ({ isClosed }) => (isClosed ? [] : [{ event: "closed" }]));
  }

  /** Conversation ids of all spaces, page by page. */
  async *all(): AsyncIterable<string> {
    const prefix = `${this.#options.service}-access:`;
    let cursor: string | null = null;
    do {
      const page = await this.#options.journals.list(prefix, cursor, 1_000);
      for (const name of page.journals) yield name.slice(prefix.length);
      cursor = page.cursor;
    } while (cursor !== null);
  }

  /** The link that was shown last; null when it can't be opened. It is a secret. */
  linkOf({ conversationId, access }: Space): string | null {
    return this.#linkOf(conversationId, access);
  }

  #linkOf(conversationId: string, access: Access): string | null {
    const { sealedLink: sealed } = access;
    const known = this.#unsealed.get(access);
    if (known !== undefined && known.sealed === sealed) return known.link;
    const secret = this.#secretOf(access);
    if (secret === null || sealed === null) return null;
    const link = unseal(secret, this.#options.service, conversationId, sealed);
    this.#unsealed.set(access, { sealed, link });
    return link;
  }

  #secretOf({ opened }: Access): string | null {
    if (opened === null) return null;
    return this.#options.secrets.find((one) => secretId(one) === opened.secretId) ?? null;
  }

  #spaceOf(conversationId: string, access: Access): Space | null {
    const { opened } = access;
    if (opened === null) return null;
    const known = this.#made.get(access);
    if (known !== undefined) return known;
    const secret = this.#secretOf(access);
    if (secret === null) throw new Error("the secret that the space was opened under is missing");
    const { origin, layout, emitTo, bodyTtlS = null, namespace } = opened;
    const seed = spaceSeed(secret, this.#options.service, conversationId);
    const { openedAt } = access;
    const kept = { access, seed, origin, layout, emitTo, bodyTtlS, namespace };
    const space = { conversationId, openedAt, ...kept };
    this.#made.set(access, space);
    return space;
  }

  #load(conversationId: string) {
    const kept = this.#kept.get(conversationId);
    if (kept !== undefined) return kept;
    const access = newAccess();
    const { journals } = this.#options;
    const fold = new JournalFold(journals, this.#journal(conversationId), accessFold(access));
    const loaded = { access, fold };
    this.#kept.set(conversationId, loaded);
    return loaded;
  }

  #journal(conversationId: string): string {
    return `${this.#options.service}-access:${conversationId}`;
  }

  /** Decides on what is known, appends, and decides again where another one came before. */
  async #append(conversationId: string, decide: (access: Access) => readonly AccessEvent[]) {
    const { access, fold } = this.#load(conversationId);
    const { journals, now } = this.#options;
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      await fold.catchUp();
      const events = decide(access);
      if (events.length === 0) return { access };
      const { head } = fold.known;
      const entries = events.map((event) => accessEntry(event));
      const journal = this.#journal(conversationId);
      const appended = await journals.append(journal, head, entries, now(), fold.known);
      await fold.catchUp();
      if (appended.ok) return { access };
      if (appended.fault !== "conflict") throw new SpaceFault(appended.fault);
    }
    throw new SpaceFault("busy");
  }
}

/** The store did not take a change of access. */
export class SpaceFault extends Error {
  override readonly name = "SpaceFault";
}

/** Inboxes: a conversation on the wire for each agent that needs one, of its tenant's account. */
import { randomBytes } from "node:crypto";
import { type Account, AmsError, createAccount, openAccount } from "@ams/client";
import type { Amp } from "../amp.ts";
import type { AgentRef } from "../store/store.ts";

export type Inbox = {
  readonly conversationId: string;
  readonly link: string;
  /** What notifications are signed with: the link alone makes none. */
  readonly secret: string;
  readonly credential: string;
};

type KeptInbox = {
  readonly conversationId: string;
  /** Sealed, both. */
  readonly link: string;
  readonly secret: string;
};

type KeptAccount = { readonly credential: string };

type Parts = Pick<Amp, "config" | "store" | "secrets"> & { readonly url: () => string };

const NAMESPACE_CHARACTERS_MAX = 63;

export class Inboxes {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** The inbox that was made; null where none was. */
  async find(agent: AgentRef): Promise<Inbox | null> {
    const { store } = this.#parts;
    const [text, account] = await Promise.all([
      store.read(agent.tenant, keyOf(agent)),
      this.#credentialOf(agent.tenant),
    ]);
    return text === null || account === null ? null : this.#open(text, account);
  }

  /** Makes it where there is none. Rejects while the wire is away. */
  async open(agent: AgentRef): Promise<Inbox> {
    const found = await this.find(agent);
    if (found !== null) return found;
    const account = await this.#accountOf(agent.tenant);
    const minted = await account.mint({ alias: agent.id, metadata: {} }).then(
      ({ conversationId, magicLink }) => ({ conversationId, magicLink }),
      (error: unknown) => this.#again(account, agent, error),
    );
    const secret = randomBytes(32).toString("base64url");
    const { secrets, store } = this.#parts;
    const kept: KeptInbox = {
      conversationId: minted.conversationId,
      link: secrets.seal(minted.magicLink),
      secret: secrets.seal(secret),
    };
    const had = await store.claim(agent.tenant, keyOf(agent), JSON.stringify(kept), null);
    const other = had === null ? null : this.#open(had, account.credential);
    const { conversationId, magicLink: link } = minted;
    return other ?? { conversationId, link, secret, credential: account.credential };
  }

  /** A new link; the old one ends. */
  async renew(agent: AgentRef): Promise<Inbox> {
    const inbox = await this.open(agent);
    const account = await this.#accountOf(agent.tenant);
    const link = await account.newLink(agent.id, { keepConnected: false });
    const { secrets, store } = this.#parts;
    const { conversationId, secret } = inbox;
    const kept: KeptInbox = {
      conversationId,
      link: secrets.seal(link),
      secret: secrets.seal(secret),
    };
    await store.write(agent.tenant, keyOf(agent), JSON.stringify(kept), null);
    return { ...inbox, link };
  }

  async forget(agent: AgentRef): Promise<void> {
    await this.#parts.store.remove(agent.tenant, keyOf(agent));
    const account = await this.#accountOf(agent.tenant);
    await account.close(agent.id);
  }

  /** Another process made it, or died while it did. */
  async #again(account: Account, agent: AgentRef, error: unknown) {
    if (!(error instanceof AmsError) || error.code !== "alias_taken") throw error;
    const found = await this.find(agent);
    if (found !== null) return { conversationId: found.conversationId, magicLink: found.link };
    const magicLink = await account.newLink(agent.id, { keepConnected: true });
    const { conversationId } = await account.inspect(agent.id);
    return { conversationId, magicLink };
  }

  #open(text: string, credential: string): Inbox | null {
    const kept: KeptInbox = JSON.parse(text);
    const link = this.#parts.secrets.open(kept.link);
    const secret = this.#parts.secrets.open(kept.secret);
    if (link === null || secret === null) return null;
    return { conversationId: kept.conversationId, link, secret, credential };
  }

  async #credentialOf(tenant: string): Promise<string | null> {
    const { config, store, secrets } = this.#parts;
    if (config.AMS_AMP_CREDENTIAL !== null) return config.AMS_AMP_CREDENTIAL;
    const text = await store.read(tenant, `account:${tenant}`);
    if (text === null) return null;
    const { credential }: KeptAccount = JSON.parse(text);
    return secrets.open(credential);
  }

  async #accountOf(tenant: string): Promise<Account> {
    const { store, secrets, url } = this.#parts;
    const credential = await this.#credentialOf(tenant);
    if (credential !== null) return openAccount(url(), { credential });
    const account = await this.#createAccount(tenant);
    const kept = JSON.stringify({ credential: secrets.seal(account.credential) });
    const had = await store.claim(tenant, `account:${tenant}`, kept, null);
    if (had === null) return account;
    const { credential: sealed }: KeptAccount = JSON.parse(had);
    return openAccount(url(), { credential: secrets.open(sealed) ?? "" });
  }

  async #createAccount(tenant: string): Promise<Account> {
    const url = this.#parts.url();
    const namespace = `amp-${tenant}`;
    const other = `${namespace.slice(0, NAMESPACE_CHARACTERS_MAX - 5)}-${randomBytes(2).toString("hex")}`;
    if (namespace.length > NAMESPACE_CHARACTERS_MAX)
      return createAccount(url, { namespace: other });
    try {
      return await createAccount(url, { namespace });
    } catch (error) {
      if (!(error instanceof AmsError) || error.code !== "namespace_taken") throw error;
      return createAccount(url, { namespace: other });
    }
  }
}

function keyOf({ id }: AgentRef): string {
  return `inbox:${id}`;
}

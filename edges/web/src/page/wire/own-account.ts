/**
 * The account that this browser keeps for its person: made when one is needed, never shown to a
 * peer.
 */
import { type Account, AmsError, createAccount, type Minted, openAccount } from "@ams/client";
import { signal } from "@preact/signals";
import { metadataOf, type Purpose } from "../model/instructions.ts";
import { newNamespace } from "../model/names.ts";
import { browser, onOtherTabsWrite } from "../model/storage.ts";

export type OwnAccount = { readonly namespace: string; readonly credential: string };

/** What somebody wants to mint. */
export type Wish = {
  readonly purpose: Purpose;
  /** Whoever joins later can read what was written before, for a while. */
  readonly keepsMessages: boolean;
};

/** What a conversation keeps for those who join later: an hour, and a long conversation's text. */
const REPLAY = { ttlS: 3_600, maxBytes: 1_048_576 };

const KEPT_AS = "account";

/**
 * Tries at a namespace that nobody has: with 6 random characters the first one nearly always is.
 */
const TRIES_MAX = 3;

/** The account of this browser; null while it has none. */
export const ownAccount = signal<OwnAccount | null>(read(browser.get(KEPT_AS)));

// One account for all tabs: one that is made or forgotten in another tab is so in this one.
onOtherTabsWrite(KEPT_AS, () => {
  ownAccount.value = read(browser.get(KEPT_AS));
});

/**
 * The account at the deployment. Makes one where there is none, or where the kept one no longer
 * exists. Rejects with AmsError.
 */
export async function openOwnAccount(origin: string, invite: string | null): Promise<Account> {
  const kept = ownAccount.value;
  if (kept !== null) {
    try {
      return await openAccount(origin, { credential: kept.credential });
    } catch (error) {
      if (!(error instanceof AmsError) || error.code !== "invalid_credential") throw error;
      forgetOwnAccount(); // The deployment has been set up anew, or the account was deleted.
    }
  }
  return keep(await make(origin, invite));
}

/**
 * The account of a conversation's owner, which this browser keeps; never a new one. Rejects with
 * AmsError.
 */
export function openOwnersAccount(origin: string): Promise<Account> {
  const kept = ownAccount.value;
  if (kept !== null) return openAccount(origin, { credential: kept.credential });
  const error = new AmsError("invalid_credential", "This browser no longer keeps an account.");
  return Promise.reject(error);
}

/** Takes an account that its person has from elsewhere. Rejects with AmsError. */
export async function useCredential(origin: string, credential: string): Promise<Account> {
  return keep(await openAccount(origin, { credential: credential.trim() }));
}

export function forgetOwnAccount(): void {
  ownAccount.value = null;
  browser.set(KEPT_AS, "");
}

/** Mints with what peers will find of its purpose, and with replay where that is wished. */
export function mintWith(account: Account, { purpose, keepsMessages }: Wish): Promise<Minted> {
  const metadata = metadataOf(purpose);
  return account.mint(keepsMessages ? { metadata, replay: REPLAY } : { metadata });
}

/** True when this browser's account owns the conversation, which the namespace shows. */
export function isOwner(namespace: string): boolean {
  return ownAccount.value?.namespace === namespace;
}

async function make(origin: string, invite: string | null): Promise<Account> {
  for (let left = TRIES_MAX; ; left -= 1) {
    try {
      const wish = { namespace: newNamespace() };
      return await createAccount(origin, invite === null ? wish : { ...wish, invite });
    } catch (error) {
      const isTaken = error instanceof AmsError && error.code === "namespace_taken";
      if (!isTaken || left <= 1) throw error;
    }
  }
}

function keep(account: Account): Account {
  const { namespace, credential } = account;
  ownAccount.value = { namespace, credential };
  browser.set(KEPT_AS, JSON.stringify({ namespace, credential }));
  return account;
}

function read(text: string | null): OwnAccount | null {
  try {
    const kept: unknown = JSON.parse(text ?? "null");
    if (typeof kept !== "object" || kept === null) return null;
    if (!("namespace" in kept && "credential" in kept)) return null;
    const { namespace, credential } = kept;
    if (typeof namespace !== "string" || typeof credential !== "string") return null;
    return { namespace, credential };
  } catch {
    return null;
  }
}

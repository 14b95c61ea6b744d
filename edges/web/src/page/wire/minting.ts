/**
 * Minting on the home page: with the account that this browser keeps, or one that it makes for
 * that.
 */
import { AmsError } from "@ams/client";
import { effect, signal } from "@preact/signals";
import { sentenceOf } from "../model/faults.ts";
import { session } from "../model/storage.ts";
import { BASE } from "./base.ts";
import { lookAtLink } from "./link-life.ts";
import { askOffer, offersReplay } from "./offering.ts";
import { mintWith, openOwnAccount, useCredential, type Wish } from "./own-account.ts";
import { Subscriber } from "./subscriber.ts";

export type Minting =
  | { readonly kind: "ready" }
  | { readonly kind: "busy" }
  /** Creating an account here needs an invite code, or is not possible: then a credential. */
  | {
      readonly kind: "restricted";
      readonly wants: "invite" | "credential";
      readonly fault: string | null;
    }
  | { readonly kind: "failed"; readonly fault: string };

export type Key = { readonly kind: "invite" | "credential"; readonly text: string };

const LINK = "home link";

/** True when the conversation that this tab came back to has ended. */
export const hasEnded = signal(false);

export const minting = signal<Minting>({ kind: "ready" });
/** Who this page is in the conversation that it minted; null before. */
export const minted = signal<Subscriber | null>(null);

// The link may be replaced later: what is kept for a reload is the one that works.
effect(() => {
  const link = minted.value?.link.value;
  if (link !== undefined) session.set(LINK, link);
});

/** Makes a conversation and joins it, with a key where the deployment asks for one. */
export async function mint(wish: Wish, key: Key | null): Promise<void> {
  minting.value = { kind: "busy" };
  try {
    const account =
      key?.kind === "credential"
        ? await useCredential(BASE, key.text)
        : await openOwnAccount(BASE, key?.text.trim() || null);
    await askOffer();
    const keepsMessages = wish.keepsMessages && offersReplay.value;
    const { magicLink } = await mintWith(account, { ...wish, keepsMessages });
    attach(magicLink);
    minting.value = { kind: "ready" };
  } catch (error) {
    minting.value = refusalOf(error, key);
  }
}

/** Comes back to what this tab has minted before it was loaded again, or says that it has ended. */
export async function resume(): Promise<void> {
  const link = session.get(LINK);
  if (link === null || link === "") return;
  if ((await lookAtLink(link))?.isDead === true) hasEnded.value = true;
  else attach(link);
}

/** Leaves it for another one. */
export function startAnew(): void {
  minted.value?.leave();
  minted.value = null;
  hasEnded.value = false;
  session.set(LINK, "");
}

function attach(magicLink: string): void {
  minted.value?.leave();
  const subscriber = new Subscriber(magicLink);
  minted.value = subscriber;
  void subscriber.enter();
}

function refusalOf(error: unknown, key: Key | null): Minting {
  const code = error instanceof AmsError ? error.code : null;
  if (code === "invalid_invite") {
    const fault = key === null ? null : "That is not one of this deployment's invite codes.";
    return { kind: "restricted", wants: "invite", fault };
  }
  const isRefused = key?.kind === "credential" && code === "invalid_credential";
  if (code === "signup_closed" || isRefused) {
    const fault = isRefused ? "That is not the credential of an account here." : null;
    return { kind: "restricted", wants: "credential", fault };
  }
  return { kind: "failed", fault: sentenceOf(error) };
}

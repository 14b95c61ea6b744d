/**
 * Whether a magic link still admits anybody: asked when it is shown, and again when its person
 * comes back to the page.
 */
import { inspect } from "@ams/client";
import { isDeadLink } from "../../dead-link.ts";
import { atBase } from "../model/address.ts";
import { BASE } from "./base.ts";

/**
 * Null when it can't be known, as nothing answers or not now. Joins that are used up don't show
 * (§2.5.1).
 */
export async function isDead(link: string): Promise<boolean | null> {
  try {
    await inspect(atBase(link, BASE));
    return false;
  } catch (error) {
    return isDeadLink(error) ? true : null;
  }
}

/**
 * Calls back with whether the link is dead, as often as that is known, until the returned function
 * is called.
 */
export function watchLink(link: string, onKnown: (isDead: boolean) => void): () => void {
  let isWanted = true;
  const look = () => {
    if (document.visibilityState !== "visible") return;
    void isDead(link).then((known) => {
      if (isWanted && known !== null) onKnown(known);
    });
  };
  look();
  document.addEventListener("visibilitychange", look);
  return () => {
    isWanted = false;
    document.removeEventListener("visibilitychange", look);
  };
}

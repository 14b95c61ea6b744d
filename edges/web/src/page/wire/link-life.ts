/**
 * Whether a magic link still lets anybody in: asked when it is shown, and again when its person
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
 * Tells how it is with the link, as often as that is learned, until the returned function is
 * called.
 */
export function watchLink(link: string, tell: (isDead: boolean) => void): () => void {
  let isWanted = true;
  const look = () => {
    if (document.visibilityState !== "visible") return;
    void isDead(link).then((known) => {
      if (isWanted && known !== null) tell(known);
    });
  };
  look();
  document.addEventListener("visibilitychange", look);
  return () => {
    isWanted = false;
    document.removeEventListener("visibilitychange", look);
  };
}

/** What the deployment offers beyond the basics, asked once, when the form that mints is shown. */
import { offer } from "@ams/client";
import { signal } from "@preact/signals";
import { BASE } from "./base.ts";

/** True where conversations can keep messages for those who join later; false until it is known. */
export const offersReplay = signal(false);

let asked: Promise<void> | null = null;

/** Resolves when it is known, or can't be; never rejects. */
export function askOffer(): Promise<void> {
  asked ??= offer(BASE).then(
    ({ features }) => {
      offersReplay.value = features.includes("replay");
    },
    () => {
      asked = null; // It is asked again when it is needed.
    },
  );
  return asked;
}

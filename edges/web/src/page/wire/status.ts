/**
 * Whether the deployment answers: asked now and then, and when a connection breaks or stands again.
 */
import { health } from "@ams/client";
import { signal } from "@preact/signals";
import { BASE } from "./base.ts";

/** Milliseconds between two looks: they are for people, and each is a request. */
const LOOK_MS = 10_000;
/** Milliseconds after which a look counts as no answer. */
const ANSWER_MS = 5_000;

export type Status =
  | { readonly kind: "asking" | "down" }
  | { readonly kind: "up"; readonly host: string };

export const status = signal<Status>({ kind: "asking" });

/** Looks once; never rejects. */
export function lookAtDeployment(): void {
  health(BASE, { timeoutMs: ANSWER_MS }).then(
    ({ host }) => {
      status.value = { kind: "up", host };
    },
    () => {
      status.value = { kind: "down" };
    },
  );
}

/** Looks now and again until the returned function is called. */
export function watchDeployment(): () => void {
  lookAtDeployment();
  const timer = setInterval(lookAtDeployment, LOOK_MS);
  return () => clearInterval(timer);
}

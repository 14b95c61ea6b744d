/** The secrets of webhooks, which sign: so they are sealed and not hashed (§2.15.2). */
import { randomBytes } from "node:crypto";
import { createSealer, Outgoing, type Sealer } from "@ams/process";
import type { ControlConfig } from "../config.ts";

/** For this use alone; whoever sends webhooks opens them. */
export const SECRETS_USE = "ams webhook secrets 1";

/** Bytes of a secret, as Standard Webhooks advises. */
const SECRET_BYTES = 32;

/** Milliseconds for which a replaced secret signs too. */
export const OLD_SECRET_MS = 86_400_000;

/** Null where the deployment offers no webhooks. */
export function sealerOf({ eventSecrets: [first, ...others] }: ControlConfig): Sealer | null {
  return first === undefined ? null : createSealer([first, ...others], SECRETS_USE);
}

export function newSecret(): string {
  return `whsec_${randomBytes(SECRET_BYTES).toString("base64")}`;
}

/** Why this target is never called, in words; null when it may be. */
export function targetFault({ eventTargets }: ControlConfig, url: string): string | null {
  return new Outgoing(eventTargets).faultOf(url);
}

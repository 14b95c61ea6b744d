/** What travels on the wire: small, and nothing of a message but its id. */
import { createHmac } from "node:crypto";
import { isSameText } from "@ams/amp";
import { parseObject } from "../delivery/peers.ts";

export type Notification =
  | { readonly amp: "ring"; readonly id: string; readonly n: number }
  | { readonly amp: "written"; readonly id: string }
  | { readonly amp: "receipt"; readonly kind: string; readonly id: string }
  | { readonly amp: "ended"; readonly why: string };

const MAC_CHARACTERS = 32;

export function writeNotification(secret: string, notification: Notification): string {
  return JSON.stringify({ ...notification, mac: macOf(secret, Object.values(notification)) });
}

/** Null for a token that nobody with the secret made. */
export function readNotification(secret: string, token: string): Notification | null {
  const { mac, ...members } = parseObject(token) ?? {};
  const notification = parse(members);
  if (notification === null || typeof mac !== "string") return null;
  return isSameText(macOf(secret, Object.values(notification)), mac) ? notification : null;
}

function parse({ amp, id, n, kind, why }: Readonly<Record<string, unknown>>): Notification | null {
  switch (amp) {
    case "ring":
      return typeof id === "string" && typeof n === "number" ? { amp, id, n } : null;
    case "written":
      return typeof id === "string" ? { amp, id } : null;
    case "receipt":
      return typeof kind === "string" && typeof id === "string" ? { amp, kind, id } : null;
    case "ended":
      return typeof why === "string" ? { amp, why } : null;
    default:
      return null;
  }
}

function macOf(secret: string, values: readonly (string | number)[]): string {
  const mac = createHmac("sha256", secret).update(values.join("|"));
  return mac.digest("hex").slice(0, MAC_CHARACTERS);
}

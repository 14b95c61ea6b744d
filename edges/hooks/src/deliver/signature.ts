/** Signatures of Standard Webhooks 1.0: `v1,<base64>` for each secret, with spaces between. */
import { createHmac } from "node:crypto";

/** `secrets` are `whsec_<base64>`; `timestampS` is in Unix seconds. */
export function signatureOf(
  secrets: readonly string[],
  id: string,
  timestampS: number,
  body: string,
): string {
  return secrets
    .map((secret) => {
      const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
      const mac = createHmac("sha256", key).update(`${id}.${timestampS}.${body}`);
      return `v1,${mac.digest("base64")}`;
    })
    .join(" ");
}

/**
 * What is derived from AMS_AMP_SECRET: hashes of keys, sealed values, user keys, download urls. The
 * first secret writes, all are tried when something is read.
 */
import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from "node:crypto";
import { isSameText } from "@ams/amp";

const IV_BYTES = 12;
const TAG_BYTES = 16;
const API_KEY = /^amp_(?:live|test)_sk_[0-9a-f]{64}$/;

export type UserKey = { readonly owner: string; readonly generation: number };

export class Secrets {
  readonly #secrets: readonly [string, ...string[]];

  constructor(secrets: readonly string[]) {
    const [first, ...others] = secrets;
    if (first === undefined) throw new Error("AMS_AMP_SECRET is needed");
    this.#secrets = [first, ...others];
  }

  makeApiKey(environment: "live" | "test"): { readonly key: string; readonly hash: string } {
    const key = `amp_${environment}_sk_${randomBytes(32).toString("hex")}`;
    return { key, hash: hmac(this.#secrets[0], `api-key|${key}`, "base64url") };
  }

  /** Under each secret; none for what can't be an API key. */
  hashesOf(apiKey: string): readonly string[] {
    if (!API_KEY.test(apiKey)) return [];
    return this.#secrets.map((secret) => hmac(secret, `api-key|${apiKey}`, "base64url"));
  }

  userKeyOf({ owner, generation }: UserKey): string {
    const mac = userKeyMac(this.#secrets[0], owner, generation);
    return `uk_${Buffer.from(`${owner}.${generation}.${mac}`).toString("base64url")}`;
  }

  /** Whose key it is; null for one that nobody of ours made. */
  readUserKey(text: string): UserKey | null {
    const [owner = "", generation = "", mac = "", ...others] = text.startsWith("uk_")
      ? Buffer.from(text.slice(3), "base64url").toString().split(".")
      : [];
    if (others.length > 0 || !/^\d{1,9}$/.test(generation)) return null;
    const isOurs = this.#secrets.some((secret) =>
      isSameText(userKeyMac(secret, owner, Number(generation)), mac),
    );
    return isOurs ? { owner, generation: Number(generation) } : null;
  }

  /** A text that nobody else can make, the same each time. */
  macOf(text: string): string {
    return hmac(this.#secrets[0], text, "base64url");
  }

  isMac(text: string, mac: string): boolean {
    return this.#secrets.some((secret) => isSameText(hmac(secret, text, "base64url"), mac));
  }

  seal(text: string): string {
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv("aes-256-gcm", sealingKey(this.#secrets[0]), iv);
    const sealed = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
    return Buffer.concat([iv, cipher.getAuthTag(), sealed]).toString("base64url");
  }

  /** Null when none of the secrets opens it. */
  open(sealed: string): string | null {
    const bytes = Buffer.from(sealed, "base64url");
    for (const secret of this.#secrets) {
      try {
        const cipher = createDecipheriv(
          "aes-256-gcm",
          sealingKey(secret),
          bytes.subarray(0, IV_BYTES),
        );
        cipher.setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
        const rest = bytes.subarray(IV_BYTES + TAG_BYTES);
        return Buffer.concat([cipher.update(rest), cipher.final()]).toString("utf8");
      } catch {
        // Another secret sealed it, or nobody's.
      }
    }
    return null;
  }
}

function sealingKey(secret: string): Buffer {
  return Buffer.from(hkdfSync("sha256", secret, "", "amp-seal", 32));
}

function userKeyMac(secret: string, owner: string, generation: number): string {
  return hmac(secret, `user-key|${owner}|${generation}`, "base64url");
}

function hmac(secret: string, text: string, encoding: "hex" | "base64url"): string {
  return createHmac("sha256", secret).update(text).digest(encoding);
}

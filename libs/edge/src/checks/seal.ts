/**
 * What the processes of a deployment give to callers and read again, whichever of them it comes to:
 * handles and session ids. Sealed with a secret that they share, so that nobody else makes one.
 */
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  randomBytes,
  timingSafeEqual,
} from "node:crypto";

/** What a handle says: which subscription, whose it is, and for an account how to get there. */
export type HandleParts = {
  readonly conversationId: string;
  readonly streamName: string;
  /** A hash of whose it is: see `ownerOf`. */
  readonly owner: string;
  /** Random, so that a later subscription of the same name has another handle. */
  readonly nonce: string;
  /** `<namespace>/conversations/<alias>?t=<token>`; null where each call brings its link. */
  readonly link: string | null;
};

export interface Seal {
  handle(parts: HandleParts): string;
  /** Null for a text that no process with this secret made. */
  readHandle(text: string): HandleParts | null;
  /** Proves that `text` came from here, for this use. */
  sign(use: string, text: string): string;
  isSigned(use: string, text: string, signature: string): boolean;
}

const VERSION = "h1_";
const IV_BYTES = 12;
const TAG_BYTES = 16;
const SIGNATURE_CHARACTERS = 22; // 128 bits.
const NONCE_BYTES = 6;
const OWNER_CHARACTERS = 11; // 64 bits: compared only where the seal is right.
/** Characters of the longest handle: names of 63 characters, a token, and the seal. */
const HANDLE_CHARACTERS_MAX = 640;
const PARTS = 5;

/** With the operator's secret, or with one of this process that ends with it. */
export function createSeal(secret: string | null): Seal {
  const root = secret ?? randomBytes(32).toString("base64url");
  const key = createHmac("sha256", root).update("ams mcp handles v1").digest();
  const signing = createHmac("sha256", root).update("ams mcp signatures v1").digest();
  const sign = (use: string, text: string) =>
    createHmac("sha256", signing)
      .update(`${use}\n${text}`)
      .digest("base64url")
      .slice(0, SIGNATURE_CHARACTERS);
  return {
    handle: (parts) => `${VERSION}${encrypt(key, textOf(parts))}`,
    readHandle: (text) => {
      if (!text.startsWith(VERSION) || text.length > HANDLE_CHARACTERS_MAX) return null;
      const opened = decrypt(key, text.slice(VERSION.length));
      return opened === null ? null : partsOf(opened);
    },
    sign,
    isSigned: (use, text, signature) => {
      const [given, right] = [Buffer.from(signature), Buffer.from(sign(use, text))];
      return given.length === right.length && timingSafeEqual(given, right);
    },
  };
}

/** Whose a subscription is, as handles say it. */
export function ownerTag(owner: string): string {
  return createHash("sha256").update(owner).digest("base64url").slice(0, OWNER_CHARACTERS);
}

export function newNonce(): string {
  return randomBytes(NONCE_BYTES).toString("base64url");
}

/** The same for the same text, which nobody guesses. */
export function nonceOf(text: string): string {
  return createHash("sha256").update(text).digest("base64url").slice(0, 8);
}

function textOf({ conversationId, streamName, owner, nonce, link }: HandleParts): string {
  return [conversationId, streamName, owner, nonce, link ?? ""].join("\n");
}

function partsOf(text: string): HandleParts | null {
  const parts = text.split("\n");
  if (parts.length !== PARTS) return null;
  const [conversationId = "", streamName = "", owner = "", nonce = "", link = ""] = parts;
  return { conversationId, streamName, owner, nonce, link: link === "" ? null : link };
}

function encrypt(key: Buffer, text: string): string {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv("aes-256-gcm", key, iv);
  const sealed = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
  return Buffer.concat([iv, cipher.getAuthTag(), sealed]).toString("base64url");
}

function decrypt(key: Buffer, text: string): string | null {
  const bytes = Buffer.from(text, "base64url");
  // Only the text that was given, not another that reads as the same bytes.
  const isGiven = bytes.toString("base64url") === text;
  if (!isGiven || bytes.length <= IV_BYTES + TAG_BYTES) return null;
  const iv = bytes.subarray(0, IV_BYTES);
  const decipher = createDecipheriv("aes-256-gcm", key, iv, { authTagLength: TAG_BYTES });
  decipher.setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
  try {
    const text = decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES), undefined, "utf8");
    return text + decipher.final("utf8");
  } catch {
    return null; // Forged, or of another secret.
  }
}

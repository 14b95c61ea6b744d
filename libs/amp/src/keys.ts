/** Public keys of agents and providers: SPKI in PEM, their fingerprints and DIDs. */
import { createHash, createPublicKey, type KeyObject } from "node:crypto";
import { PEM_CHARACTERS_MAX } from "./limits.ts";

export const ALGORITHMS = ["Ed25519", "RSA", "ECDSA"] as const;
export type Algorithm = (typeof ALGORITHMS)[number];

export type PublicKey = {
  readonly algorithm: Algorithm;
  /** With LF and a final LF, whatever was given. */
  readonly pem: string;
  /** The 32 bytes of an Ed25519 key; null for the others. */
  readonly raw: Buffer | null;
  readonly fingerprint: string;
  readonly key: KeyObject;
};

const RSA_BITS_MIN = 2_048;
const RSA_BITS_MAX = 8_192;
/** Bytes before the raw key in an Ed25519 SPKI. */
const ED25519_PREFIX = Buffer.from("302a300506032b6570032100", "hex");
const PEM = /^-----BEGIN PUBLIC KEY-----\n([A-Za-z0-9+/=\n]+)\n-----END PUBLIC KEY-----\n?$/;

/** Points of small order: a signature by one of them says nothing. */
const SMALL_ORDER: ReadonlySet<string> = new Set([
  "0100000000000000000000000000000000000000000000000000000000000000",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "0000000000000000000000000000000000000000000000000000000000000080",
  "0000000000000000000000000000000000000000000000000000000000000000",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
]);

export function isAlgorithm(value: unknown): value is Algorithm {
  return ALGORITHMS.some((one) => one === value);
}

/** Keys that were parsed lately: an agent signs many messages with one. */
const PARSED_MAX = 4_096;
const parsed = new Map<string, PublicKey>();

/** A key in PEM, with LF or CRLF, with or without a final newline; null when it is none of ours. */
export function parsePublicKey(pem: string): PublicKey | null {
  const known = parsed.get(pem);
  if (known !== undefined) return known;
  const key = parsePem(pem);
  if (key === null) return null;
  if (parsed.size >= PARSED_MAX) parsed.clear();
  parsed.set(pem, key);
  return key;
}

function parsePem(pem: string): PublicKey | null {
  if (pem.length > PEM_CHARACTERS_MAX) return null;
  const text = pem.replaceAll("\r\n", "\n");
  if (!PEM.test(text)) return null;
  return open(() => createPublicKey({ key: text, format: "pem", type: "spki" }));
}

/** An Ed25519 key from its 32 bytes in hex. */
export function publicKeyOfHex(hex: string): PublicKey | null {
  if (!/^[0-9a-fA-F]{64}$/.test(hex)) return null;
  const der = Buffer.concat([ED25519_PREFIX, Buffer.from(hex, "hex")]);
  return open(() => createPublicKey({ key: der, format: "der", type: "spki" }));
}

/** PEM, or the raw bytes in hex as some send them. */
export function parseAnyKey(text: string): PublicKey | null {
  return publicKeyOfHex(text) ?? parsePublicKey(text);
}

export function publicKeyOf(key: KeyObject): PublicKey | null {
  return describe(createPublicKey(key));
}

/** Whether a peer's fingerprint names this key: some hash the raw bytes, some the SPKI. */
export function isFingerprintOf(fingerprint: string, { key, raw }: PublicKey): boolean {
  const der = key.export({ type: "spki", format: "der" });
  return [raw, der].some((bytes) => bytes !== null && fingerprintOf(bytes) === fingerprint);
}

/** `did:key` of an Ed25519 key; null for the others. */
export function didOf({ raw }: PublicKey): string | null {
  return raw === null
    ? null
    : `did:key:z${base58(Buffer.concat([Buffer.from([0xed, 0x01]), raw]))}`;
}

function open(parse: () => KeyObject): PublicKey | null {
  try {
    return describe(parse());
  } catch {
    return null;
  }
}

function describe(key: KeyObject): PublicKey | null {
  const algorithm = algorithmOf(key);
  if (algorithm === null) return null;
  const der = key.export({ type: "spki", format: "der" });
  const raw = algorithm === "Ed25519" ? der.subarray(ED25519_PREFIX.length) : null;
  if (raw !== null && SMALL_ORDER.has(raw.toString("hex"))) return null;
  const pem = key.export({ type: "spki", format: "pem" }).toString();
  return { algorithm, pem, raw, fingerprint: fingerprintOf(raw ?? der), key };
}

function algorithmOf(key: KeyObject): Algorithm | null {
  const { modulusLength = 0, namedCurve } = key.asymmetricKeyDetails ?? {};
  switch (key.asymmetricKeyType) {
    case "ed25519":
      return "Ed25519";
    case "rsa":
      return modulusLength >= RSA_BITS_MIN && modulusLength <= RSA_BITS_MAX ? "RSA" : null;
    case "ec":
      return namedCurve === "prime256v1" ? "ECDSA" : null;
    default:
      return null;
  }
}

function fingerprintOf(bytes: Buffer): string {
  return `SHA256:${createHash("sha256").update(bytes).digest("base64")}`;
}

const BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

function base58(bytes: Buffer): string {
  let left = BigInt(`0x${bytes.toString("hex")}`);
  let text = "";
  for (; left > 0n; left /= 58n) text = `${BASE58[Number(left % 58n)]}${text}`;
  return text;
}

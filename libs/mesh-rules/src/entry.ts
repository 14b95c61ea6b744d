/** Entries of a mesh's log (M1.3): what each kind holds, and the leaf that it is. */
import {
  canonicalBytes,
  concat,
  fromHex,
  hashTagged,
  isJsonObject,
  type Json,
  type JsonObject,
  leafHash,
  parseStrict,
  utf8,
} from "@ams/provenance";

export const ENTRY_KINDS = ["env", "reg", "card", "pol", "dec", "led"] as const;
export type EntryKind = (typeof ENTRY_KINDS)[number];

/** Bytes of one entry: that of the journal. */
const ENTRY_BYTES_MAX = 1_048_576;

export type NewEntry = { readonly kind: EntryKind; readonly value: JsonObject };

export function encodeEntry({ value }: NewEntry): Uint8Array {
  return canonicalBytes(value);
}

/** Throws for what is none: the log was written by another program. */
export function decodeEntry(kind: string, bytes: Uint8Array): NewEntry {
  const known = ENTRY_KINDS.find((one) => one === kind);
  const parsed = parseStrict(bytes, { bytes: ENTRY_BYTES_MAX });
  if (known === undefined || !parsed.ok || !isJsonObject(parsed.value))
    throw new Error("not an entry of a mesh");
  return { kind: known, value: parsed.value };
}

/** Digests of kinds that have none of their own. */
export function entryDigest(kind: EntryKind, value: Json): string {
  return hashTagged("ams-mesh", `entry-${kind}`, value);
}

export function leafData(kind: EntryKind, digest: string): Uint8Array {
  return concat(utf8(kind), Uint8Array.of(0), fromHex(digest, 32) ?? new Uint8Array());
}

export function leafOf(kind: EntryKind, digest: string): Uint8Array {
  return leafHash(leafData(kind, digest));
}

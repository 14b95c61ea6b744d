/** Looks at the bytes of an attachment before anybody can fetch them. */
import { createHash } from "node:crypto";
import { flagsOf } from "@ams/amp";

/** Types that are never taken, by the last part of their name. */
const BLOCKED_TYPES: ReadonlySet<string> = new Set(
  [
    "x-executable x-msdos-program x-msdownload x-dosexec vnd.microsoft.portable-executable",
    "x-mach-o-executable x-mach-binary x-sh x-shellscript x-csh x-bat x-msi x-ms-installer",
    "x-perl x-python x-python-code x-elf x-sharedlib x-object hta java-archive x-java-archive",
    "java-vm x-java-class x-java-vm vnd.debian.binary-package x-debian-package x-deb x-rpm",
    "x-redhat-package-manager vnd.apple.installer+xml x-apple-diskimage x-newton-compatible-pkg",
  ].flatMap((line) => line.split(" ")),
);

const MACH_O = ["feedface", "feedfacf", "cefaedfe", "cffaedfe", "cafebabe"];

type Magic = { readonly primary: string; readonly subtype?: string; readonly hex: string };

/** Magic bytes and the primary type that they mean. */
const KNOWN: readonly Magic[] = [
  { primary: "image", hex: "89504e470d0a1a0a" },
  { primary: "image", hex: "ffd8ff" },
  { primary: "image", hex: "47494638" },
  { primary: "application", hex: "25504446" },
  { primary: "application", hex: "504b0304" },
  { primary: "application", hex: "1f8b" },
  { primary: "audio", hex: "494433" },
  { primary: "audio", hex: "664c6143" },
];

/** Bytes of text that are searched for hints of injection. */
const TEXT_BYTES_MAX = 524_288;

export function isBlockedType(contentType: string): boolean {
  const subtype = contentType.toLowerCase().split(";")[0]?.trim().split("/")[1] ?? "";
  return BLOCKED_TYPES.has(subtype);
}

export type Scan = {
  readonly status: "basic_clean" | "suspicious" | "rejected";
  readonly digestVerified: boolean;
  readonly flags: readonly string[];
};

export function scan(
  bytes: Buffer,
  declared: { readonly size: number; readonly digest: string; readonly content_type: string },
): Scan {
  const digest = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
  const digestVerified = digest === declared.digest && bytes.length === declared.size;
  const { content_type } = declared;
  const isBad = !digestVerified || isBlockedType(content_type) || isProgram(bytes);
  if (isBad || !isAsDeclared(bytes, content_type)) {
    return { status: "rejected", digestVerified, flags: [] };
  }
  const text = isText(content_type) ? bytes.subarray(0, TEXT_BYTES_MAX).toString("utf8") : "";
  const flags = flagsOf([text]).categories;
  return { status: flags.length > 0 ? "suspicious" : "basic_clean", digestVerified, flags };
}

function isProgram(bytes: Buffer): boolean {
  const begins = (hex: string) => bytes.subarray(0, hex.length / 2).toString("hex") === hex;
  if (begins("7f454c46") || begins("4d5a") || MACH_O.some(begins)) return true;
  if (begins("2321") || begins("efbbbf2321")) return true; // #!
  if (begins("edabeedb") || begins("d0cf11e0a1b11ae1")) return true; // rpm; msi and its kin
  if (begins("213c617263683e0a64656269616e")) return true; // deb
  if (begins("78617221")) return true; // xar: an Apple installer
  const head = bytes.subarray(0, 4_096).toString("latin1");
  if (/<hta:application/i.test(head)) return true;
  return begins("504b0304") && bytes.subarray(0, 65_536).includes("META-INF/MANIFEST.MF");
}

/** Magic bytes of another primary type than the declared one mean that one of the two is wrong. */
function isAsDeclared(bytes: Buffer, contentType: string): boolean {
  if (bytes.length === 0 || contentType.startsWith("application/octet-stream")) return true;
  const primary = contentType.toLowerCase().split("/")[0] ?? "";
  const found = KNOWN.find(({ hex }) => bytes.subarray(0, hex.length / 2).toString("hex") === hex);
  if (found !== undefined) return found.primary === primary;
  if (primary !== "image" && primary !== "audio") return true;
  // Newer formats have no magic bytes that are listed here; text is none of them.
  return /svg/.test(contentType) || bytes.subarray(0, 512).includes(0);
}

function isText(contentType: string): boolean {
  return /^(?:text\/|application\/(?:json|xml|yaml|javascript)|image\/svg)/i.test(contentType);
}

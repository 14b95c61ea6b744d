import { expect, test } from "vitest";
import { concat, fromHex, toHex, utf8 } from "./bytes.ts";
import { readPublicKey } from "./keys.ts";
import {
  checkpointText,
  isSignedBy,
  noteKeyId,
  noteVerifierKey,
  readCheckpoint,
  signatureLine,
  writeCheckpoint,
} from "./note.ts";
import { signerFromSeed } from "./sign.ts";
import {
  entryBundle,
  parseTilePath,
  TILE_WIDTH,
  tileBytes,
  tilePath,
  tileWidthAt,
} from "./tiles.ts";
import { leafHash } from "./tree.ts";
import { TreeHashes } from "./tree-hashes.ts";

const S = signerFromSeed(new Uint8Array(32).fill(0x22));
const ROOT =
  fromHex("d19b19b8f5b7bbb22367997fca8e6318ce19a37496a6af0bf6127f15e4206b1e") ?? new Uint8Array();
const CHECKPOINT = { origin: "mesh.example/log/acme", size: 1, root: ROOT };
const NOTE = `mesh.example/log/acme
1
0ZsZuPW3u7IjZ5l/yo5jGM4Zo3SWpq8L9hJ/FeQgax4=

— mesh.example/log/acme lVSBByrUCZAVuJIpmnOYrZ5FDl+8Oqafe8r5F3tO0bQAz0gcrBn+1qNOQdohO9z3mMOTcuvTHsTD7eDT32n1NFNowgc=
`;

function keyOf(publicKey: Uint8Array) {
  const read = readPublicKey(publicKey);
  if (!read.ok) throw new Error(read.fault);
  return read.key;
}

test("P4.7 the vector, written and read", () => {
  const signature = S.signNow(utf8(checkpointText(CHECKPOINT)));
  expect(writeCheckpoint(CHECKPOINT, S.publicKey, signature)).toBe(NOTE);
  const read = readCheckpoint(NOTE);
  expect(read).toMatchObject(CHECKPOINT);
  expect(read !== null && isSignedBy(read, CHECKPOINT.origin, keyOf(S.publicKey))).toBe(true);
  expect(noteVerifierKey("a.example/x", S.publicKey)).toMatch(
    /^a\.example\/x\+[0-9a-f]{8}\+AaCapfRr?/,
  );
});

test("P4.3 a line of an unknown key is ignored, a wrong one of a known key is not", () => {
  const other = signerFromSeed(new Uint8Array(32).fill(5));
  const witness = signatureLine({
    name: "witness.example",
    keyId: noteKeyId("witness.example", other.publicKey),
    signature: new Uint8Array(72),
  });
  const withWitness = readCheckpoint(NOTE + witness);
  if (withWitness === null) throw new Error("not read");
  expect(isSignedBy(withWitness, CHECKPOINT.origin, keyOf(S.publicKey))).toBe(true);
  expect(isSignedBy(withWitness, CHECKPOINT.origin, keyOf(other.publicKey))).toBe(false);
  const forged = readCheckpoint(NOTE.replace("\n1\n", "\n2\n"));
  expect(forged !== null && isSignedBy(forged, CHECKPOINT.origin, keyOf(S.publicKey))).toBe(false);
});

test.each([
  "",
  "a\n1\n",
  NOTE.slice(0, -1),
  NOTE.replace("\n1\n", "\n01\n"),
  NOTE.replace("\n1\n", "\n-1\n"),
  NOTE.replace("ax4=", "ax5="),
  NOTE.replace("— ", "- "),
  NOTE.replace("— mesh", "—  mesh"),
  `${NOTE}—\n`,
  NOTE + "x".repeat(70_000),
])("P4.3 what is no checkpoint is not read (%#)", (note) => {
  expect(readCheckpoint(note)).toBeNull();
});

test("P4.4 paths of tiles, in one spelling each", () => {
  for (const [tile, path] of [
    [{ level: 0, index: 0, width: 5 }, "tile/0/000.p/5"],
    [{ level: 0, index: 1_067, width: 256 }, "tile/0/x001/067"],
    [{ level: 1, index: 1_234_067, width: 9 }, "tile/1/x001/x234/067.p/9"],
    [{ level: "entries", index: 7, width: 256 }, "tile/entries/007"],
  ] as const) {
    expect(tilePath(tile)).toBe(path);
    expect(parseTilePath(path)).toEqual(tile);
  }
  for (const path of [
    "tile/0/0",
    "tile/0/x000/001",
    "tile/0/000.p/0",
    "tile/0/000.p/256",
    "tile/0/000.p/05",
    "tile/64/000",
    "tile/00/000",
    "tile/0/001/002",
    "tile/x/000",
    "tile/0/000/",
    "tile/0/../000",
  ])
    expect(parseTilePath(path), path).toBeNull();
});

test("P4.4 the hashes of a tile, partial, full and of the level above", () => {
  const hashes = new TreeHashes();
  const leaves = Array.from({ length: 600 }, (_, at) => utf8(`leaf ${at}`));
  for (const leaf of leaves) hashes.append(leafHash(leaf));
  const five = tileBytes(hashes, { level: 0, index: 0, width: 5 });
  expect(five?.length).toBe(160);
  expect(toHex(five ?? ROOT)).toBe(toHex(concat(...leaves.slice(0, 5).map(leafHash))));
  expect(tileBytes(hashes, { level: 0, index: 2, width: 88 })?.length).toBe(88 * 32);
  expect(tileBytes(hashes, { level: 0, index: 2, width: 89 })).toBeNull();
  const above = tileBytes(hashes, { level: 1, index: 0, width: 2 });
  const first = new TreeHashes();
  for (const leaf of leaves.slice(0, TILE_WIDTH)) first.append(leafHash(leaf));
  expect(toHex(above?.subarray(0, 32) ?? ROOT)).toBe(toHex(first.root()));
  expect(tileWidthAt({ level: 1, index: 0 }, 600)).toBe(2);
  expect(tileWidthAt({ level: "entries", index: 2 }, 600)).toBe(88);
  expect(toHex(entryBundle([utf8("ab"), utf8("")]))).toBe("000261620000");
});

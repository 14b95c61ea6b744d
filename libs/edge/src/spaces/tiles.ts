/** Tiles of a space's log (P4.4): hashes of a level, or what its leaves are made of. */
import {
  entryBundle,
  parseTilePath,
  TILE_WIDTH,
  type TreeHashes,
  tileBytes,
  tileWidthAt,
} from "@ams/provenance";
import { answerBytes } from "./answers.ts";

/** `leaves` gives the data of the leaves from the first to before the last; null: no such tile. */
export function answerTile(
  tree: TreeHashes,
  path: string,
  leaves: (from: number, to: number) => readonly Uint8Array[],
): Response | null {
  const tile = parseTilePath(path);
  if (tile === null) return null;
  const isFull = tile.width === TILE_WIDTH;
  const caching = isFull ? { "cache-control": "public, max-age=31536000, immutable" } : {};
  const answer = (bytes: Uint8Array) => answerBytes(bytes, "application/octet-stream", caching);
  if (tile.level !== "entries") {
    const bytes = tileBytes(tree, tile);
    return bytes === null ? null : answer(bytes);
  }
  if (tileWidthAt(tile, tree.size) < tile.width) return null;
  const from = tile.index * TILE_WIDTH;
  return answer(entryBundle(leaves(from, from + tile.width)));
}

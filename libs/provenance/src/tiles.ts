/** Tiles (C2SP tlog-tiles): a log as files of 256 hashes that never change once they are full. */
import { concat, u16 } from "./bytes.ts";
import type { TreeHashes } from "./tree-hashes.ts";

export const TILE_WIDTH = 256;

/** A tile of level l holds hashes of level 8·l of the tree. */
const LEVELS_A_TILE = 8;
const LEVEL_MAX = 6;

export type Tile = {
  /** `entries` are the leaves themselves. */
  readonly level: number | "entries";
  readonly index: number;
  /** 256 for a full one. */
  readonly width: number;
};

const GROUPS = /^(?:x\d{3}\/){0,4}\d{3}$/;
const TILE = /^tile\/([0-9]|[1-5]\d|6[0-3]|entries)\/([x0-9/]{3,40})(?:\.p\/([1-9]\d{0,2}))?$/;

/** `tile/0/x001/067.p/5`. */
export function tilePath({ level, index, width }: Tile): string {
  const groups: string[] = [];
  let rest = index;
  do {
    groups.unshift(String(rest % 1_000).padStart(3, "0"));
    rest = Math.floor(rest / 1_000);
  } while (rest > 0);
  const last = groups.pop() ?? "";
  const path = [...groups.map((group) => `x${group}`), last].join("/");
  return `tile/${level}/${path}${width === TILE_WIDTH ? "" : `.p/${width}`}`;
}

/** Null for what is no path of a tile, and for a second spelling of one. */
export function parseTilePath(path: string): Tile | null {
  const [, level = "", groups = "", partial] = TILE.exec(path) ?? [];
  if (level === "" || !GROUPS.test(groups)) return null;
  const index = Number(groups.replaceAll("x", "").replaceAll("/", ""));
  const width = partial === undefined ? TILE_WIDTH : Number(partial);
  if (width > TILE_WIDTH || (partial !== undefined && width === TILE_WIDTH)) return null;
  const tile = { level: level === "entries" ? ("entries" as const) : Number(level), index, width };
  return tilePath(tile) === path ? tile : null;
}

/** How many hashes, or leaves, of the tile a log of `size` leaves has. */
export function tileWidthAt({ level, index }: Omit<Tile, "width">, size: number): number {
  const span = level === "entries" ? 1 : 2 ** (LEVELS_A_TILE * level);
  if (level !== "entries" && level > LEVEL_MAX) return 0;
  const count = Math.floor(size / span) - index * TILE_WIDTH;
  return Math.max(0, Math.min(TILE_WIDTH, count));
}

/** The hashes of a tile; null when the log doesn't have as many yet. */
export function tileBytes(hashes: TreeHashes, tile: Tile): Uint8Array | null {
  const { level, index, width } = tile;
  if (level === "entries" || tileWidthAt(tile, hashes.size) < width) return null;
  const parts = Array.from({ length: width }, (_, at) =>
    hashes.at(LEVELS_A_TILE * level, index * TILE_WIDTH + at),
  );
  return concat(...parts);
}

/** An entry bundle: each leaf with its length before it. */
export function entryBundle(leaves: readonly Uint8Array[]): Uint8Array {
  return concat(...leaves.flatMap((leaf) => [u16(leaf.length), leaf]));
}

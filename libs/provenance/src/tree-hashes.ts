/**
 * Every hash of a tree, level by level, dense: 64 bytes a leaf. From it come the root at any
 * earlier size, proofs and tiles.
 */
import { emptyRoot, nodeHash } from "./tree.ts";

const HASH_BYTES = 32;

/** Hashes for which a level makes space at first; doubled when it is full. */
const LEVEL_HASHES_FIRST = 16;

export class TreeHashes {
  readonly #levels: Level[] = [];

  get size(): number {
    return this.#levels[0]?.count ?? 0;
  }

  append(leaf: Uint8Array): void {
    let hash = leaf;
    for (let level = 0; ; level += 1) {
      const hashes = this.#level(level);
      hashes.push(hash);
      if (hashes.count % 2 === 1) return;
      hash = nodeHash(hashes.at(hashes.count - 2), hash);
    }
  }

  /** The root of the full subtree of 2^level leaves from `index` · 2^level on. */
  at(level: number, index: number): Uint8Array {
    const hashes = this.#levels[level];
    if (hashes === undefined || index >= hashes.count) throw new RangeError("no such hash");
    return hashes.at(index);
  }

  /** The root of the leaves from `start` to `end`; `start` is a multiple of a power of 2 ≥ it. */
  rootOf(start: number, end: number): Uint8Array {
    if (end === start) return emptyRoot();
    let right: Uint8Array | null = null;
    // The full subtrees from the right: the lowest binary one of what is left is the next.
    for (let rest = end; rest > start; ) {
      const level = lowestOne(rest - start);
      rest -= 2 ** level;
      const left = this.at(level, rest / 2 ** level);
      right = right === null ? left : nodeHash(left, right);
    }
    return right ?? emptyRoot();
  }

  root(size = this.size): Uint8Array {
    return this.rootOf(0, size);
  }

  #level(level: number): Level {
    const known = this.#levels[level];
    if (known !== undefined) return known;
    const added = new Level();
    this.#levels[level] = added;
    return added;
  }
}

class Level {
  count = 0;
  #bytes = new Uint8Array(LEVEL_HASHES_FIRST * HASH_BYTES);

  push(hash: Uint8Array): void {
    const from = this.count * HASH_BYTES;
    if (from === this.#bytes.length) {
      const larger = new Uint8Array(2 * from);
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    this.#bytes.set(hash, from);
    this.count += 1;
  }

  at(index: number): Uint8Array {
    return this.#bytes.slice(index * HASH_BYTES, (index + 1) * HASH_BYTES);
  }
}

function lowestOne(value: number): number {
  let level = 0;
  for (let rest = value; rest % 2 === 0; rest /= 2) level += 1;
  return level;
}

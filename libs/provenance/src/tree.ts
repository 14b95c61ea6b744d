/** The Merkle tree of RFC 9162, grown leaf by leaf. */
import { sha256 } from "#crypto";

const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);

export function leafHash(data: Uint8Array): Uint8Array {
  return sha256(LEAF, data);
}

export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  return sha256(NODE, left, right);
}

export function emptyRoot(): Uint8Array {
  return sha256();
}

/**
 * The roots of the full subtrees of a tree, largest first: one for each binary one of its size. It
 * is all that is needed to append and to know the root.
 */
export class Frontier {
  #size: number;
  readonly #roots: Uint8Array[];

  constructor(size = 0, roots: readonly Uint8Array[] = []) {
    if (!Number.isSafeInteger(size) || size < 0) throw new RangeError("not a size of a tree");
    if (roots.length !== onesOf(size)) throw new RangeError("as many roots as binary ones");
    this.#size = size;
    this.#roots = [...roots];
  }

  get size(): number {
    return this.#size;
  }

  get roots(): readonly Uint8Array[] {
    return this.#roots;
  }

  append(leaf: Uint8Array): void {
    let hash = leaf;
    // Division, since a shift is of 32 bits.
    for (let size = this.#size; size % 2 === 1; size = (size - 1) / 2) {
      const left = this.#roots.pop();
      if (left === undefined) throw new Error("as many roots as binary ones");
      hash = nodeHash(left, hash);
    }
    this.#roots.push(hash);
    this.#size += 1;
  }

  root(): Uint8Array {
    const last = this.#roots.at(-1);
    if (last === undefined) return emptyRoot();
    return this.#roots.slice(0, -1).reduceRight((right, left) => nodeHash(left, right), last);
  }

  copy(): Frontier {
    return new Frontier(this.#size, this.#roots);
  }
}

function onesOf(size: number): number {
  let ones = 0;
  for (let rest = size; rest > 0; rest = Math.floor(rest / 2)) ones += rest % 2;
  return ones;
}

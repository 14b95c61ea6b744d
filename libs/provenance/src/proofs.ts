/** Proofs of RFC 9162: made from all hashes of a tree, checked from the proof alone. */
import { equalBytes } from "./bytes.ts";
import { nodeHash } from "./tree.ts";
import type { TreeHashes } from "./tree-hashes.ts";

/** Hashes of one proof: two for each level of the largest tree. */
const PROOF_HASHES_MAX = 128;

/** That leaf `index` is in the tree of `size` leaves. */
export function inclusionProof(
  hashes: TreeHashes,
  index: number,
  size: number,
): readonly Uint8Array[] {
  checkRange(index, size - 1);
  checkRange(size, hashes.size);
  const proof: Uint8Array[] = [];
  let [start, end] = [0, size];
  while (end - start > 1) {
    const middle = start + split(end - start);
    if (index < middle) {
      proof.push(hashes.rootOf(middle, end));
      end = middle;
    } else {
      proof.push(hashes.rootOf(start, middle));
      start = middle;
    }
  }
  return proof.reverse();
}

/** That the tree of `from` leaves begins the tree of `to` leaves. */
export function consistencyProof(
  hashes: TreeHashes,
  from: number,
  to: number,
): readonly Uint8Array[] {
  checkRange(from, to);
  checkRange(to, hashes.size);
  if (from === 0 || from === to) return [];
  const proof: Uint8Array[] = [];
  let [start, end] = [0, to];
  while (end !== from) {
    const middle = start + split(end - start);
    if (from <= middle) {
      proof.push(hashes.rootOf(middle, end));
      end = middle;
    } else {
      proof.push(hashes.rootOf(start, middle));
      start = middle;
    }
  }
  // What is left is a full subtree of both trees; at the very beginning its root is known.
  if (start > 0) proof.push(hashes.rootOf(start, end));
  return proof.reverse();
}

/** RFC 9162, 2.1.3.2. */
export function verifyInclusion(
  index: number,
  size: number,
  leaf: Uint8Array,
  root: Uint8Array,
  proof: readonly Uint8Array[],
): boolean {
  if (!isIndex(index) || !isIndex(size) || index >= size) return false;
  if (!areHashes([leaf, root, ...proof.slice(0, PROOF_HASHES_MAX + 1)])) return false;
  let [fn, sn] = [index, size - 1];
  let hash = leaf;
  for (const step of proof) {
    if (sn === 0) return false;
    if (fn % 2 === 1 || fn === sn) {
      hash = nodeHash(step, hash);
      while (fn % 2 === 0 && fn !== 0) [fn, sn] = [half(fn), half(sn)];
    } else hash = nodeHash(hash, step);
    [fn, sn] = [half(fn), half(sn)];
  }
  return sn === 0 && equalBytes(hash, root);
}

/** RFC 9162, 2.1.4.2. Everything is consistent with nothing, and a tree with itself. */
export function verifyConsistency(
  from: number,
  to: number,
  rootFrom: Uint8Array,
  rootTo: Uint8Array,
  proof: readonly Uint8Array[],
): boolean {
  if (!isIndex(from) || !isIndex(to) || from > to) return false;
  if (!areHashes([rootFrom, rootTo, ...proof.slice(0, PROOF_HASHES_MAX + 1)])) return false;
  if (from === to) return proof.length === 0 && equalBytes(rootFrom, rootTo);
  if (from === 0) return proof.length === 0;
  const path = isPowerOfTwo(from) ? [rootFrom, ...proof] : proof;
  const [first, ...rest] = path;
  if (first === undefined || proof.length === 0) return false;
  let [fn, sn] = [from - 1, to - 1];
  while (fn % 2 === 1) [fn, sn] = [half(fn), half(sn)];
  let [fr, sr] = [first, first];
  for (const step of rest) {
    if (sn === 0) return false;
    if (fn % 2 === 1 || fn === sn) {
      [fr, sr] = [nodeHash(step, fr), nodeHash(step, sr)];
      while (fn % 2 === 0 && fn !== 0) [fn, sn] = [half(fn), half(sn)];
    } else sr = nodeHash(sr, step);
    [fn, sn] = [half(fn), half(sn)];
  }
  return sn === 0 && equalBytes(fr, rootFrom) && equalBytes(sr, rootTo);
}

/** The largest power of two below `width`, which is at least 2. */
function split(width: number): number {
  let power = 1;
  while (2 * power < width) power *= 2;
  return power;
}

function half(value: number): number {
  return Math.floor(value / 2);
}

function isPowerOfTwo(value: number): boolean {
  let rest = value;
  while (rest % 2 === 0) rest /= 2;
  return rest === 1;
}

function isIndex(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

function areHashes(hashes: readonly Uint8Array[]): boolean {
  return hashes.length <= PROOF_HASHES_MAX + 2 && hashes.every(({ length }) => length === 32);
}

function checkRange(value: number, max: number): void {
  if (!isIndex(value) || value > max) throw new RangeError("not within the tree");
}

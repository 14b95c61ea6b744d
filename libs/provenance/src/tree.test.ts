import fc from "fast-check";
import { expect, test } from "vitest";
import { fromHex, toHex } from "./bytes.ts";
import { consistencyProof, inclusionProof, verifyConsistency, verifyInclusion } from "./proofs.ts";
import { emptyRoot, Frontier, leafHash, nodeHash } from "./tree.ts";
import { TreeHashes } from "./tree-hashes.ts";

const RUNS = { numRuns: Number(process.env.AMS_PROPERTY_RUNS ?? 100), seed: 4 };
const bytes = (hex: string) => fromHex(hex) ?? new Uint8Array();
const LEAVES = [
  "",
  "00",
  "10",
  "2021",
  "3031",
  "40414243",
  "5051525354555657",
  "606162636465666768696a6b6c6d6e6f",
].map((hex) => leafHash(bytes(hex)));
const ROOTS = [
  "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
  "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
  "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
  "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
  "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
  "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
  "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
  "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];
const CONSISTENCY_3_7 = [
  "0298d122906dcfc10892cb53a73992fc5b9f493ea4c9badb27b791b4127a7fe7",
  "07506a85fd9dd2f120eb694f86011e5bb4662e5c415a62917033d4a9624487e7",
  "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
  "837dbb152e9b079010717e84e865da4ebc0fa198a806d59d31bf15accef22d0e",
];

function treeOf(leaves: readonly Uint8Array[]): TreeHashes {
  const hashes = new TreeHashes();
  for (const leaf of leaves) hashes.append(leaf);
  return hashes;
}

/** The definition of RFC 9162, by recursion. */
function rootByDefinition(leaves: readonly Uint8Array[]): Uint8Array {
  const [first, second] = leaves;
  if (first === undefined) return emptyRoot();
  if (second === undefined) return first;
  let split = 1;
  while (2 * split < leaves.length) split *= 2;
  return nodeHash(rootByDefinition(leaves.slice(0, split)), rootByDefinition(leaves.slice(split)));
}

const leaf = (n: number) => leafHash(Uint8Array.of(n >> 8, n & 255));
const leavesOf = (count: number) => Array.from({ length: count }, (_, at) => leaf(at));

test("P4.6 the roots of 1 to 8 leaves", () => {
  const frontier = new Frontier();
  const hashes = new TreeHashes();
  for (const [index, one] of LEAVES.entries()) {
    frontier.append(one);
    hashes.append(one);
    expect(toHex(frontier.root())).toBe(ROOTS[index]);
    expect(toHex(hashes.root())).toBe(ROOTS[index]);
  }
  expect(toHex(new Frontier().root())).toBe(toHex(emptyRoot()));
});

test("P4.6 the proofs of the vectors", () => {
  const hashes = treeOf(LEAVES);
  expect(consistencyProof(hashes, 3, 7).map(toHex)).toEqual(CONSISTENCY_3_7);
  expect(inclusionProof(hashes, 2, 7).map(toHex)).toEqual(CONSISTENCY_3_7.slice(1));
  const [root3, root7] = [ROOTS[2] ?? "", ROOTS[6] ?? ""].map(bytes);
  const proof = CONSISTENCY_3_7.map(bytes);
  const none = new Uint8Array();
  expect(verifyConsistency(3, 7, root3 ?? none, root7 ?? none, proof)).toBe(true);
  expect(verifyInclusion(2, 7, LEAVES[2] ?? none, root7 ?? none, proof.slice(1))).toBe(true);
});

test("P4.1 the root is that of the definition, at each size, from either form", () => {
  const leaves = leavesOf(140);
  const hashes = treeOf(leaves);
  const frontier = new Frontier();
  for (let size = 0; size <= leaves.length; size += 1) {
    const root = toHex(rootByDefinition(leaves.slice(0, size)));
    expect(toHex(hashes.root(size))).toBe(root);
    expect(toHex(frontier.root())).toBe(root);
    expect(frontier.roots.length).toBe(size.toString(2).replaceAll("0", "").length);
    frontier.append(leaf(size));
  }
});

test("P4.1 a frontier beyond 2^31 leaves goes on", () => {
  const size = 2 ** 40 + 2 ** 33 + 1;
  const frontier = new Frontier(size, [leaf(1), leaf(2), leaf(3)]);
  frontier.append(leaf(4));
  expect(frontier.size).toBe(size + 1);
  expect(frontier.roots.length).toBe(3);
  expect(() => new Frontier(5, [leaf(1)])).toThrow(RangeError);
});

test("P4.2 every proof of a tree verifies, and none with anything changed", () => {
  const hashes = treeOf(leavesOf(300));
  fc.assert(
    fc.property(fc.nat(299), fc.nat(299), fc.nat(50), fc.nat(31), (a, b, at, byte) => {
      const [from, to] = [Math.min(a, b) + 1, Math.max(a, b) + 1];
      const index = from - 1;
      const inclusion = inclusionProof(hashes, index, to);
      const root = hashes.root(to);
      expect(verifyInclusion(index, to, leaf(index), root, inclusion)).toBe(true);
      expect(verifyInclusion(index, to, leaf(index + 1), root, inclusion)).toBe(false);
      expect(verifyInclusion(to, to, leaf(index), root, inclusion)).toBe(false);
      expect(verifyInclusion(index, to, leaf(index), root, [...inclusion, leaf(1)])).toBe(false);
      const consistency = consistencyProof(hashes, from, to);
      const first = hashes.root(from);
      expect(verifyConsistency(from, to, first, root, consistency)).toBe(true);
      expect(verifyConsistency(from, to, first, root, [...consistency, leaf(1)])).toBe(false);
      expect(verifyConsistency(from, to, leaf(9), root, consistency)).toBe(false);
      if (from < to) expect(verifyConsistency(to, from, root, first, consistency)).toBe(false);
      for (const proof of [inclusion, consistency]) {
        if (proof.length === 0) continue;
        const changed = proof.map((hash) => hash.slice());
        const one = changed[at % changed.length];
        if (one !== undefined) one[byte] = (one[byte] ?? 0) ^ 1;
        const isInclusion = proof === inclusion;
        expect(
          isInclusion
            ? verifyInclusion(index, to, leaf(index), root, changed)
            : verifyConsistency(from, to, first, root, changed),
        ).toBe(false);
        expect(
          isInclusion
            ? verifyInclusion(index, to, leaf(index), root, proof.slice(1))
            : verifyConsistency(from, to, first, root, proof.slice(1)),
        ).toBe(false);
      }
    }),
    RUNS,
  );
});

test("P4.2 a proof that isn't made of hashes, or is endless, is refused", () => {
  const [a, b] = [leaf(1), leaf(2)];
  const root = nodeHash(a, b);
  expect(verifyInclusion(0, 2, a, root, [b])).toBe(true);
  expect(verifyInclusion(0, 2, a, root, [b.subarray(1)])).toBe(false);
  expect(verifyInclusion(0.5, 2, a, root, [b])).toBe(false);
  expect(verifyInclusion(-1, 2, a, root, [b])).toBe(false);
  expect(
    verifyInclusion(
      0,
      2,
      a,
      root,
      Array.from({ length: 10_000 }, () => b),
    ),
  ).toBe(false);
  expect(verifyConsistency(0, 2, emptyRoot(), root, [])).toBe(true);
  expect(verifyConsistency(1, 2, a, root, [])).toBe(false);
});

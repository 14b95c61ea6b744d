import { ed25519 } from "@noble/curves/ed25519.js";
import { sha512 } from "@noble/hashes/sha2.js";
import fc from "fast-check";
import { expect, test } from "vitest";
import { fromHex, toHex, utf8 } from "./bytes.ts";
import * as browser from "./crypto-browser.ts";
import * as node from "./crypto-node.ts";
import { readPublicKey } from "./keys.ts";
import {
  hashTagged,
  readSignature,
  signerFromSeed,
  tagged,
  verify,
  writeSignature,
} from "./sign.ts";

const RUNS = { numRuns: Number(process.env.AMS_PROPERTY_RUNS ?? 30), seed: 3 };
const bytes = (hex: string) => fromHex(hex) ?? new Uint8Array();
const fill = (first: string, middle: string, last: string) =>
  first + middle.repeat((64 - first.length - last.length) / 2) + last;

const KEYS = [
  [
    Array.from({ length: 32 }, (_, at) => at),
    "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8",
    "did:key:z6MkehRgf7yJbgaGfYsdoAsKdBPE3dj2CYhowQdcjqSJgvVd",
  ],
  [
    Array.from({ length: 32 }, () => 0x11),
    "d04ab232742bb4ab3a1368bd4615e4e6d0224ab71a016baf8520a332c9778737",
    "did:key:z6MktULudTtAsAhRegYPiZ6631RV3viv12qd4GQF8z1xB22S",
  ],
  [
    Array.from({ length: 32 }, () => 0x22),
    "a09aa5f47a6759802ff955f8dc2d2a14a5c99d23be97f864127ff9383455a4f0",
    "did:key:z6MkqGC3nWZhYieEVTVDKW5v588CiGfsDSmRVG9ZwwWTvLSK",
  ],
] as const;

test.each(KEYS)("P2.6 the vector of seed %s", (seed, publicKey, did) => {
  const signer = signerFromSeed(Uint8Array.from(seed));
  expect(toHex(signer.publicKey)).toBe(publicKey);
  expect(signer.did).toBe(did);
  expect(toHex(browser.ed25519Signer(Uint8Array.from(seed)).publicKey)).toBe(publicKey);
});

test.each([
  ["small order", fill("01", "00", "00")],
  ["small order", fill("ec", "ff", "7f")],
  ["small order", fill("00", "00", "00")],
  ["small order", fill("00", "00", "80")],
  ["small order", "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"],
  ["small order", "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85"],
  ["small order", "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"],
  ["small order", "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa"],
  ["not canonical", fill("01", "00", "80")],
  ["not canonical", fill("ee", "ff", "7f")],
  ["not canonical", fill("ed", "ff", "7f")],
  ["not canonical", fill("ec", "ff", "ff")],
  ["mixed order", "b154bd62188ae283dd187fefe8c31f5e276edf083b4cff11c9d5cff856c74440"],
])("P2.3 %s, %s, is a weak key", (_why, hex) => {
  expect(readPublicKey(bytes(hex))).toEqual({ ok: false, fault: "weak_key" });
});

test("P2.2 what is no point, or not 32 bytes, is an invalid key", () => {
  const none = Array.from({ length: 40 }, (_, at) => fill(toHex(Uint8Array.of(at)), "00", "00"));
  const faults = none.map((hex) => {
    const read = readPublicKey(bytes(hex));
    return read.ok ? null : read.fault;
  });
  expect(faults).toContain("invalid_key");
  for (const length of [0, 31, 33])
    expect(readPublicKey(new Uint8Array(length))).toEqual({ ok: false, fault: "invalid_key" });
});

test("P2.2 a key with any part of small order is weak, and one without is not", () => {
  const small = ed25519.Point.fromHex(
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  );
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 32, maxLength: 32 }),
      fc.integer({ min: 1, max: 7 }),
      (seed, times) => {
        const { publicKey } = signerFromSeed(seed);
        expect(readPublicKey(publicKey).ok).toBe(true);
        const mixed = ed25519.Point.fromBytes(publicKey).add(small.multiplyUnsafe(BigInt(times)));
        expect(readPublicKey(mixed.toBytes())).toEqual({ ok: false, fault: "weak_key" });
      },
    ),
    RUNS,
  );
});

test("P2.5 server and browser sign the same bytes and verify the same signatures", () => {
  const order = 2n ** 252n + 27742317777372353535851937790883648493n;
  const [seed] = KEYS[0];
  const [inNode, inBrowser] = [node, browser].map((one) =>
    one.ed25519Signer(Uint8Array.from(seed)),
  );
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 200 }),
      fc.nat(63),
      fc.integer({ min: 1, max: 255 }),
      (message, at, flip) => {
        const signature = inNode?.sign(message) ?? new Uint8Array();
        const key = inNode?.publicKey ?? new Uint8Array();
        expect(inBrowser?.sign(message)).toEqual(signature);
        const wrong = signature.slice();
        wrong[at] = (wrong[at] ?? 0) ^ flip;
        const large = signature.slice();
        const s = BigInt(`0x${toHex(signature.slice(32).reverse())}`) + order;
        large.set(bytes(s.toString(16).padStart(64, "0")).reverse(), 32);
        for (const { verifyEd25519 } of [node, browser]) {
          expect(verifyEd25519(key, message, signature)).toBe(true);
          expect(verifyEd25519(key, message, wrong)).toBe(false);
          expect(verifyEd25519(key, message, large)).toBe(false);
          expect(verifyEd25519(key, message, signature.subarray(1))).toBe(false);
        }
      },
    ),
    RUNS,
  );
});

test("P2.1 an R with a part of small order verifies nowhere", () => {
  // R' = R + T, with S for the challenge of R': the equation holds times 8 only.
  const point = ed25519.Point;
  const small = point.fromHex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05");
  const message = utf8("m");
  const { scalar, pointBytes } = ed25519.utils.getExtendedPublicKey(new Uint8Array(32).fill(7));
  const r = 12_345n;
  const moved = point.BASE.multiply(r).add(small).toBytes();
  const order = point.Fn.ORDER;
  const little = (b: Uint8Array) => BigInt(`0x${toHex(b.slice().reverse())}`);
  const k = little(sha512(Uint8Array.from([...moved, ...pointBytes, ...message]))) % order;
  const s = (r + k * scalar) % order;
  const signature = new Uint8Array(64);
  signature.set(moved);
  signature.set(bytes(s.toString(16).padStart(64, "0")).reverse(), 32);
  expect(ed25519.verify(signature, message, pointBytes, { zip215: false })).toBe(true);
  expect(node.verifyEd25519(pointBytes, message, signature)).toBe(false);
  expect(browser.verifyEd25519(pointBytes, message, signature)).toBe(false);
});

test("P2.1 a signature is lower-case hex with its prefix, or bare where a text says so", () => {
  const signature = new Uint8Array(64).fill(0xab);
  const text = writeSignature(signature);
  expect(text).toBe(`ed25519:${"ab".repeat(64)}`);
  expect(readSignature(text)).toEqual(signature);
  expect(readSignature("ab".repeat(64))).toBeNull();
  expect(readSignature("ab".repeat(64), { bare: true })).toEqual(signature);
  for (const wrong of [
    text.toUpperCase(),
    `ed25519:${"AB".repeat(64)}`,
    `${text}ab`,
    text.slice(2),
  ])
    expect(readSignature(wrong, { bare: true })).toBeNull();
});

test("P2.4 a signature under one tag never verifies under another", () => {
  const signer = signerFromSeed(new Uint8Array(32).fill(9));
  const read = readPublicKey(signer.publicKey);
  if (!read.ok) throw new Error(read.fault);
  const value = { b: 1, a: [true] };
  const signature = signer.signNow(tagged("ams-mesh", "msg", value));
  expect(verify(read.key, tagged("ams-mesh", "msg", value), signature)).toBe(true);
  expect(verify(read.key, tagged("ams-mesh", "receipt", value), signature)).toBe(false);
  expect(verify(read.key, tagged("ams-workflow", "msg", value), signature)).toBe(false);
  expect(hashTagged("ams-mesh", "msg", value)).not.toBe(
    hashTagged("ams-mesh", "msg", { ...value, b: 2 }),
  );
});

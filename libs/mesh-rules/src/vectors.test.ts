// The vectors of the specification, byte for byte: envelopes, receipts, names, cards, money.
import {
  canonical,
  canonicalBytes,
  type JsonObject,
  type SeedSigner,
  signerFromSeed,
  tagged,
  toHex,
  writeSignature,
} from "@ams/provenance";
import { expect, test } from "vitest";
import { leafOf } from "./entry.ts";
import { bytesToSign, parseEnvelope, signEnvelope } from "./envelope.ts";
import { parseAmount, share } from "./money/amounts.ts";
import { postingsOf, transactionHash } from "./money/ledger.ts";
import { readCard, readOp } from "./registry.ts";
import { scoreOf } from "./reputation.ts";
import { termsHash } from "./terms-hash.ts";

const A = signerFromSeed(Uint8Array.from({ length: 32 }, (_, at) => at));
const T = signerFromSeed(new Uint8Array(32).fill(0x11));
const S = signerFromSeed(new Uint8Array(32).fill(0x22));
const ZEROS = "0".repeat(64);

const TAX: JsonObject = {
  v: 1,
  kind: "intent",
  id: "550e8400-e29b-41d4-a716-446655440000",
  from: "did:w7:alice",
  to: "did:w7:skill/tax-filing",
  intent: {
    action: "file_quarterly",
    params: { quarter: "2026-Q1" },
    constraints: { deadline: "2026-04-30", jurisdiction: "IN" },
  },
  settle: {
    rail: "amp-escrow",
    amount: "50 USD",
    milestones: [
      { on: "draft_ready", pct: 50 },
      { on: "filed_confirmed", pct: 50 },
    ],
  },
  require: { zkml: true, attestors: 3 },
  nonce: 91823,
  ts: 1713513600,
};

const signTagged = (signer: SeedSigner, purpose: string, value: unknown) =>
  writeSignature(signer.signNow(tagged("ams-mesh", purpose, value)));

test("M2.3 the example of a tax filing, under a name and under its key", () => {
  expect(bytesToSign(TAX)).toHaveLength(444);
  const signed = signEnvelope(TAX, A);
  expect(signed.auth).toBe(
    "ed25519:666602e030daabbadbd631639b8d8f835c32b8df04d2a34eed28c3b51aae95ee144c7f9054534bd0a5527cd00dc60b7ec4ff005591a5c2fb268aea76852c440b",
  );
  const read = parseEnvelope(canonicalBytes(signed));
  expect(read.digest).toBe("0c7b14cd43c20cbdcdf5feb110b4df9ef3adb12b2c8093472f9e0dd50ab13e70");
  const keyed = signEnvelope({ ...TAX, from: A.did }, A);
  expect(bytesToSign(keyed)).toHaveLength(488);
  expect(parseEnvelope(canonicalBytes(keyed)).digest).toBe(
    "cc2a3113aef38701f37b5257183c24cb951637224344072b1d07a560acb2f062",
  );
  expect(keyed.auth).toBe(
    "ed25519:1ff181679632bc1563a6db204808c308b6ce88fb0b87c01df24f2878e7a09d6bc6b713496a4fb3a48330769d22b90637e0720b6afa2a11e734547785617d0f06",
  );
  const bare = { ...signed, auth: String(signed.auth).slice("ed25519:".length) };
  expect(parseEnvelope(canonicalBytes(bare)).signature).toEqual(read.signature);
});

test("M2.4 an attestation", () => {
  const subject = "6ba7b814-9dad-41d1-80b4-00c04fd430c8";
  const attestation = signEnvelope(
    {
      from: T.did,
      id: "7d444840-9dc0-41d1-b245-5ffdce74fad2",
      intent: { action: "amp/attest", params: {} },
      kind: "outcome",
      nonce: 1,
      parent: subject,
      payload: {
        attests: subject,
        digest: `sha256:${"ab".repeat(32)}`,
        milestone: "draft_ready",
        verdict: "pass",
      },
      to: "did:w7:prime/main",
      ts: 1713513900,
      v: 1,
    },
    T,
  );
  expect(attestation.auth).toBe(
    "ed25519:5e7833acd9ab1e1109507e40673195b99d1ba392317a457cc3334f9860404c34de749c770d1970799f9d5505a4bd720dca9429952b8985499c92e49d7a63ab0b",
  );
  const signed = bytesToSign(attestation);
  expect(toHex(signed).length).toBe(2 * signed.length);
});

test("M3.4 the receipt of it as the first leaf", () => {
  const digest = "0c7b14cd43c20cbdcdf5feb110b4df9ef3adb12b2c8093472f9e0dd50ab13e70";
  const root = "d19b19b8f5b7bbb22367997fca8e6318ce19a37496a6af0bf6127f15e4206b1e";
  expect(toHex(leafOf("env", digest))).toBe(root);
  const receipt = {
    ...{ v: 1, mesh: "conv_01JTEST0000000000000000000", id: TAX.id, digest, status: "accepted" },
    ...{ seq: 0, at: 1713513601000, log: { size: 1, root } },
    zkml: { requested: true, verified: false, fallback: "attestors" },
  };
  expect(signTagged(S, "receipt", receipt)).toBe(
    "ed25519:8be0c0773e0ecb7afc7d368bcceefeb8a92ecbd09612afbd8a0df3153bc5bad447e3639106e912453106e18d73233bd574b38e79d0bfd02432d157fcd155a401",
  );
});

test("M4.4 an operation of the registry, M4.5 a card", () => {
  const key = A.did.slice("did:key:".length);
  const op = readOp({
    ...{ did: "did:w7:alice", keys: [{ id: "k1", key }], op: "create", prev: ZEROS, seq: 0 },
    ts: 1713513600,
  });
  expect(op.hash).toBe("b22ca36a5cf87a32b08d0d8141b3728093787ad3a7c6d210262a5a44457eea4f");
  expect(signTagged(A, "registry", op.raw)).toBe(
    "ed25519:6862a0dff7280fd27a054d9fe9d7187a19b937813bbe787290fd512eab59a6c93da938053f24275edb4174e0256b6ac0890d3ed7781e77dde2e7294a081dea03",
  );
  const card = readCard(
    {
      ...{ attestor: false, did: T.did, price: "10 USD", regions: ["IN"], seq: 1 },
      ...{ skills: ["tax-filing"], ts: 1713513600 },
    },
    "",
  );
  expect(signTagged(T, "card", card.raw)).toBe(
    "ed25519:4e20583f6a995670f194435db5ac63adeb654f462e30d41c8e6cd26a4e6c85adfbdd8bdcf8f95dc1d19f4f88f0594f3b0ffdb4fdbbb91b14b47b85074c4dba05",
  );
});

test("M5.3 the hash of terms", () => {
  const settle = { amount: "50 USD", rail: "amp-escrow" };
  expect(termsHash({ action: "file_quarterly", settle, valid_until: 1713600000 })).toBe(
    "f6f7db0efd16f8997b4499709f23407dc3c2cbfd3372799cd3dd92b433b9b017",
  );
});

test("M7.2 amounts that are exact in their currency, and others", () => {
  const minor = (text: string) => parseAmount(text)?.minor ?? null;
  expect(minor("50 USD")).toBe(5_000);
  expect(minor("0.5 USD")).toBe(50);
  expect(minor("1.500 USD")).toBe(150);
  expect(minor("7 JPY")).toBe(7);
  expect(minor("1.234 BHD")).toBe(1_234);
  expect(minor("0.000001 CRD")).toBe(1);
  for (const wrong of ["1.001 USD", "0.1 JPY", "01 USD", "-1 USD", "1USD", "1 usd", "1e3 USD"])
    expect(minor(wrong)).toBe(null);
  expect(minor("90071992547409.91 USD")).toBe(Number.MAX_SAFE_INTEGER);
  expect(minor("90071992547409.92 USD")).toBe(null);
});

test("M7.3 sharing to the last unit", () => {
  expect(share(10_001, [50, 50])).toEqual([5_001, 5_000]);
  expect(share(1, [33, 33, 34])).toEqual([0, 0, 1]);
  expect(share(5, [5_000, 5_000], ["did:z", "did:m"])).toEqual([2, 3]);
  expect(share(101, [3_333, 3_333, 3_334], ["did:c", "did:a", "did:b"])).toEqual([33, 34, 34]);
});

test("M7.9 a deposit, then a hold", () => {
  const moved = (from: string, to: string, minor: number) =>
    postingsOf([{ from, to, currency: "USD", minor }]);
  const alice = "avail:did:w7:alice";
  const deposit = {
    ...{ tx: 0, at: 1713513600000, reason: "deposit" as const, ref: "d-1", prev: ZEROS },
    postings: moved("external:credits", alice, 5_000),
  };
  const prev = "d0efad3dcf76784e65e074637f6577930ac21d37c3bffcc9edb92e6c50c56e2b";
  expect(transactionHash(deposit)).toBe(prev);
  const ref = "6ba7b810-9dad-41d1-80b4-00c04fd430c8";
  const hold = {
    ...{ tx: 1, at: 1713513601000, reason: "hold" as const, ref, prev },
    postings: moved(alice, `escrow:${ref}`, 5_000),
  };
  expect(transactionHash(hold)).toBe(
    "a2605baee4b0babe2cd59ceda436f4e4d5f082a8fb393a946aa22810f66b58fe",
  );
  expect(canonical(hold).startsWith('{"at":1713513601000,"postings":')).toBe(true);
});

test("M9.2 scores", () => {
  const one = (principal: string, isSuccess = true, units = 50) => ({
    ...{ principal, isSuccess, units, at: 0 },
  });
  const many = (count: number, of: (at: number) => ReturnType<typeof one>) =>
    Array.from({ length: count }, (_, at) => of(at));
  const ten = many(10, (at) => one(`p${at}`));
  const three = many(3, (at) => one(`p${at}`, false));
  expect(scoreOf([], 0)).toBe(500);
  expect(scoreOf([one("p")], 0)).toBe(707);
  expect(scoreOf([one("p", false)], 0)).toBe(207);
  expect(scoreOf(ten, 0)).toBe(938);
  expect(
    scoreOf(
      many(10, () => one("p")),
      0,
    ),
  ).toBe(750);
  expect(scoreOf([...ten, ...three], 0)).toBe(615);
  const cents = many(1_000, () => one("p", true, 0.01));
  expect(scoreOf(cents, 0)).toBe(507);
});

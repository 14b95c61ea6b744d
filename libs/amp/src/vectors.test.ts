import { createHash, createPrivateKey, type KeyObject } from "node:crypto";
import { expect, test } from "vitest";
import {
  canonicalText,
  cardText,
  didOf,
  hashOf,
  hmacSignature,
  isRotationProof,
  type JsonNode,
  memberOf,
  parsePublicKey,
  publicKeyOf,
  readJson,
  registrationText,
  signCard,
  signedText,
  signMessage,
  signText,
  timedBody,
  timedGet,
  verifyMessage,
} from "./index.ts";

const ED25519_PKCS8 = Buffer.from("302e020100300506032b657004220420", "hex");

function privateKey(label: string): KeyObject {
  const seed = createHash("sha256").update(label).digest();
  const key = Buffer.concat([ED25519_PKCS8, seed]);
  return createPrivateKey({ key, format: "der", type: "pkcs8" });
}

const ALICE = privateKey("amp-vector-alice");
const ALICE2 = privateKey("amp-vector-alice-rotated");
const PROVIDER = privateKey("amp-vector-provider");
const pem = (spki: string) => `-----BEGIN PUBLIC KEY-----\n${spki}\n-----END PUBLIC KEY-----\n`;

function publicKey(key: KeyObject) {
  const found = publicKeyOf(key);
  if (found === null) throw new Error("no key");
  return found;
}

function nodeOf(text: string): JsonNode {
  const read = readJson(text);
  if (!read.ok) throw new Error(read.fault);
  return read.json.root;
}

const FIRST =
  '{"type":"request","message":"Café ✓ line1\\nline2 \\"q\\"","context":{"pr":42,"files":["b.ts","a.ts"],"nested":{"z":null,"a":2.5}}}';

const FIELDS = {
  from: "alice@acme.example.test",
  to: "bob@acme.example.test",
  subject: "Review PR #42",
  priority: "high",
  in_reply_to: null,
};

const MESSAGES = [
  {
    title: "1: keys are sorted at every level",
    payload: FIRST,
    fields: FIELDS,
    canonical:
      '{"context":{"files":["b.ts","a.ts"],"nested":{"a":2.5,"z":null},"pr":42},"message":"Café ✓ line1\\nline2 \\"q\\"","type":"request"}',
    hash: "x72gylJ/ygnwMwnBGfHuXl2/RcDydzPxRmGwSr3/1og=",
    signature:
      "wVa5RnWQyugESjOrTZjT4mqG2wZxrJnSmZPjDZ3z5tC3KPEzH+p72ZVe1usVowY5fbxx2mactEYr3u6zWuO+Aw==",
  },
  {
    title: "2: a reply signs its parent",
    payload: FIRST,
    fields: {
      ...FIELDS,
      subject: "Re: Hi",
      priority: "normal",
      in_reply_to: "msg_1706648400_abc123",
    },
    canonical: null,
    hash: "x72gylJ/ygnwMwnBGfHuXl2/RcDydzPxRmGwSr3/1og=",
    signature:
      "75b/0bb0Fss1hlDtThfAhAvvBi6ubipOk3xSC0kQptvqbDH0SQnNb53D8eg2zKRWKNrJElDr6XLvR/MoG9FUAA==",
  },
  {
    title: "4: a null context is kept",
    payload: '{"type":"request","message":"Hi","context":null}',
    fields: { ...FIELDS, subject: "Hi", priority: "normal" },
    canonical: '{"context":null,"message":"Hi","type":"request"}',
    hash: "NVjbhb1/MJyVL1HoAiDMp4vK+WwrtVpLxgaYdMpKV9Q=",
    signature:
      "BUv7LpKtmF/ZhcKQXmpXAVj44QctCKgnu4SMVgl+budGzrViYqFTlrpQ4y3evOOzNnGFn14EFOos7T1Hmo7WAA==",
  },
  {
    title: "5: integer-like, empty and barred keys",
    payload: '{"type":"x:y","message":"","context":{"10":1,"9":2,"a|b":true,"":null}}',
    fields: { ...FIELDS, subject: "a|b", priority: "low" },
    canonical: '{"context":{"":null,"10":1,"9":2,"a|b":true},"message":"","type":"x:y"}',
    hash: "LpVLBJhhhKQXUFycR74G32YV7ngHQCL3MojC0pHn3p0=",
    signature:
      "N+3o4SSJO1mpDsf6dauyZ8dw8eUrlDbK7MPvqTrBisIjEdruoQLvEjMbhhGM6WK2cUBg8kVhxtp8fsbslus/CA==",
  },
];

test.each(MESSAGES)("message vector $title", ({ payload, fields, canonical, hash, signature }) => {
  const node = nodeOf(payload);
  if (canonical !== null) expect(canonicalText(node)).toBe(canonical);
  expect(hashOf(canonicalText(node))).toBe(hash);
  expect(signMessage(ALICE, fields, node)).toBe(signature);
  const key = publicKey(ALICE);
  const message = { recipients: [fields.to], payload: node };
  expect(verifyMessage(key, fields, message, signature)).toBe(fields.to);
  expect(verifyMessage(publicKey(ALICE2), fields, message, signature)).toBeNull();
  const other = { ...fields, subject: `${fields.subject} ` };
  expect(verifyMessage(key, other, message, signature)).toBeNull();
});

test("the canonical text of vector 1 has 131 bytes, and its signed text six fields", () => {
  const canonical = canonicalText(nodeOf(FIRST));
  expect(Buffer.byteLength(canonical)).toBe(131);
  expect(signedText(FIELDS, hashOf(canonical))).toBe(
    "alice@acme.example.test|bob@acme.example.test|Review PR #42|high||x72gylJ/ygnwMwnBGfHuXl2/RcDydzPxRmGwSr3/1og=",
  );
});

test("message vector 3: a signature over the order as sent is refused", () => {
  const node = nodeOf(FIRST);
  const hash = hashOf(FIRST);
  expect(hash).toBe("2VVOVLyycMI2IoOL7Klz9HaUJInLBI/xp8gAUrA+NYM=");
  const signature =
    "ghel03KLjWpyOm4rzJsOKN5LXUF37NwB1NCnS+d+ZNXjgFZb+r8b1IJdqW2NWSqDv8FL+Z0uYXHAEvTq2b/EDg==";
  expect(signText(ALICE, signedText(FIELDS, hash))).toBe(signature);
  const message = { recipients: [FIELDS.to], payload: node };
  expect(verifyMessage(publicKey(ALICE), FIELDS, message, signature)).toBeNull();
});

const KEYS = [
  {
    who: "alice",
    key: ALICE,
    spki: "MCowBQYDK2VwAyEAEOOSKQY4v3TUSVQWb4Gw9px0v75dR0UZpicUpCWeBDk=",
    fingerprint: "SHA256:PceD3K+nwZ+ZbccLcMVYXNhj6tgGnFU2R2Lon4edKAU=",
  },
  {
    who: "alice2",
    key: ALICE2,
    spki: "MCowBQYDK2VwAyEAb6xn7lLctCn0vPl8MX6/9QGgtzdDlHPlwHnaRlsWWF0=",
    fingerprint: "SHA256:DZQyqTpySXn4zETCPVNnD89Nj4cZvciBl6rdRFUmDJM=",
  },
  {
    who: "provider",
    key: PROVIDER,
    spki: "MCowBQYDK2VwAyEANv0v16Kel3RewlFQm3yrQFNZseDnG2Z7kFa/U4f0dYE=",
    fingerprint: "SHA256:Lx3Rp+QYhikvFNNihYS9wW/e4IzJHLSyHHfGgT/AKa0=",
  },
];

test.each(KEYS)("key vector of $who: SPKI and fingerprint", ({ key, spki, fingerprint }) => {
  const parsed = parsePublicKey(pem(spki));
  expect(parsed?.fingerprint).toBe(fingerprint);
  expect(parsed?.pem).toBe(publicKey(key).pem);
});

test("key vector of alice: raw bytes and did:key", () => {
  const key = publicKey(ALICE);
  expect(key.raw?.toString("hex")).toBe(
    "10e392290638bf74d44954166f81b0f69c74bfbe5d474519a62714a4259e0439",
  );
  expect(didOf(key)).toBe("did:key:z6MkfbBqJGPvunWD5mzxN2yPGMxU2cQYptLmXMXynBKKVTX6");
});

const TIMESTAMP = "1706648400";
const BODY =
  '{"envelope":{"id":"msg_1706648400_abc123"},"payload":{"type":"notification","message":"Hello"}}';

test("request vectors: webhook, provider with a body, provider's GET, mesh", () => {
  const signed = timedBody(TIMESTAMP, BODY);
  expect(hmacSignature("whsec_test", signed)).toBe(
    "sha256=1dbb074b5816b6658cc61fa872dc2f825497fa9b814acd00bc15b29716528c50",
  );
  expect(signText(PROVIDER, signed)).toBe(
    "LSioTCwa5z06C08/ViX5mGseZQgX8PzCVGgulATyaTcqvyVCMVSpcdlryv7p/pUKkCXLMRUeWE0KMN6G0e32AQ==",
  );
  const get = timedGet(TIMESTAMP, "/agents/resolve/alice@acme.example.test");
  expect(signText(PROVIDER, get)).toBe(
    "ShD0+9nBzErVlls2A8PzRhUB5qgagxmjQH0vrUY8Zm//5qD1KROI4AqIhwSLyk2i+0zfAw60P/V4uppKpMRlCg==",
  );
  expect(hmacSignature("mesh-secret", signed)).toBe(
    "sha256=7546884f6c664c4f1a115b4d8381eb3d1f06109f76cab91443b7baf17ffbb3bf",
  );
});

test("rotation vectors: the old key signs the new one in three forms", () => {
  const next = publicKey(ALICE2);
  const form = { received: pem(KEYS[1]?.spki ?? ""), key: next };
  const proofs = [
    "iM8TTYLcRvhSEnYka12VKrQHnwjF3Xd4D1V2zEl3vNffbEIn2fzTzzm97v10aby2ySz7yJEJP6c6kbEZDl/NAg==",
    "bGhasellEA7zLc5hWn9n41jmZqei68apzZ1ZTOfzrlAdC8BX29qgwSNJitv8hS4hFHbe9xDnlTsS8k4LHIGbBQ==",
    "qQyqkmfHvpFmqhXBeb6OpDuorLjDBch0uZ5AxnNNMYlGyjp5O2TTI2IZJwznC0K0wDqPCx0Ae3PDAsVflTheDA==",
  ];
  for (const proof of proofs) expect(isRotationProof(publicKey(ALICE), form, proof)).toBe(true);
  expect(isRotationProof(next, form, proofs[0] ?? "")).toBe(false);
});

test("registration vector", () => {
  expect(signText(ALICE, registrationText("alice@acme.example.test", TIMESTAMP))).toBe(
    "lHeq7hmVlDJnNNfUAoPxzQGfr24HqiyZ73ER0hmFzIQck2vaz7vCt6W8iMcTHG4mwSlES1sQGdq1oOm6pFN+AA==",
  );
});

test("card vector: the signature is over all other fields", () => {
  const card = {
    amp_agent_card: "1.0",
    address: "alice@acme.example.test",
    public_key:
      "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAEOOSKQY4v3TUSVQWb4Gw9px0v75dR0UZpicUpCWeBDk=\n-----END PUBLIC KEY-----",
    key_algorithm: "Ed25519",
    fingerprint: "SHA256:PceD3K+nwZ+ZbccLcMVYXNhj6tgGnFU2R2Lon4edKAU=",
    issued_at: "2024-01-30T21:00:00Z",
    expires_at: "2024-07-28T21:00:00Z",
  };
  const signature =
    "JcutI3pfa0NvOU6jwhfIeiRO9D2K/Tz81wE++oYjNLWu4Y34g8iugz1fNz4oXYVWn69e0EVHdEH1iIfNgk3LBA==";
  expect(signCard(ALICE, card)).toBe(signature);
  const signed = nodeOf(JSON.stringify({ ...card, signature }));
  expect(memberOf(signed, "signature")).not.toBeNull();
  expect(cardText(signed)).toBe(cardText(nodeOf(JSON.stringify(card))));
});

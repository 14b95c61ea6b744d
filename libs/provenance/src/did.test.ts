import { expect, test } from "vitest";
import { parseDid } from "./did.ts";
import { encodeMultibaseKey, resolveDidKey } from "./did-key.ts";
import { didW7Alias, isDidW7 } from "./did-w7.ts";
import { didWebPlace, readDidDocument } from "./did-web.ts";
import { isPublicAddress } from "./public-address.ts";

const A = "z6MkehRgf7yJbgaGfYsdoAsKdBPE3dj2CYhowQdcjqSJgvVd";

test("P3.1 a DID is taken apart and not rewritten", () => {
  expect(parseDid("did:w7:skill/tax-filing#k1")).toEqual({
    method: "w7",
    id: "skill",
    path: "/tax-filing",
    fragment: "k1",
  });
  expect(parseDid(`did:key:${A}`)).toEqual({ method: "key", id: A, path: "", fragment: null });
  const longest = `did:web:${"a".repeat(248)}`;
  expect(parseDid(longest)).not.toBeNull();
  const wrong = ["", "did:", "did:key:", "did:Key:a", "key:a:b", "did:web:a:", `${longest}a`];
  for (const text of [
    ...wrong,
    "did:web:a b",
    "did:web:%zz",
    "did:web:é",
    "did:a:b#ü",
    "did:a:b?x",
  ])
    expect(parseDid(text), text).toBeNull();
});

test("P3.2 did:key is its key, with a fragment only that repeats it", () => {
  const read = resolveDidKey(`did:key:${A}`);
  expect(read.ok && encodeMultibaseKey(read.key.bytes)).toBe(A);
  expect(resolveDidKey(`did:key:${A}#${A}`).ok).toBe(true);
  const weak = `did:key:${encodeMultibaseKey(Uint8Array.of(1, ...new Uint8Array(31)))}`;
  expect(resolveDidKey(weak)).toEqual({ ok: false, fault: "weak_key" });
  for (const text of [
    `did:key:${A}#x`,
    `did:key:${A.slice(1)}`,
    `did:key:${A}1`,
    `did:key:${A.replace("6", "0")}`,
    `did:key:z${"1".repeat(250)}`,
    `did:web:${A}`,
    `did:key:${A}/x`,
    "did:key:zQ3shokFTS3brHcDQrn82RUDfCZESWL1ZdCEJwekUDPQiYBme",
  ])
    expect(resolveDidKey(text), text).toEqual({ ok: false, fault: "invalid_key" });
});

test("P3.4 did:w7 has one to three segments, and a digest only on a model", () => {
  const digest = `@sha256:${"a".repeat(64)}`;
  for (const text of ["skill", "skill/a", "a/b/c", `model/x${digest}`, `model/x/y${digest}`])
    expect(isDidW7(`did:w7:${text}`), text).toBe(true);
  for (const text of [
    "",
    "/a",
    "a/",
    "a/b/c/d",
    "A",
    "-a",
    "a:b",
    `skill/x${digest}`,
    `model${digest}`,
  ])
    expect(isDidW7(`did:w7:${text}`), text).toBe(false);
  expect(didW7Alias("did:w7:skill/a")).toBe("did:w7:skill:a");
});

test("P3.3 did:web is https to a name, on port 443 or one that is listed", () => {
  expect(didWebPlace("did:web:a.example", [])?.url).toBe("https://a.example/.well-known/did.json");
  expect(didWebPlace("did:web:a.example:u:b", [])?.url).toBe("https://a.example/u/b/did.json");
  const listed = ["a.example:8443"];
  expect(didWebPlace("did:web:a.example%3A8443", listed)?.url).toBe(
    "https://a.example:8443/.well-known/did.json",
  );
  for (const text of [
    "did:web:a.example%3A8444",
    "did:web:127.0.0.1",
    "did:web:localhost",
    "did:web:a.example:..",
    "did:web:a.example:%2e%2e",
    "did:web:a..example",
    "did:web:a.example%3A99999",
    "did:key:a.example",
  ])
    expect(didWebPlace(text, listed), text).toBeNull();
  const document = { id: "did:web:a.example", verificationMethod: [{ type: "x" }, 7] };
  expect(readDidDocument(document, "did:web:a.example")?.verificationMethod).toEqual([]);
  expect(readDidDocument(document, "did:web:b.example")).toBeNull();
});

test.each([
  "127.0.0.1",
  "10.1.2.3",
  "172.31.0.1",
  "192.168.1.1",
  "169.254.169.254",
  "0.0.0.0",
  "100.64.0.1",
  "224.0.0.1",
  "255.255.255.255",
  "::",
  "::1",
  "fe80::1",
  "fc00::1",
  "ff02::1",
  "::ffff:10.0.0.1",
  "::ffff:7f00:1",
  "64:ff9b::7f00:1",
  "2002:7f00:1::",
  "2001:db8::1",
  "fec0::1",
  "::127.0.0.1",
  "x",
  "1.2.3",
  "1.2.3.4.5",
  "1::2::3",
  "999.1.1.1",
])("P3.3 %s is no public address", (address) => {
  expect(isPublicAddress(address)).toBe(false);
});

test.each(["8.8.8.8", "2606:4700::1", "::ffff:8.8.8.8", "64:ff9b::808:808"])(
  "P3.3 %s is a public address",
  (address) => {
    expect(isPublicAddress(address)).toBe(true);
  },
);

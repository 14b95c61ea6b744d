/** Magic links: read back as written, and never a surprise on other text. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { isAlias, isNamespace, RESERVED_NAMESPACES } from "./ids.ts";
import { connectUrl, formatMagicLink, parseMagicLink } from "./link.ts";

const slug = fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,62}$/);
const token = fc.stringMatching(/^[A-Za-z0-9_-]{43}$/);
const baseUrl = fc.constantFrom(
  "http://127.0.0.1:8080",
  "https://ams.example",
  "http://[::1]:9",
  "https://ams.example/below/a/path",
  "http://x/conversations/y",
);
const sample = `http://h/ns/conversations/al?t=${"a".repeat(43)}`;

test("§1.4 a magic link is read back as it was written", () => {
  fc.assert(
    fc.property(
      baseUrl,
      slug.filter(isNamespace),
      slug.filter(isAlias),
      token,
      (base, ns, al, t) => {
        const link = { baseUrl: base, namespace: ns as never, alias: al as never, token: t };
        expect(parseMagicLink(formatMagicLink(link))).toEqual(link);
      },
    ),
  );
});

test("§1.4 what isn't a magic link is null, and no text makes it throw", () => {
  const parts = fc.constantFrom(
    "http://",
    "https://",
    "h",
    "/",
    "conversations",
    "?t=",
    "a".repeat(43),
    "#",
    "%2f",
    "@",
    ":",
    "\\",
    "\n",
    "..",
    "ws:",
    "é",
  );
  const texts = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.webUrl({ withQueryParameters: true, withFragments: true }),
    fc.array(parts, { maxLength: 12 }).map((some) => some.join("")),
    fc
      .tuple(fc.nat(sample.length), fc.string())
      .map(([at, s]) => sample.slice(0, at) + s + sample.slice(at)),
  );
  fc.assert(
    fc.property(texts, (text) => {
      const link = parseMagicLink(text);
      if (link !== null) expect(parseMagicLink(formatMagicLink(link))).toEqual(link);
      const socket = connectUrl(text);
      if (socket !== null) expect(new URL(socket)).toMatchObject({ hash: "" });
      if (link !== null) expect(socket).toMatch(/^wss?:.*\/connect\?/);
    }),
    { numRuns: 4_000 },
  );
});

test("§1.2 a reserved namespace makes no link", () => {
  for (const namespace of RESERVED_NAMESPACES) {
    expect(parseMagicLink(sample.replace("/ns/", `/${namespace}/`))).toBeNull();
  }
});

test("§1.4 a link with a wrong token, path or scheme is none", () => {
  expect(parseMagicLink(sample)).not.toBeNull();
  for (const wrong of [
    sample.slice(0, -1),
    `${sample}a`,
    sample.replace("t=", "u="),
    sample.replace("http:", "ftp:"),
    sample.replace("/al?", "/al/connect?"),
    sample.replace("/al?", "/Al?"),
    sample.replace("conversations", "conversation"),
  ]) {
    expect(parseMagicLink(wrong), wrong).toBeNull();
  }
});

test("§1.4 to connect, /connect is added, the query kept and http changed to ws", () => {
  expect(connectUrl("http://h:81/n/conversations/a?t=x&u=1")).toBe(
    "ws://h:81/n/conversations/a/connect?t=x&u=1",
  );
  expect(connectUrl("https://h/p/n/conversations/a/?t=x#y")).toBe(
    "wss://h/p/n/conversations/a/connect?t=x",
  );
  expect(connectUrl("ws://h/n")).toBeNull();
  expect(connectUrl("n/conversations/a")).toBeNull();
});

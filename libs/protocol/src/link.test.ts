/** Magic links: read back as written, and never a surprise on other text. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { isAlias, isNamespace, RESERVED_NAMESPACES } from "./ids.ts";
import { connectUrl, formatMagicLink, parseLinkAddress, parseMagicLink } from "./link.ts";

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

const t = "t".repeat(43);
const at = (baseUrl: string, namespace = "ns", alias = "al") => ({ baseUrl, namespace, alias });

/** Who accepts it: `link` wants a whole link, `address` any token, `lenient` any name. */
type Accepts = "link" | "address" | "lenient" | "nobody";

/** Inputs of every program that reads links: SDK, edges, page and command line. */
const ODD: readonly (readonly [string, Accepts, ReturnType<typeof at> | null])[] = [
  [`https://h/ns/conversations/al?t=${t}`, "link", at("https://h")],
  [`http://h:81/below/it/ns/conversations/al?x=1&t=${t}#here`, "link", at("http://h:81/below/it")],
  [` https://h/ns/conversations/al?t=${t}\n`, "link", at("https://h")],
  [`https://user:pass@h/ams/ns/conversations/al?t=${t}`, "link", at("https://h/ams")],
  [`http://[::1]:9/ns/conversations/al?t=${t}`, "link", at("http://[::1]:9")],
  [`https://h//ns/conversations/al?t=${t}`, "link", at("https://h/")],
  [
    `https://h/a/conversations/b/ns/conversations/al?t=${t}`,
    "link",
    at("https://h/a/conversations/b"),
  ],
  [`https://h/a/../ns/conversations/al?t=${t}`, "link", at("https://h")],
  ["https://h/ns/conversations/al", "address", at("https://h")],
  ["https://h/ns/conversations/al?t=", "address", at("https://h")],
  ["https://h/ns/conversations/al?t=half", "address", at("https://h")],
  [`https://h/ns/conversations/al?amp;t=${t}`, "address", at("https://h")],
  [`https://h/ns/conversations/al/?t=${t}`, "lenient", at("https://h")],
  [`https://h/v1/conversations/al?t=${t}`, "lenient", at("https://h", "v1")],
  [`https://h/Ns/conversations/al?t=${t}`, "lenient", at("https://h", "Ns")],
  [`https://h/ns/conversations/Ä?t=${t}`, "lenient", at("https://h", "ns", "%C3%84")],
  [`https://h/ns/conversations/%E0%A4%A?t=${t}`, "lenient", at("https://h", "ns", "%E0%A4%A")],
  ...[
    "",
    "hello",
    "al",
    "undefined",
    "https://h",
    `localhost:8080/ns/conversations/al?t=${t}`,
    `/ns/conversations/al?t=${t}`,
    `ftp://h/ns/conversations/al?t=${t}`,
    `https://h/conversations/al?t=${t}`,
    `https://h/ns/conversations?t=${t}`,
    `https://h/ns/conversations/?t=${t}`,
    `https://h/ns/conversations/al//?t=${t}`,
    `https://h/ns/conversations/al/connect?t=${t}`,
    `https://h/ns/Conversations/al?t=${t}`,
    `https://h/ns/conversations/../al?t=${t}`,
    `https://h/ns/conversations/%2e%2e?t=${t}`,
    `https://h/v1/ns?t=${t}`,
    `https://h/ns/al?t=${t}`,
  ].map((text) => [text, "nobody", null] as const),
];

test.each(ODD)("§1.4 %j is read by %s", (text, accepts, parts) => {
  const order: readonly Accepts[] = ["link", "address", "lenient"];
  const read = [
    parseMagicLink(text),
    parseLinkAddress(text),
    parseLinkAddress(text, { lenient: true }),
  ];
  const first = accepts === "nobody" ? order.length : order.indexOf(accepts);
  expect(read).toEqual(
    order.map((by, index) => {
      if (index < first) return null;
      return by === "link" ? { ...parts, token: t } : parts;
    }),
  );
});

test.each([
  [`/ns/conversations/al?t=${t}`, at("")],
  ["/ns/conversations/al", at("")],
  [`/below/it/ns/conversations/al?t=${t}`, at("/below/it")],
  ["//ns/conversations/al", at("/")],
  ["/ns/conversations/al/", null],
  ["/ns/conversations/al/connect", null],
  ["/ns/conversations", null],
  ["/conversations/al", null],
  ["/v1/conversations/al", null],
  ["/v1/conversations/conversations", null],
  ["/v1/ns/conversations/al", at("/v1")],
  ["/Ns/conversations/al", null],
  ["/ns/conversations/%E0%A4%A", null],
  ["", null],
  ["/", null],
])("§1.4 the path %j is read", (path, parts) => {
  expect(parseLinkAddress(path, { isPath: true })).toEqual(parts);
});

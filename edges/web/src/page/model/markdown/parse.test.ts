import fc from "fast-check";
import { expect, test } from "vitest";
import { hasMarkup } from "./growing.ts";
import type { BlockNode, Inline } from "./nodes.ts";
import { parseBlock } from "./parse.ts";

/** All text of a block, in its order. */
function textOf(nodes: readonly BlockNode[]): string {
  return nodes.map(blockText).join("");
}

function blockText(node: BlockNode): string {
  switch (node.kind) {
    case "paragraph":
    case "heading":
      return inlineText(node.children);
    case "code":
      return node.text;
    case "list":
      return node.items.map(({ children }) => textOf(children)).join("");
    case "quote":
      return textOf(node.children);
    case "table":
      return [node.head, ...node.rows].flat().map(inlineText).join("");
    case "rule":
      return "";
  }
}

function inlineText(nodes: readonly Inline[]): string {
  return nodes
    .map((node) => {
      if (typeof node === "string") return node;
      return node.kind === "code" ? node.text : inlineText(node.children);
    })
    .join("");
}

/** The addresses that a block links to. */
function hrefsOf(nodes: readonly BlockNode[]): readonly string[] {
  return JSON.stringify(nodes).match(/"href":"[^"]*"/g) ?? [];
}

test("what models write is what people see", () => {
  expect(parseBlock("**b** *i* ~~d~~ `c` \\* and")).toEqual([
    {
      kind: "paragraph",
      children: [
        ...[{ kind: "strong", children: ["b"] }, " ", { kind: "em", children: ["i"] }, " "],
        ...[{ kind: "del", children: ["d"] }, " ", { kind: "code", text: "c" }, " ", "*", " and"],
      ],
    },
  ]);
  expect(parseBlock("## H")).toMatchObject([{ kind: "heading", level: 2 }]);
  expect(parseBlock("3. a\n4. b")).toMatchObject([{ kind: "list", start: 3, items: [{}, {}] }]);
  expect(parseBlock("- [x] a\n- [ ] b\n- c")).toMatchObject([
    { start: null, items: [{ isDone: true }, { isDone: false }, { isDone: null }] },
  ]);
  expect(parseBlock("> q")).toMatchObject([{ kind: "quote" }]);
  expect(parseBlock("|a|b|\n|:-|-:|\n|1|2|")).toMatchObject([
    { kind: "table", align: ["left", "right"], head: [["a"], ["b"]], rows: [[["1"], ["2"]]] },
  ]);
});

test.each([
  "<script>alert(1)</script>",
  `<img src=x onerror="alert(1)"><b>bold</b>`,
  "<!-- a comment -->",
  "&lt;b&gt; &amp; &#x41;",
])("HTML is the text that it is: %s", (text) => {
  expect(textOf(parseBlock(text))).toBe(text);
  expect(hrefsOf(parseBlock(text))).toEqual([]);
});

test.each([
  "[a](javascript:alert(1))",
  "[a](JaVaScRiPt:alert(1))",
  "[a](data:text/html,x)",
  "[a](vbscript:x)",
  "[a](/relative)",
  "[a](file:///etc/passwd)",
  "<javascript:alert(1)>",
  "![a](javascript:alert(1))",
])("an address that isn't of the web or of mail is no link: %s", (text) => {
  expect(hrefsOf(parseBlock(text))).toEqual([]);
  expect(textOf(parseBlock(text))).toBe(text);
});

test("addresses of the web are links, and an image is a link to it", () => {
  expect(hrefsOf(parseBlock("[a](https://x.example/y) https://z.example"))).toHaveLength(2);
  expect(parseBlock("![alt](https://x.example/i.png)")).toMatchObject([
    { children: [{ kind: "link", href: "https://x.example/i.png", children: ["alt"] }] },
  ]);
});

test.each([
  ["nested quotes", "> ".repeat(1_500)],
  ["nested items", "1. ".repeat(1_200)],
  ["open brackets", "[".repeat(3_900)],
  ["stars", "*a ".repeat(1_300)],
  ["backticks", "`a``b```c".repeat(400)],
  ["too long", "word ".repeat(1_000)],
])("what would cost too much to parse is a paragraph as it stands: %s", (_what, text) => {
  expect(parseBlock(text)).toEqual([{ kind: "paragraph", children: [text] }]);
});

test("whatever is written, nothing throws, and no other kind of link comes out", () => {
  const piece = fc.constantFrom(
    ...["[", "](", ")", "!", "*", "**", "_", "`", "<", ">", "|", "\n", "- ", "1. ", "> ", "    "],
    ...["javascript:x", "https://a.example", "word", "\\", "&amp;", "~~", "#", "\u202e", "\ud800"],
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
      for (const href of hrefsOf(parseBlock(pieces.join("")))) {
        expect(href).toMatch(/^"href":"(?:https?:|mailto:)/i);
      }
    }),
  );
});

test("what has no markup is what it is when it is parsed", () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(..."ab .,:;!?()'\"\n-1") }), (text) => {
      const prose = text.trim();
      // Spaces at the end of a line are not shown; two of them are a break, which is shown as one.
      if (prose === "" || hasMarkup(prose) || /\n\s*\n| \n/.test(prose)) return;
      expect(textOf(parseBlock(prose))).toBe(prose);
    }),
  );
});

import fc from "fast-check";
import { expect, test } from "vitest";
import {
  BLOCK_CHARACTERS_MAX,
  BLOCK_LINES_MAX,
  blocksOf,
  PARAGRAPH_CHARACTERS_MAX,
} from "./blocks.ts";
import { GrowingBlocks } from "./growing.ts";

const MARKDOWN = `# Findings

Two **things**:
they matter.

1. The loop

2. The index
- a list of another kind

\`\`\`ts
const tries = 5;

retry(tries);
\`\`\`
After the code.

| a | b |
|---|---|
| 1 | 2 |
`;

/** Pieces of which Markdown, and what only looks like it, is made. */
const PIECES = fc.array(
  fc.constantFrom(
    "\n",
    "\n\n",
    "```",
    "```js\n",
    "~~~",
    "- ",
    "1. ",
    "1",
    "> ",
    "|a|",
    "word ",
    "\t",
  ),
  { maxLength: 40 },
);

test("paragraphs, lists, tables and code are blocks of their own", () => {
  const blocks = blocksOf(MARKDOWN);
  expect(blocks.map(({ kind, text }) => [kind, text.slice(0, 12)])).toEqual([
    ["prose", "# Findings"],
    ["prose", "Two **things"],
    ["prose", "1. The loop\n"],
    ["code", "const tries "],
    ["prose", "After the co"],
    ["prose", "| a | b |\n|-"],
  ]);
  expect(blocks[3]).toMatchObject({ language: "ts", isClosed: true });
});

test("code whose fence has not come yet is code, up to the end", () => {
  expect(blocksOf("```\na\n\nb")).toMatchObject([
    { kind: "code", text: "a\n\nb", isClosed: false },
  ]);
  expect(blocksOf("````\n```\n````")).toMatchObject([{ text: "```", isClosed: true }]);
  expect(blocksOf("- a\n  ```\n  b\n  ```")).toMatchObject([{}, { kind: "code", text: "b" }]);
});

test("the blocks of a text are the whole text, in its order", () => {
  fc.assert(
    fc.property(PIECES, (pieces) => {
      const text = pieces.join("");
      let at = 0;
      for (const block of blocksOf(text)) {
        expect(block.start).toBe(at);
        if (block.kind === "prose") {
          const whole = block.before + block.text + block.space;
          expect(whole).toBe(text.slice(block.start, block.end));
        }
        at = block.end;
      }
      expect(at).toBe(text.length);
    }),
  );
});

test("a text that grows has the blocks that it has as a whole", () => {
  fc.assert(
    fc.property(PIECES, (pieces) => {
      const growing = new GrowingBlocks();
      let text = "";
      for (const piece of pieces) {
        text += piece;
        expect(growing.update(text)).toEqual(blocksOf(text));
      }
    }),
  );
});

test("a block that is complete is never made anew", () => {
  const growing = new GrowingBlocks();
  const [first, second] = growing.update(MARKDOWN);
  const later = growing.update(`${MARKDOWN}\nand more`);
  expect(later[0]).toBe(first);
  expect(later[1]).toBe(second);
});

test("another text begins anew", () => {
  const growing = new GrowingBlocks();
  growing.update("one\n\ntwo");
  expect(growing.update("three")).toMatchObject([{ text: "three" }]);
});

test.each([
  ["one line without a space", "x".repeat(50_000), PARAGRAPH_CHARACTERS_MAX],
  ["one line of words", "word ".repeat(10_000), PARAGRAPH_CHARACTERS_MAX],
  ["surrogate pairs", "😀".repeat(20_000), PARAGRAPH_CHARACTERS_MAX],
  ["one quote", `> ${"x".repeat(50_000)}`, BLOCK_CHARACTERS_MAX],
  ["one list", "- an item of a list\n".repeat(2_000), BLOCK_CHARACTERS_MAX],
  ["one table", "| a | b |\n".repeat(2_000), BLOCK_CHARACTERS_MAX],
])("a block of %s is cut at its limit, and nothing is lost", (_what, text, max) => {
  const blocks = blocksOf(text);
  expect(blocks.map(({ start, end }) => text.slice(start, end)).join("")).toBe(text);
  for (const block of blocks) {
    expect(block.text.length).toBeLessThanOrEqual(max);
    expect(block.text.split("\n").length).toBeLessThanOrEqual(BLOCK_LINES_MAX);
    expect(() => encodeURIComponent(block.text)).not.toThrow();
  }
});

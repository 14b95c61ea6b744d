import { expect, test } from "vitest";

const script = new URL("../scripts/wrap-markdown.mjs", import.meta.url).href;
const { COLUMNS, wrapMarkdown }: Script = await import(script);

type Script = { COLUMNS: number; wrapMarkdown: (text: string) => string };

const long = (word: string) => Array(40).fill(word).join(" ");
const wordsOf = (text: string) => text.split(/\s+/).filter(Boolean);

test("prose is wrapped by column 100, and no word changes", () => {
  const wrapped = wrapMarkdown(long("word"));
  expect(Math.max(...wrapped.split("\n").map((line) => line.length))).toBeLessThanOrEqual(COLUMNS);
  expect(wordsOf(wrapped)).toEqual(wordsOf(long("word")));
  expect(wrapMarkdown(wrapped)).toBe(wrapped);
});

test("further lines of a list item are indented as its text, and those of a quote are quoted", () => {
  for (const [first, next] of [
    ["- ", "  "],
    ["12. ", "    "],
    ["  - ", "    "],
    ["> ", "> "],
  ] as const) {
    const [, second = ""] = wrapMarkdown(first + long("item")).split("\n");
    expect(second.startsWith(`${next}item`), first).toBe(true);
  }
});

test("a clause begins a line of its own", () => {
  expect(wrapMarkdown(`${long("one")}\n**§1.2** two`)).toMatch(/\n\*\*§1\.2\*\* two$/);
});

test("a code span is not broken, and what would become a mark doesn't begin a line", () => {
  const code = `\`${"x".repeat(50)} ${"y".repeat(45)}\``;
  expect(wrapMarkdown(`${long("text")} ${code}`).split("\n")).toContain(code);
  for (const mark of ["-", "+", "1.", "#", ">", "|x"]) {
    const lines = wrapMarkdown(Array(60).fill(`abc ${mark}`).join(" ")).split("\n");
    expect(lines.filter((line) => line.startsWith(mark))).toEqual([]);
  }
});

test("tables, code, headings and paragraphs that fit stay as they are", () => {
  const text = [
    `# ${long("heading")}`,
    `| ${long("cell")} |`,
    `\`\`\`sh\n${long("code")}\n\`\`\``,
    `    ${long("indented")}`,
    "two short\nlines",
    `<b>${long("html")}</b>`,
  ].join("\n\n");
  expect(wrapMarkdown(text)).toBe(text);
});

// Wraps the prose of every Markdown file at column 100; a part of `npm run fix`. With `--check` it
// names the lines that are longer, and changes nothing. A paragraph whose lines all fit stays as it
// is. Tables, code, headings, HTML and what has no space to break at stay on one line.
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT, say } from "./set-up.mjs";

export const COLUMNS = 100;
const FENCE = /^\s*(?:```|~~~)/;
/** A line that no paragraph goes over: blank, heading, table, HTML, rule, or link definition. */
const ALONE = /^\s*(?:$|#|\||<|---|\[[^\]]+\]:)/;
/** What begins a paragraph within a block: a list item, a quote, or a numbered clause. */
const BEGIN = /^(\s*)([-*+] |\d{1,3}[.)] |> |(?=\*\*§))/;
/** What would change its meaning at the beginning of a line. */
const MARK = /^(?:[-+*]|#{1,6}|=+|-+|1[.)])$|^[>|]/;
/** Code spans with what touches them, or any text without a space: neither is broken. */
const ATOM = /[^\s`]*(?:`[^`]*`[^\s`]*)+|\S+/g;

/** The text with its prose wrapped. */
export function wrapMarkdown(text) {
  const out = [];
  let block = [];
  let isCode = false;
  const flush = () => {
    out.push(...(block.some((line) => line.length > COLUMNS) ? wrapped(block) : block));
    block = [];
  };
  for (const line of text.split("\n")) {
    const isFence = FENCE.test(line);
    if (isFence) isCode = !isCode;
    // Four spaces outside of a list are code; within one they belong to its item.
    const isIndented = block.length === 0 && /^ {4}/.test(line);
    if (isFence || isCode || isIndented || ALONE.test(line)) {
      flush();
      out.push(line);
      continue;
    }
    if (BEGIN.test(line)) flush();
    block.push(line);
    if (/(?: {2}|\\)$/.test(line)) flush(); // A hard break.
  }
  flush();
  return out.join("\n");
}

/** One paragraph, whose further lines are indented as its text is. */
function wrapped(block) {
  const first = BEGIN.exec(block[0])?.[0] ?? /^\s*/.exec(block[0])[0];
  const next = first.endsWith("> ") ? first : " ".repeat(first.length);
  const strip = (line, at) =>
    at === 0 ? line.slice(first.length) : line.replace(/^\s*(?:> )?/, "");
  const atoms = block.map(strip).join(" ").match(ATOM) ?? [];
  const lines = [[]];
  let columns = first.length;
  for (const atom of atoms) {
    const line = lines.at(-1);
    columns += atom.length + (line.length > 0 ? 1 : 0);
    if (line.length === 0 || columns <= COLUMNS) {
      line.push(atom);
      continue;
    }
    // A mark stays after the text before it, which moves to the next line with it.
    const moved = MARK.test(atom) && line.length > 1 ? [line.pop(), atom] : [atom];
    lines.push(moved);
    columns = next.length + moved.join(" ").length;
  }
  return lines.map((line, at) => (at === 0 ? first : next) + line.join(" "));
}

/** The Markdown files of the repository. */
export function markdownFiles() {
  const listed = ["ls-files", "--cached", "--others", "--exclude-standard", "*.md"];
  const paths = execFileSync("git", listed, { cwd: ROOT, encoding: "utf8" }).split("\n");
  // What programs print is kept in docs/long as they print it.
  return paths.filter((path) => path !== "" && !path.startsWith("docs/long/"));
}

if (process.argv[1]?.endsWith("wrap-markdown.mjs")) {
  const isCheck = process.argv.includes("--check");
  const wrong = markdownFiles().filter((path) => {
    const text = readFileSync(join(ROOT, path), "utf8");
    const better = wrapMarkdown(text);
    if (better !== text && !isCheck) writeFileSync(join(ROOT, path), better);
    return better !== text;
  });
  if (isCheck && wrong.length > 0) {
    say(`Not wrapped at column ${COLUMNS}: ${wrong.join(", ")}. Run: npm run fix`);
    process.exitCode = 1;
  }
}

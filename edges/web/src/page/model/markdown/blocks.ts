/**
 * Finds the blocks of a Markdown text that grows, line by line: each is parsed by itself, so that a
 * token costs the block that it belongs to and not the whole text. Linear in the text.
 */

/** Characters of a block of prose, which is cut there: what one parse and one layout cost. */
export const BLOCK_CHARACTERS_MAX = 4_000;

/** A paragraph is laid out anew with each token, so that it is cut sooner than a table or list. */
export const PARAGRAPH_CHARACTERS_MAX = 2_000;

/** Lines of a block: the lexer's time grows faster than the number of items in a list. */
export const BLOCK_LINES_MAX = 150;

/** Characters of a line in which a fence, a list marker or a quote is looked for. */
const MARKER_CHARACTERS = 64;

export type Block =
  | {
      readonly kind: "code";
      /** Where it begins in the text. */
      readonly start: number;
      readonly language: string;
      readonly text: string;
      /** False while its closing fence has not come. */
      readonly isClosed: boolean;
      readonly end: number;
    }
  | {
      readonly kind: "prose";
      readonly start: number;
      /** Blank lines before it; like the white space behind it, the view keeps them as text. */
      readonly before: string;
      readonly text: string;
      readonly space: string;
      readonly end: number;
    };

const FENCE = /^( {0,3})(```|~~~)/;
const LIST_ITEM = /^ {0,3}(?:[-+*]|\d{1,9}[.)])(?:[ \t]|$)/;
const CONTAINER = /^ {0,3}(?:[-+*][ \t]|\d{1,9}[.)][ \t]|>|\|)/;
const BLANK = /^\s*$/;

/** The blocks of `text` from `from` on, which must be the beginning of a block. */
export function blocksOf(text: string, from = 0): readonly Block[] {
  const blocks: Block[] = [];
  for (let at = from; at < text.length; ) {
    const block = fenceAt(text, at) ?? proseAt(text, at);
    blocks.push(block);
    at = block.end;
  }
  return blocks;
}

function fenceAt(text: string, start: number): Block | null {
  const first = lineAt(text, start);
  const fence = fenceOf(first.text);
  if (fence === null) return null;
  const { language } = fence;
  const code = (end: number) => outdent(text.slice(first.end, end), fence.indent);
  for (let at = first.end; at < text.length; ) {
    const line = lineAt(text, at);
    if (closes(line.text, fence)) {
      const content = code(Math.max(first.end, at - 1));
      return { kind: "code", start, language, text: content, isClosed: true, end: line.end };
    }
    at = line.end;
  }
  const content = code(text.length);
  return { kind: "code", start, language, text: content, isClosed: false, end: text.length };
}

/** Code within a list is indented as its fence is. */
function outdent(code: string, spaces: number): string {
  if (spaces === 0) return code;
  const lines = code.split("\n");
  return lines.map((line) => line.slice(Math.min(spaces, line.search(/[^ ]|$/)))).join("\n");
}

function skipBlank(text: string, from: number): number {
  for (let at = from; at < text.length; ) {
    const line = lineAt(text, at);
    if (!BLANK.test(line.text) || line.end === text.length) return at;
    at = line.end;
  }
  return from;
}

type Fence = {
  readonly indent: number;
  /** The character that it is made of, and how many of them. */
  readonly mark: string;
  readonly length: number;
  readonly language: string;
};

/** The fence that a line opens code with; null when it opens none. */
function fenceOf(line: string): Fence | null {
  const [, indent = "", opening = ""] = FENCE.exec(line) ?? [];
  if (opening === "") return null;
  const mark = opening.charAt(0);
  let end = indent.length;
  while (line.charAt(end) === mark) end += 1;
  const info = line.slice(end).trim();
  if (info.includes("`")) return null; // Code within a line.
  const language = info.split(/\s/, 1)[0] ?? "";
  return { indent: indent.length, mark, length: end - indent.length, language };
}

function closes(line: string, { mark, length }: Fence): boolean {
  const trimmed = line.trim();
  return trimmed.length >= length && trimmed.split("").every((one) => one === mark);
}

/** Up to a blank line that ends it, a fence, or the limit. */
function proseAt(text: string, start: number): Block {
  const body = skipBlank(text, start);
  const first = lineAt(text, body);
  const isList = LIST_ITEM.test(first.text);
  const max = CONTAINER.test(first.text) ? BLOCK_CHARACTERS_MAX : PARAGRAPH_CHARACTERS_MAX;
  let end = body; // Behind the last line that is not blank.
  let at = body;
  let wasBlank = false;
  let lines = 0;
  while (at < text.length) {
    const line = lineAt(text, at);
    const isBlank = BLANK.test(line.text);
    if (!isBlank && end > body) {
      const goesOn = !wasBlank || (isList && (LIST_ITEM.test(line.text) || /^\s/.test(line.text)));
      if (!goesOn || fenceOf(line.text) !== null) break;
    }
    lines += 1;
    if (!isBlank && line.end - body > max) {
      return end > body ? prose(text, [start, body, end, at]) : cutLine(text, [start, body], max);
    }
    if (lines > BLOCK_LINES_MAX) break;
    if (!isBlank) end = line.end;
    wasBlank = isBlank;
    at = line.end;
  }
  return prose(text, [start, body, end, at]);
}

/** A line that is longer than a block may be: cut after a space where there is one near. */
function cutLine(text: string, [start, body]: readonly [number, number], max: number): Block {
  const space = text.lastIndexOf(" ", body + max - 1);
  let end = space > body + max / 2 ? space + 1 : body + max;
  const last = text.charCodeAt(end - 1);
  if (last >= 0xd8_00 && last <= 0xdb_ff) end -= 1; // No surrogate pair is split.
  return prose(text, [start, body, end, end]);
}

type Places = readonly [start: number, body: number, bodyEnd: number, end: number];

function prose(text: string, [start, body, bodyEnd, end]: Places): Block {
  const content = text.slice(body, bodyEnd).trimEnd();
  const space = text.slice(body + content.length, end);
  return { kind: "prose", start, before: text.slice(start, body), text: content, space, end };
}

type Line = {
  /** Its beginning, without the line break: markers are looked for there only. */
  readonly text: string;
  /** Where the next line begins. */
  readonly end: number;
};

function lineAt(text: string, at: number): Line {
  const found = text.indexOf("\n", at);
  const end = found < 0 ? text.length : found + 1;
  const stop = Math.min(found < 0 ? end : found, at + MARKER_CHARACTERS);
  return { text: text.slice(at, stop).replace(/\r$/, ""), end };
}

/**
 * One block of Markdown to nodes, by the lexer of `marked`. Its work is bounded before it begins: a
 * block is short, and one that holds too much markup, or nests too deep, is a paragraph as it
 * stands. HTML is shown as the text that it is.
 */
import { Marked } from "marked";
import { BLOCK_CHARACTERS_MAX } from "./blocks.ts";
import type { Align, BlockNode, Inline, Item } from "./nodes.ts";

/** Characters of a block that may begin markup: prose has a few dozen, a wide table hundreds. */
const MARKS_MAX = 800;
/** Of those that the lexer looks at again for each other one of their kind. */
const PAIRED_MARKS_MAX = 300;
/** Lists and quotes within each other. The lexer's time grows with each level. */
const DEPTH_MAX = 8;

const MARK = /[\\`*_[\]<>|~!&@]/g;
const PAIRED_MARK = /[*_[<]/g;
/** Markers of quotes and items at the beginning of a line, one within the other. */
const NESTING = /^(?:[ \t]*(?:>|[-+*][ \t]|\d{1,9}[.)][ \t])){5}/m;

/** Addresses that a link may lead to; everything else stays text. */
const SAFE_ADDRESS = /^(?:https?:\/\/|mailto:)/i;

const marked = new Marked({ gfm: true });

export function parseBlock(text: string): readonly BlockNode[] {
  if (!isBounded(text)) return [plain(text)];
  try {
    return blockNodes(lex(text), 0);
  } catch {
    return [plain(text)]; // The lexer recurses; what nests too deep for it is text.
  }
}

function isBounded(text: string): boolean {
  if (text.length > BLOCK_CHARACTERS_MAX || NESTING.test(text)) return false;
  const pairs = text.match(PAIRED_MARK)?.length ?? 0;
  const marks = text.match(MARK)?.length ?? 0;
  return pairs <= PAIRED_MARKS_MAX && marks <= MARKS_MAX;
}

function plain(text: string): BlockNode {
  return { kind: "paragraph", children: [text] };
}

/** What is read of a token of the lexer, whichever it is. */
type Lexed = {
  readonly type: string;
  readonly raw: string;
  readonly text?: string | undefined;
  readonly tokens?: readonly Lexed[] | undefined;
  readonly lang?: string | undefined;
  readonly depth?: number | undefined;
  readonly href?: string | undefined;
  readonly ordered?: boolean | undefined;
  readonly start?: number | "" | undefined;
  readonly items?: readonly LexedItem[] | undefined;
  readonly align?: readonly Align[] | undefined;
  readonly header?: readonly LexedText[] | undefined;
  readonly rows?: readonly (readonly LexedText[])[] | undefined;
};
type LexedItem = {
  readonly task: boolean;
  readonly checked?: boolean | undefined;
  readonly tokens: readonly Lexed[];
};
type LexedText = {
  readonly text?: string | undefined;
  readonly tokens?: readonly Lexed[] | undefined;
};

function lex(text: string): readonly Lexed[] {
  return marked.lexer(text);
}

function blockNodes(tokens: readonly Lexed[], depth: number): readonly BlockNode[] {
  return tokens.flatMap((token) => blockNode(token, depth));
}

function blockNode(token: Lexed, depth: number): readonly BlockNode[] {
  if (depth > DEPTH_MAX) return [plain(token.raw)];
  switch (token.type) {
    case "space":
    case "checkbox":
      return [];
    case "hr":
      return [{ kind: "rule" }];
    case "code":
      return [{ kind: "code", language: token.lang ?? "", text: token.text ?? "" }];
    case "heading":
      return [{ kind: "heading", level: token.depth ?? 1, children: inlineNodes(token, depth) }];
    case "blockquote":
      return [{ kind: "quote", children: blockNodes(token.tokens ?? [], depth + 1) }];
    case "list":
      return [listNode(token, depth)];
    case "table":
      return [tableNode(token, depth)];
    case "paragraph":
    case "text":
      return [{ kind: "paragraph", children: inlineNodes(token, depth) }];
    default: // HTML, definitions and whatever else there may be: the text that it is.
      return [plain(token.raw.trimEnd())];
  }
}

function listNode({ ordered, start, items = [] }: Lexed, depth: number): BlockNode {
  const item = ({ task, checked, tokens }: LexedItem): Item => ({
    isDone: task ? checked === true : null,
    children: blockNodes(tokens, depth + 1),
  });
  return { kind: "list", start: ordered === true ? Number(start) : null, items: items.map(item) };
}

function tableNode({ align = [], header = [], rows = [] }: Lexed, depth: number): BlockNode {
  const cells = (row: readonly LexedText[]) => row.map((cell) => inlineNodes(cell, depth));
  return { kind: "table", align, head: cells(header), rows: rows.map(cells) };
}

function inlineNodes({ text = "", tokens }: LexedText, depth: number): readonly Inline[] {
  if (tokens === undefined || depth > DEPTH_MAX) return [text];
  return tokens.map((token) => inlineNode(token, depth));
}

function inlineNode(token: Lexed, depth: number): Inline {
  switch (token.type) {
    case "strong":
    case "em":
    case "del":
      return { kind: token.type, children: inlineNodes(token, depth + 1) };
    case "codespan":
      return { kind: "code", text: token.text ?? "" };
    case "link":
      return linkNode(token, inlineNodes(token, depth + 1));
    case "image": // Nothing is loaded from elsewhere: its address is linked.
      return linkNode(token, [token.text || (token.href ?? "")]);
    case "br":
      return "\n";
    case "escape":
      return token.text ?? "";
    default:
      return token.raw;
  }
}

function linkNode({ href = "", raw }: Lexed, children: readonly Inline[]): Inline {
  return SAFE_ADDRESS.test(href) ? { kind: "link", href, children } : raw;
}

/** The text of a passage as elements: block by block, of which only the last ones change. */
import { memo } from "preact/compat";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import type { Block } from "../model/markdown/blocks.ts";
import { GrowingBlocks, hasMarkup } from "../model/markdown/growing.ts";
import type { BlockNode } from "../model/markdown/nodes.ts";
import { loadParser, type Parse, parser } from "../wire/markdown.ts";
import { CodeBlock, MarkdownNodes } from "./markdown-nodes.tsx";

type Props = {
  readonly text: string;
  /** True while more may come. */
  readonly isOpen: boolean;
};

export function MessageText({ text, isOpen }: Props) {
  const growing = useRef<GrowingBlocks | null>(null);
  growing.current ??= new GrowingBlocks();
  const blocks = growing.current.update(text);
  return (
    <div class="text" dir="auto">
      {blocks.map((block, index) => (
        <BlockView key={block.start} block={block} isOpen={isOpen && index === blocks.length - 1} />
      ))}
    </div>
  );
}

type BlockProps = { readonly block: Block; readonly isOpen: boolean };

/** Blank lines stay in the document as text, so that a copy of the page has them. */
const BlockView = memo(function BlockView({ block, isOpen }: BlockProps) {
  if (block.kind === "code") return <CodeBlock language={block.language} text={block.text} />;
  return (
    <>
      {block.before}
      <Prose text={block.text} isOpen={isOpen} />
      {block.space}
    </>
  );
});

function Prose({ text, isOpen }: Props) {
  const needsParser = hasMarkup(text);
  useEffect(() => {
    if (needsParser) loadParser();
  }, [needsParser]);
  const parse = parser.value;
  if (text === "") return null;
  if (!needsParser || parse === null) return <PlainText text={text} />;
  return <Parsed text={text} isOpen={isOpen} parse={parse} />;
}

/** Written by appending, so that what a reader has selected in it stays selected. */
function PlainText({ text }: { readonly text: string }) {
  const paragraph = useRef<HTMLParagraphElement>(null);
  const node = useRef<Text | null>(null);
  useLayoutEffect(() => {
    node.current ??= document.createTextNode("");
    const { current } = node;
    if (current.parentNode === null) paragraph.current?.append(current);
    if (text.startsWith(current.data)) current.appendData(text.slice(current.length));
    else current.data = text;
  }, [text]);
  return <p dir="auto" ref={paragraph} />;
}

/**
 * Milliseconds without parsing, for each that the last parse took: so that a text that is expensive
 * to parse takes a small share of the page's time, however fast it grows.
 */
const REST_PER_PARSE = 15;

type Last = {
  readonly text: string;
  readonly parse: Parse;
  readonly nodes: readonly BlockNode[];
  readonly restUntilMs: number;
};

function Parsed({ text, isOpen, parse }: Props & { readonly parse: Parse }) {
  const last = useRef<Last | null>(null);
  const { current } = last;
  const mayRest = current !== null && isOpen && text.startsWith(current.text);
  if (current?.text !== text && !(mayRest && performance.now() < current.restUntilMs)) {
    const began = performance.now();
    const nodes = parse(text);
    const ended = performance.now();
    last.current = { text, parse, nodes, restUntilMs: ended + (ended - began) * REST_PER_PARSE };
  }
  const shown = last.current;
  if (shown === null) return null;
  const rest = text.slice(shown.text.length);
  return (
    <>
      <MarkdownNodes nodes={shown.nodes} />
      {rest !== "" && <p dir="auto">{rest}</p>}
    </>
  );
}

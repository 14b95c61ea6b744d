/** Markdown nodes as elements. Text stays text: nothing here reads markup. */
import { Fragment, type VNode } from "preact";
import { memo } from "preact/compat";
import type { BlockNode, Inline, Item } from "../model/markdown/nodes.ts";
import { straight } from "../model/text.ts";
import { CopyButton } from "./copy-button.tsx";

type NodesProps = { readonly nodes: readonly BlockNode[] };

export const MarkdownNodes = memo(function MarkdownNodes({ nodes }: NodesProps) {
  return <>{blocks(nodes)}</>;
});

function blocks(nodes: readonly BlockNode[]): VNode[] {
  return nodes.map((node, index) => <Fragment key={index}>{block(node)}</Fragment>);
}

function block(node: BlockNode): VNode {
  switch (node.kind) {
    case "paragraph":
      return <p dir="auto">{inlines(node.children)}</p>;
    case "heading":
      return (
        <p class={`heading level-${Math.min(node.level, 4)}`} dir="auto">
          {inlines(node.children)}
        </p>
      );
    case "code":
      return <CodeBlock language={node.language} text={node.text} />;
    case "quote":
      return <blockquote>{blocks(node.children)}</blockquote>;
    case "list":
      return list(node);
    case "table":
      return <Table table={node} />;
    case "rule":
      return <hr />;
  }
}

function list({ start, items }: Extract<BlockNode, { readonly kind: "list" }>): VNode {
  const children = items.map((item, index) => <li key={index}>{itemContent(item)}</li>);
  return start === null ? <ul>{children}</ul> : <ol start={start}>{children}</ol>;
}

/** The paragraph of a short item stands on the line of its marker. */
function itemContent({ isDone, children }: Item) {
  return (
    <>
      {isDone !== null && (
        <input type="checkbox" disabled checked={isDone} aria-label={isDone ? "Done" : "Open"} />
      )}
      {children.map((child, index) => (
        <Fragment key={index}>
          {child.kind === "paragraph" ? <span>{inlines(child.children)}</span> : block(child)}
        </Fragment>
      ))}
    </>
  );
}

type TableNode = Extract<BlockNode, { readonly kind: "table" }>;

function Table({ table: { align, head, rows } }: { readonly table: TableNode }) {
  const at = (index: number) => {
    const side = align[index] ?? null;
    return side === null ? {} : { class: `align-${side}` };
  };
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: the keyboard has to be able to scroll it.
    <section class="table" aria-label="Table" tabIndex={0}>
      <table>
        <thead>
          <tr>
            {head.map((cell, index) => (
              <th key={index} {...at(index)}>
                {inlines(cell)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, line) => (
            <tr key={line}>
              {row.map((cell, index) => (
                <td key={index} {...at(index)}>
                  {inlines(cell)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

type CodeProps = { readonly language: string; readonly text: string };

export function CodeBlock({ language, text }: CodeProps) {
  return (
    <figure class="code">
      <figcaption>
        <bdi>{straight(language) || "code"}</bdi>
        <CopyButton quiet text={text} what="this code" />
      </figcaption>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: the keyboard has to be able to scroll it. */}
      <pre tabIndex={0}>
        <code>{text}</code>
      </pre>
    </figure>
  );
}

function inlines(nodes: readonly Inline[]): (string | VNode)[] {
  return nodes.map((node, index) =>
    typeof node === "string" ? node : <Fragment key={index}>{inline(node)}</Fragment>,
  );
}

function inline(node: Exclude<Inline, string>): VNode {
  switch (node.kind) {
    case "strong":
      return <strong>{inlines(node.children)}</strong>;
    case "em":
      return <em>{inlines(node.children)}</em>;
    case "del":
      return <del>{inlines(node.children)}</del>;
    case "code":
      return <code>{node.text}</code>;
    case "link":
      // The address is the title: what the text says may be another one.
      return (
        <a
          href={node.href}
          title={node.href}
          target="_blank"
          rel="noopener noreferrer nofollow"
          referrerpolicy="no-referrer"
        >
          {inlines(node.children)}
        </a>
      );
  }
}

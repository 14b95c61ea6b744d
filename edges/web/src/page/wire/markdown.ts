/** The parser of Markdown, which is loaded when the first text needs it. */
import { signal } from "@preact/signals";
import type { BlockNode } from "../model/markdown/nodes.ts";

export type Parse = (text: string) => readonly BlockNode[];

/** Null until it is loaded: until then, and where it can't be, texts are shown as they stand. */
export const parser = signal<Parse | null>(null);

let isAsked = false;

export function loadParser(): void {
  if (isAsked) return;
  isAsked = true;
  import("../model/markdown/parse.ts").then(
    ({ parseBlock }) => {
      parser.value = parseBlock;
    },
    () => {
      isAsked = false; // The network may be back when the next text needs it.
    },
  );
}

/** The blocks of one text that grows: those that are complete keep their identity. */
import { type Block, blocksOf } from "./blocks.ts";

/**
 * Blocks at the end that text to come may still change: the last one, and the one before it as long
 * as the first line of the last is not complete.
 */
const OPEN_BLOCKS = 2;

export class GrowingBlocks {
  #text = "";
  #blocks: readonly Block[] = [];

  /** The blocks of the text, which is what it was before with something behind it, or another. */
  update(text: string): readonly Block[] {
    if (text === this.#text) return this.#blocks;
    const before = text.startsWith(this.#text) ? this.#blocks : [];
    const kept = before.slice(0, -OPEN_BLOCKS);
    const found = blocksOf(text, kept.at(-1)?.end ?? 0);
    const same = (block: Block, index: number) => {
      const earlier = before[kept.length + index];
      return earlier !== undefined && isSame(earlier, block) ? earlier : block;
    };
    this.#blocks = [...kept, ...found.map(same)];
    this.#text = text;
    return this.#blocks;
  }
}

function isSame(one: Block, other: Block): boolean {
  return one.start === other.start && one.end === other.end && one.kind === other.kind;
}

/** Characters that may begin markup; without one a block is a paragraph as it stands. */
const MARKUP = /[\\`*_[<|~#@]|:\/\/|www\.|^[ \t]*(?:[-+=>]|:-|\d{1,9}[.)])|^(?: {4}|\t)/m;

/** True when a block has to be parsed. */
export function hasMarkup(text: string): boolean {
  return MARKUP.test(text);
}

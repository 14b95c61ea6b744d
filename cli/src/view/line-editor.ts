/**
 * One line of input: what is typed, where the cursor is, what was sent before. Keys in, state out;
 * it draws nothing.
 */
import { harmless } from "../terminal/harmless.ts";
import { columnsOf, graphemes } from "./width.ts";

export type Key = {
  readonly name?: string | undefined;
  readonly ctrl?: boolean | undefined;
  readonly meta?: boolean | undefined;
};

export type Typed =
  | { readonly type: "edited" }
  | { readonly type: "line"; readonly text: string }
  /** Ctrl-D on an empty line. */
  | { readonly type: "leave" }
  | { readonly type: "interrupt" }
  | { readonly type: "redraw" }
  /** The line holds no more: the first key that was left out. */
  | { readonly type: "full" };

/** Lines that are kept to come back to. */
const HISTORY_MAX = 200;
/**
 * Characters of a line: a long paste, and still drawn at once. What is longer than a token goes out
 * in several.
 */
export const LINE_CHARACTERS_MAX = 65_536;

const EDITED: Typed = { type: "edited" };

export class LineEditor {
  #before: string[] = []; // Graphemes before the cursor, and after it.
  #after: string[] = [];
  #history: string[] = [];
  #at = 0; // The position in the history; its length is the line that is being typed.
  #draft = "";
  #isFull = false; // And that was said.

  key(text: string | undefined, key: Key): Typed {
    if (key.ctrl === true) return this.#control(key.name ?? "");
    const edit = this.#edits[key.name ?? ""];
    if (edit !== undefined) return edit();
    return text !== undefined && key.meta !== true ? this.#insert(text) : EDITED;
  }

  get text(): string {
    return [...this.#before, ...this.#after].join("");
  }

  /** The part of the line around the cursor that fits, and the cursor's column in it. */
  window(columns: number): { readonly text: string; readonly column: number } {
    const before: string[] = [];
    let used = 0;
    for (let at = this.#before.length - 1; at >= 0; at -= 1) {
      const shown = shownAs(this.#before[at] ?? "");
      if (used + columnsOf(shown) >= columns) break;
      used += columnsOf(shown);
      before.push(shown);
    }
    const column = used;
    const after: string[] = [];
    for (const grapheme of this.#after) {
      const shown = shownAs(grapheme);
      used += columnsOf(shown);
      if (used >= columns) break;
      after.push(shown);
    }
    return { text: before.reverse().join("") + after.join(""), column };
  }

  readonly #edits: Readonly<Record<string, () => Typed>> = {
    return: () => this.#enter(),
    enter: () => this.#enter(),
    backspace: () => this.#edit(() => this.#before.pop()),
    delete: () => this.#edit(() => this.#after.shift()),
    left: () => this.#edit(() => this.#after.unshift(...this.#before.splice(-1))),
    right: () => this.#edit(() => this.#before.push(...this.#after.splice(0, 1))),
    home: () => this.#edit(() => this.#after.unshift(...this.#before.splice(0))),
    end: () => this.#edit(() => this.#before.push(...this.#after.splice(0))),
    up: () => this.#edit(() => this.#recall(this.#at - 1)),
    down: () => this.#edit(() => this.#recall(this.#at + 1)),
  };

  #control(name: string): Typed {
    switch (name) {
      case "c":
        return { type: "interrupt" };
      case "d":
        return this.text === "" ? { type: "leave" } : this.#edit(() => this.#after.shift());
      case "l":
        return { type: "redraw" };
      case "a":
        return this.#edits.home?.() ?? EDITED;
      case "e":
        return this.#edits.end?.() ?? EDITED;
      case "u":
        return this.#edit(() => this.#before.splice(0));
      case "k":
        return this.#edit(() => this.#after.splice(0));
      case "w":
        return this.#edit(() => this.#eraseWord());
      case "j":
        return this.#enter();
      default:
        return EDITED;
    }
  }

  #insert(text: string): Typed {
    if (text !== "\t" && /\p{Cc}/u.test(text)) return EDITED;
    const isFull = this.#before.length + this.#after.length >= LINE_CHARACTERS_MAX;
    const isNews = isFull && !this.#isFull;
    this.#isFull = isFull;
    if (isFull) return isNews ? { type: "full" } : EDITED;
    // A combining character joins the one before it.
    const last = this.#before.pop() ?? "";
    this.#before.push(...graphemes(last + text));
    return EDITED;
  }

  #enter(): Typed {
    const { text } = this;
    if (text === "") return EDITED;
    this.#history = [...this.#history.filter((line) => line !== text), text].slice(-HISTORY_MAX);
    this.#at = this.#history.length;
    this.#draft = "";
    this.#set("");
    return { type: "line", text };
  }

  #recall(at: number): void {
    if (at < 0 || at > this.#history.length) return;
    if (this.#at === this.#history.length) this.#draft = this.text;
    this.#at = at;
    this.#set(this.#history[at] ?? this.#draft);
  }

  #eraseWord(): void {
    while (this.#before.at(-1) === " ") this.#before.pop();
    while (this.#before.length > 0 && this.#before.at(-1) !== " ") this.#before.pop();
  }

  #set(text: string): void {
    this.#before = [...graphemes(text)];
    this.#after = [];
  }

  #edit(change: () => unknown): Typed {
    change();
    return EDITED;
  }
}

/**
 * A tab is sent as one and can't be drawn as one; what would harm the terminal may have been
 * pasted.
 */
function shownAs(grapheme: string): string {
  return grapheme === "\t" ? "→" : harmless(grapheme);
}

import { describe, expect, test } from "vitest";
import { type Drawn, Screen } from "./screen.ts";

const ESC = "\x1b";
const PIECES = new RegExp(`${ESC}\\[\\??\\d*[A-Za-z]|\\r|\\n|[^${ESC}\\r\\n]+`, "g");
const SEQUENCE = new RegExp(`^${ESC}\\[\\??(\\d*)([A-Za-z])$`);

const row = (text: string): Drawn => ({ plain: text, styled: text });

/**
 * As much of a terminal as the screen uses: rows of text, a cursor, and what it does when it
 * becomes narrower.
 */
class FakeTerminal {
  columns: number;
  rows: string[] = [""];
  isCursorShown = true;
  #row = 0;
  #column = 0;

  constructor(columns: number) {
    this.columns = columns;
  }

  write(text: string): void {
    const pieces = text.match(PIECES) ?? [];
    for (const piece of pieces) this.#piece(piece);
  }

  /** The cursor stays on its row, as terminals do that wrap anew. */
  shrink(columns: number): void {
    const cursorRow = this.rows[this.#row] ?? "";
    const above = this.rows.slice(0, this.#row).flatMap((text) => wrap(text, columns));
    this.rows = [...above, ...wrap(cursorRow, columns), ...this.rows.slice(this.#row + 1)];
    this.#row = above.length;
    this.columns = columns;
  }

  get cursor() {
    return { row: this.#row, column: this.#column };
  }

  #piece(piece: string): void {
    const [, count = "", command = ""] = SEQUENCE.exec(piece) ?? [];
    if (piece === "\r") this.#column = 0;
    else if (piece === "\n") this.#row += 1;
    else if (command === "A") this.#row -= Number(count);
    else if (command === "C") this.#column += Number(count);
    else if (command === "J")
      this.rows = this.rows
        .slice(0, this.#row + 1)
        .map((text, index) => (index === this.#row ? text.slice(0, this.#column) : text));
    else if (count === "25") this.isCursorShown = command === "h";
    else if (command === "") this.#print(piece);
  }

  #print(text: string): void {
    while (this.rows.length <= this.#row) this.rows.push("");
    const before = (this.rows[this.#row] ?? "").slice(0, this.#column).padEnd(this.#column);
    this.rows[this.#row] = (before + text).slice(0, this.columns);
    this.#column = Math.min(this.columns, this.#column + text.length);
  }
}

function wrap(text: string, columns: number): readonly string[] {
  if (text.length <= columns) return [text];
  return [text.slice(0, columns), ...wrap(text.slice(columns), columns)];
}

describe("the lower end of a terminal", () => {
  test("live rows are drawn anew, final ones stay above them", () => {
    const terminal = new FakeTerminal(20);
    const screen = new Screen(terminal, () => 0);
    screen.draw([], [row("typing"), row("roster"), row("> ")], { row: 2, column: 2 });
    screen.draw([row("said")], [row("roster"), row("> x")], { row: 1, column: 3 });
    expect(terminal.rows).toEqual(["said", "roster", "> x"]);
    expect(terminal.cursor).toEqual({ row: 2, column: 3 });
    screen.draw([row("more")], [row("roster"), row("> ")], { row: 1, column: 2 });
    expect(terminal.rows).toEqual(["said", "more", "roster", "> "]);
  });

  test("at the end the live rows are gone and the cursor is there", () => {
    const terminal = new FakeTerminal(20);
    const screen = new Screen(terminal, () => 0);
    screen.draw([row("said")], [row("roster"), row("> ")], null);
    expect(terminal.isCursorShown).toBe(false);
    screen.end();
    expect(terminal.rows).toEqual(["said", ""]);
    expect(terminal.isCursorShown).toBe(true);
    expect(terminal.cursor).toEqual({ row: 1, column: 0 });
  });

  test("after the terminal became narrower, no final row is taken away and no live one is left", () => {
    let now = 0;
    const terminal = new FakeTerminal(30);
    const screen = new Screen(terminal, () => now);
    screen.draw([row("final")], [row("a live row of 26 characters"), row("> ")], {
      row: 1,
      column: 2,
    });
    now += 1_000;
    terminal.shrink(15);
    screen.draw([], [row("a live row of"), row("> ")], { row: 1, column: 2 });
    expect(terminal.rows).toEqual(["final", "a live row of", "> "]);
  });

  test("a row that is too wide is cut, and counts as one", () => {
    const terminal = new FakeTerminal(12);
    const screen = new Screen(terminal, () => 0);
    screen.draw([row("final")], [row("far too wide for this"), row("> ")], { row: 1, column: 2 });
    screen.draw([], [row("next"), row("> ")], { row: 1, column: 2 });
    expect(terminal.rows).toEqual(["final", "next", "> "]);
  });
});

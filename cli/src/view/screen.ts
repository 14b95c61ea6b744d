/**
 * The lower end of a terminal: rows that are final scroll up and away, a few live rows below them
 * are drawn anew each time. No alternate screen, so that what was said stays in the scrollback when
 * it is over.
 */
import { columnsOf } from "./width.ts";

/** A row as it is drawn: `plain` has the same text without colours. */
export type Drawn = { readonly plain: string; readonly styled: string };

export type Cursor = { readonly row: number; readonly column: number };

const ESC = "\x1b";
const HIDE_CURSOR = `${ESC}[?25l`;
export const SHOW_CURSOR = `${ESC}[?25h`;
/**
 * Rows that are wider than the terminal are cut there: its size may have changed without a
 * signal so far.
 */
const CUT_ROWS = `${ESC}[?7l`;
const WRAP_ROWS = `${ESC}[?7h`;
/**
 * Milliseconds for which a terminal may have had its new size before it says so: tmux waits that
 * long.
 */
const SIZE_STALE_MS = 300;
const CLEAR_BELOW = `${ESC}[J`;

export type Terminal = {
  readonly columns: number;
  /**
   * Node asks for the size only when the signal of a change has come, which may be after the next
   * row is drawn.
   */
  _refreshSize?(): void;
  write(text: string): unknown;
};

export class Screen {
  readonly #terminal: Terminal;
  readonly #now: () => number;
  #drawnAt = 0;
  #widths: readonly number[] = []; // Columns of the live rows, as they were drawn.
  #cursorRow = 0; // Of the live rows, as they were drawn.

  constructor(terminal: Terminal, now: () => number = () => performance.now()) {
    this.#terminal = terminal;
    this.#now = now;
  }

  /**
   * Columns of a row: the last one stays empty, as a terminal that is full there may wrap or not.
   */
  get columns(): number {
    return Math.max(10, this.#width - 1);
  }

  /** Asks the terminal how wide it is now. */
  refresh(): void {
    this.#terminal._refreshSize?.();
  }

  /** Adds final rows and draws the live ones. The cursor is hidden without a position for it. */
  draw(final: readonly Drawn[], live: readonly Drawn[], cursor: Cursor | null): void {
    const finals = final.map(({ styled }) => `${styled}\r\n`).join("");
    const lives = CUT_ROWS + live.map(({ styled }) => styled).join("\r\n") + WRAP_ROWS;
    this.#terminal.write(
      HIDE_CURSOR + this.#erase() + finals + lives + positionCursor(live, cursor),
    );
    // What is wider was cut, and is one row all the same.
    this.#widths = live.map(({ plain }) => Math.min(columnsOf(plain), this.#width));
    this.#drawnAt = this.#now();
    this.#cursorRow = cursor?.row ?? Math.max(0, live.length - 1);
  }

  /** Takes the live rows away; the next thing that is written replaces them. */
  end(): void {
    this.#terminal.write(`${this.#erase()}${SHOW_CURSOR}`);
    this.#widths = [];
    this.#cursorRow = 0;
  }

  get #width(): number {
    return this.#terminal.columns || 80;
  }

  #erase(): string {
    // A terminal that became narrower has wrapped the rows, unless they were drawn when it was that
    // narrow already, and so were cut. In doubt something is left standing, rather than taken away
    // that is final.
    const isWrapped = this.#now() - this.#drawnAt > SIZE_STALE_MS;
    const rowsOf = (columns: number) =>
      isWrapped ? Math.max(1, Math.ceil(columns / this.#width)) : 1;
    const above = this.#widths
      .slice(0, this.#cursorRow)
      .reduce((sum, columns) => sum + rowsOf(columns), 0);
    return `\r${above === 0 ? "" : `${ESC}[${above}A`}${CLEAR_BELOW}`;
  }
}

/** From the end of the last live row to the cursor's position. */
function positionCursor(live: readonly Drawn[], cursor: Cursor | null): string {
  if (cursor === null) return "";
  const up = live.length - 1 - cursor.row;
  const right = cursor.column === 0 ? "" : `${ESC}[${cursor.column}C`;
  return `${up === 0 ? "" : `${ESC}[${up}A`}\r${right}${SHOW_CURSOR}`;
}

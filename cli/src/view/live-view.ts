/**
 * A conversation on a terminal, as it happens: rows of text, a line that says who is here, and the
 * line that one types. Nothing else writes to the terminal while it is open.
 */
import { emitKeypressEvents } from "node:readline";
import { type AmsEvent, type Connection, type StreamIdentity, turnEndOf } from "@ams/client";
import { harmless } from "../terminal/harmless.ts";
import { interrupt } from "../terminal/interrupt.ts";
import { type Colors, type Output, writeAtExit } from "../terminal/output.ts";
import { type Key, LINE_CHARACTERS_MAX, LineEditor } from "./line-editor.ts";
import { noteOf } from "./notes.ts";
import { rosterRow, styleRow } from "./painting.ts";
import { type Cursor, type Drawn, Screen, SHOW_CURSOR } from "./screen.ts";
import { PAUSE_MS, prefixColumns, type Row, Transcript, type Voice } from "./transcript.ts";
import { columnsOf } from "./width.ts";

/** What the view hands on of what is typed. */
export type Speaker = {
  readonly line: (text: string) => void;
  /** A line that begins with one slash; returns what to say to whoever typed it. */
  readonly command: (line: string) => readonly string[];
  readonly leave: () => void;
};

/** Milliseconds between two pictures when much happens: as often as an eye notices. */
const PICTURE_MS = 33;
const PROMPT = "› ";
const FULL = `a line holds at most ${LINE_CHARACTERS_MAX} characters: the rest is left out`;

export class LiveView {
  readonly #connection: Connection;
  readonly #speaker: Speaker | null;
  readonly #colors: Colors;
  readonly #screen = new Screen(process.stdout);
  readonly #transcript = new Transcript(() => this.#screen.columns);
  readonly #editor = new LineEditor();
  #soon: ReturnType<typeof setTimeout> | null = null; // The next picture after something happened,
  // and the one after a pause, in which rows are finished.
  #later: ReturnType<typeof setTimeout> | null = null;
  #isDrawing = false;
  #status: string | null = null; // Said instead of the roster while there is no connection.
  #isOpen = true;

  /** Without a speaker nothing can be typed, and the connection only listens. */
  constructor({ colors }: Output, connection: Connection, speaker: Speaker | null) {
    this.#connection = connection;
    this.#speaker = speaker;
    this.#colors = colors;
    process.once("exit", this.#restore);
    process.stdout.on("resize", this.#draw);
    emitKeypressEvents(process.stdin);
    process.stdin.setRawMode?.(true);
    process.stdin.on("keypress", this.#onKey);
    for (const gone of ["end", "error"] as const) process.stdin.on(gone, hangUp);
    process.stdin.resume();
    this.#draw();
  }

  show(event: AmsEvent): void {
    const now = performance.now();
    if ("streamId" in event && event.streamId !== null && endsLine(event)) {
      this.#transcript.endLine(event.streamId);
    } else if (event.type === "token") {
      this.#transcript.token(this.#voiceOf(event), event.data, now);
    }
    if (event.type === "reconnecting") this.#status = "the connection is away";
    if (event.type === "joined") this.#status = null;
    const note = noteOf(event);
    if (note !== null) this.#transcript.note(note);
    this.#drawSoon();
  }

  /** A sentence of ours among what is said. */
  note(sentence: string): void {
    this.#transcript.note(harmless(sentence));
    this.#drawSoon();
  }

  /** Finishes what is open and gives the terminal back as it was. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#clearTimers();
    this.#transcript.settle(Number.POSITIVE_INFINITY);
    this.#screen.draw(this.#rows(this.#transcript.take()), [], null);
    this.#screen.end();
    process.stdout.off("resize", this.#draw);
    process.stdin.off("keypress", this.#onKey);
    process.stdin.off("end", hangUp);
    process.stdin.setRawMode?.(false);
    process.stdin.pause();
    process.off("exit", this.#restore);
  }

  readonly #draw = (): void => {
    if (!this.#isOpen || this.#isDrawing) return;
    this.#isDrawing = true; // To ask for the size may report a new one at once.
    this.#screen.refresh();
    this.#isDrawing = false;
    this.#clearTimers();
    this.#transcript.settle(performance.now());
    const live = [...this.#rows(this.#transcript.open), this.#roster()];
    const cursor = this.#speaker === null ? null : this.#input(live);
    this.#screen.draw(this.#rows(this.#transcript.take()), live, cursor);
    if (this.#transcript.open.length > 0) this.#later = setTimeout(this.#draw, PAUSE_MS);
  };

  #drawSoon(): void {
    this.#soon ??= setTimeout(this.#draw, PICTURE_MS);
  }

  #clearTimers(): void {
    for (const timer of [this.#soon, this.#later]) if (timer !== null) clearTimeout(timer);
    this.#soon = null;
    this.#later = null;
  }

  /** Adds the line of input to the live rows, and says where the cursor is in it. */
  #input(live: Drawn[]): Cursor {
    const { text, column } = this.#editor.window(this.#screen.columns - columnsOf(PROMPT));
    live.push({ plain: PROMPT + text, styled: this.#colors.bold(PROMPT) + text });
    return { row: live.length - 1, column: columnsOf(PROMPT) + column };
  }

  #roster(): Drawn {
    const { peers, streamName } = this.#connection;
    const names = [...peers.values()].map((peer) => ({
      id: peer.streamId,
      name: harmless(peer.streamName),
    }));
    const own = { id: this.#connection.streamId, name: harmless(streamName) };
    return rosterRow(own, names, this.#status, this.#screen.columns, this.#colors);
  }

  #rows(rows: readonly Row[]): readonly Drawn[] {
    return rows.map((row) => styleRow(row, prefixColumns(row.voice), this.#colors));
  }

  readonly #onKey = (text: string | undefined, key: Key): void => {
    const typed = this.#editor.key(text, key);
    if (typed.type === "interrupt") interrupt();
    else if (typed.type === "leave") this.#speaker?.leave();
    else if (typed.type === "line" && this.#speaker !== null) this.#say(this.#speaker, typed.text);
    else if (typed.type === "full") this.note(FULL);
    this.#drawSoon(); // And not at once: what is pasted comes as thousands of keys.
  };

  #say(speaker: Speaker, typed: string): void {
    if (/^\/(?!\/)/.test(typed)) {
      for (const sentence of speaker.command(typed)) this.note(sentence);
      return;
    }
    const text = typed.replace(/^\/\//, "/");
    // The wire doesn't bring one's own stream, so it is shown here.
    const { streamId, streamName } = this.#connection;
    const voice = { id: streamId, name: harmless(streamName), speaksInLines: true };
    this.#transcript.token(voice, text, performance.now());
    speaker.line(text);
  }

  #voiceOf({ streamId, streamName, peerIdentity }: StreamIdentity): Voice {
    const speaksInLines = peerIdentity?.kind === "human";
    return { id: streamId, name: harmless(streamName), speaksInLines };
  }

  /** When the process ends without `close`: nothing may be left that makes the shell unusable. */
  readonly #restore = (): void => {
    process.stdin.setRawMode?.(false);
    writeAtExit(1, `\r\n${SHOW_CURSOR}`);
  };
}

/** The terminal is gone. */
function hangUp(): void {
  interrupt("terminated");
}

function endsLine(event: AmsEvent): boolean {
  return turnEndOf(event) !== null || event.type === "gap";
}

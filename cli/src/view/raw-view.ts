/**
 * What others say as running text, to read or to pipe on: their tokens and nothing else, a line
 * feed after each turn.
 */
import { type AmsEvent, turnEndOf } from "@ams/client";
import { harmless } from "../terminal/harmless.ts";
import type { Output } from "../terminal/output.ts";
import { eventJson } from "./event-json.ts";

export class RawView {
  readonly #output: Output;
  readonly #write: (text: string) => void;
  readonly #isTerminal: boolean;
  #isInLine = false;

  /** On a terminal the text is made harmless; else it is exactly what was sent. */
  constructor(
    output: Output,
    write: (text: string) => void,
    isTerminal = process.stdout.isTTY === true,
  ) {
    this.#output = output;
    this.#write = write;
    this.#isTerminal = isTerminal;
  }

  show(event: AmsEvent): void {
    if (this.#output.json) this.#write(`${JSON.stringify(eventJson(event))}\n`);
    else if (turnEndOf(event) !== null) this.#endLine();
    else if (event.type === "token") this.#text(event.data);
  }

  #text(data: string): void {
    if (data === "") return;
    this.#write(this.#isTerminal ? data.split(/\r?\n/).map(harmless).join("\n") : data);
    this.#isInLine = !data.endsWith("\n");
  }

  #endLine(): void {
    if (this.#isInLine) this.#write("\n");
    this.#isInLine = false;
  }
}

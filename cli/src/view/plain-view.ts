/**
 * A conversation as plain lines, for files and pipes: each line of a token after its stream's
 * name, or JSON with --json.
 */
import { type AmsEvent, sentinelOf } from "@ams/client";
import { harmless, harmlessLines } from "../terminal/harmless.ts";
import { type Output, writeOut } from "../terminal/output.ts";
import { eventJson } from "./event-json.ts";
import { noteOf } from "./notes.ts";

/**
 * Shows an event. Tokens go to stdout, what else happens to stderr; with --json all of it to
 * stdout.
 */
export function showPlainly(event: AmsEvent, output: Output): void {
  if (output.json) {
    writeOut(`${JSON.stringify(eventJson(event))}\n`);
    return;
  }
  if (event.type === "token") {
    if (sentinelOf(event.data) !== null) return; // The end of a message, and no text of it.
    const name = harmless(event.streamName);
    writeOut(
      harmlessLines(event.data)
        .map((line) => `${name}: ${line}\n`)
        .join(""),
    );
    return;
  }
  const note = noteOf(event);
  if (note !== null) output.note(`* ${note}`);
}

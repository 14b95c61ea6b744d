/**
 * Which view a command has: live on a terminal that can move its cursor, plain lines or JSON
 * anywhere else.
 */
import type { AmsEvent, Connection } from "@ams/client";
import type { Output } from "../terminal/output.ts";
import { LiveView, type Speaker } from "./live-view.ts";
import { showPlainly } from "./plain-view.ts";

export type View = {
  readonly show: (event: AmsEvent) => void;
  /** Says a sentence of ours. */
  readonly note: (sentence: string) => void;
  readonly close: () => void;
};

export function isLiveTerminal(output: Output): boolean {
  const { stdin, stdout, env } = process;
  return !output.json && stdout.isTTY === true && stdin.isTTY === true && env.TERM !== "dumb";
}

export function openView(output: Output, connection: Connection, speaker: Speaker | null): View {
  if (!isLiveTerminal(output)) {
    return {
      show: (event) => showPlainly(event, output),
      note: (sentence) => output.note(`* ${sentence}`),
      close: () => {},
    };
  }
  const view = new LiveView(output, connection, speaker);
  return {
    show: (event) => view.show(event),
    note: (sentence) => view.note(sentence),
    close: () => view.close(),
  };
}

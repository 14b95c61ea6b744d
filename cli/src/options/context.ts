/** What an action has at hand: how to speak, what holds for it, and when to stop. */
import type { Command } from "commander";
import { interrupted } from "../terminal/interrupt.ts";
import { type Output, outputOf } from "../terminal/output.ts";
import { type GlobalOptions, globalOptionsOf } from "./global-options.ts";

export type Context = {
  readonly output: Output;
  readonly options: GlobalOptions;
  /** Fires at Ctrl-C. */
  readonly signal: AbortSignal;
};

export function contextOf(command: Command): Context {
  const options = globalOptionsOf(command);
  return { options, output: outputOf(options), signal: interrupted };
}

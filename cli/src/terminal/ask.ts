/** A question before something that can't be undone. */

import { CliError } from "../faults/fault.ts";
import type { Context } from "../options/context.ts";
import { interrupt } from "./interrupt.ts";

/**
 * Resolves when the user agreed: with --yes, or on a terminal. Throws `bad_usage` without either,
 * `declined` at a no.
 */
export async function askToGoOn({ output }: Context, yes: boolean, question: string) {
  if (yes) return;
  if (process.stdin.isTTY !== true || process.stderr.isTTY !== true || output.json) {
    throw new CliError(
      "bad_usage",
      "This can't be undone, and there is no terminal to ask on: say --yes.",
    );
  }
  const { confirm, isCancel } = await import("@clack/prompts");
  const answer = await confirm({ message: question, initialValue: false, output: process.stderr });
  if (isCancel(answer)) interrupt();
  if (answer !== true) throw new CliError("declined", "Nothing was done.");
}

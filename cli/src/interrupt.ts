/** Ctrl-C and its like, as one AbortSignal: the first asks the command to leave in good order, a second Ctrl-C ends the process. */
import { EXIT_CODES, type Exit } from "./exit-codes.ts";

const SIGNALS = { SIGINT: "interrupted", SIGTERM: "terminated", SIGHUP: "terminated" } as const;

const controller = new AbortController();
let how: Exit | null = null;

/** Fires once, at the first signal (or `interrupt`). */
export const interrupted: AbortSignal = controller.signal;

/** The status to end with when a signal came, else null. */
export function interruptStatus(): number | null {
  return how === null ? null : EXIT_CODES[how].status;
}

/** Ctrl-C, however it came (in raw mode the terminal sends it as a character), or another reason to leave in good order. */
export function interrupt(exit: Exit = "interrupted"): void {
  if (how !== null && exit === "interrupted") process.exit(EXIT_CODES[how].status);
  how ??= exit;
  controller.abort();
}

export function hearSignals(): void {
  for (const [signal, exit] of Object.entries(SIGNALS)) process.on(signal, () => interrupt(exit));
}

/** From now on signals are the caller's. */
export function takeSignals(hear: (signal: NodeJS.Signals) => void): void {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.removeAllListeners(signal);
    process.on(signal, hear);
  }
}

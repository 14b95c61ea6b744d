/**
 * Ctrl-C and its like, as one AbortSignal: the first asks the command to leave in good order, a
 * second Ctrl-C ends the process.
 */
import { EXIT_CODES, type Exit } from "../faults/exit-codes.ts";

const SIGNALS = { SIGINT: "interrupted", SIGTERM: "terminated", SIGHUP: "terminated" } as const;

const controller = new AbortController();
let how: Exit | null = null;
/** What to say at a signal while a step runs that must not be stopped; null when none does. */
let noteOfStep: (() => void) | null = null;

/** Fires once, at the first signal (or `interrupt`). */
export const interrupted: AbortSignal = controller.signal;

/** The status to end with when a signal came, else null. */
export function interruptStatus(): number | null {
  return how === null ? null : EXIT_CODES[how].status;
}

/**
 * Ctrl-C, however it came (in raw mode the terminal sends it as a character), or another reason to
 * leave in good order.
 */
export function interrupt(exit: Exit = "interrupted"): void {
  const isSecond = how !== null && exit === "interrupted";
  if (isSecond && noteOfStep === null) process.exit(EXIT_CODES[how ?? exit].status);
  if (how === null) noteOfStep?.();
  how ??= exit;
  controller.abort();
}

/**
 * What Ctrl-\\ is while a step must not be stopped; at any other time it ends the process at once,
 * as it does everywhere.
 */
function terminate(): void {
  interrupt("terminated");
}

/**
 * Runs a step to its end whatever signal comes, because what it brings comes only once: no signal
 * ends the process before. `onSignal` is called at the first. When the step fails, that is why the
 * command ends, and not the signal.
 */
export async function unstoppably<Result>(
  onSignal: () => void,
  step: () => Promise<Result>,
): Promise<Result> {
  interrupted.throwIfAborted();
  noteOfStep = onSignal;
  process.on("SIGQUIT", terminate);
  try {
    return await step();
  } catch (error) {
    how = null;
    throw error;
  } finally {
    noteOfStep = null;
    process.off("SIGQUIT", terminate);
  }
}

export function listenForSignals(): void {
  for (const [signal, exit] of Object.entries(SIGNALS)) process.on(signal, () => interrupt(exit));
}

/** From now on signals are the caller's. */
export function takeSignals(onSignal: (signal: NodeJS.Signals) => void): void {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.removeAllListeners(signal);
    process.on(signal, onSignal);
  }
}

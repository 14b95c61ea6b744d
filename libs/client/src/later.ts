/**
 * Modules of this SDK that a page loads only when it needs them, so that it pays for joining,
 * sending and receiving alone (ADR 11).
 */
import { onAbort, unless } from "./abort.ts";
import { AmsError } from "./errors.ts";

type Control = typeof import("./account/control.ts");
type Piping = typeof import("./sending/pipe.ts");

/** Milliseconds for loading a part: as long as a request may take. */
const LOAD_MS = 15_000;

/**
 * The part. Rejects with `unreachable`, `timeout` or `aborted` when it doesn't come; to call again
 * is to try again.
 */
export function later<Part>(
  load: () => Promise<Part>,
  signal: AbortSignal | undefined,
): Promise<Part> {
  const loading = load().catch((cause) => {
    throw missing("unreachable", cause);
  });
  return unless(loading, (stop) => {
    const stopHearing = onAbort(signal, stop);
    const timer = setTimeout(() => stop(missing("timeout")), LOAD_MS);
    return () => {
      stopHearing();
      clearTimeout(timer);
    };
  });
}

/**
 * What asks the control plane: accounts, what a deployment offers, and why a WebSocket didn't open.
 */
export function control(signal: AbortSignal | undefined): Promise<Control> {
  return later(() => import("./account/control.ts"), signal);
}

/** What sends a source. */
export function piping(signal: AbortSignal | undefined): Promise<Piping> {
  return later(() => import("./sending/pipe.ts"), signal);
}

function missing(code: "timeout" | "unreachable", cause?: unknown): AmsError {
  const sentence = "A part of this SDK can't be loaded: check the network, or load the page anew.";
  return new AmsError(code, sentence, { cause });
}

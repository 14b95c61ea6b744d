/** Parts of this SDK that a page loads only when it needs them, so that it pays for joining, sending and hearing alone (ADR 11). */
import { onAbort } from "./abort.ts";
import { AmsError } from "./errors.ts";

type Control = typeof import("./account/control.ts");

/** Milliseconds for loading a part: as long as a request may take. */
const LOAD_MS = 15_000;

/** The part. Rejects with `unreachable`, `timeout` or `aborted` when it doesn't come; to call again is to try again. */
async function later<Part>(
  load: () => Promise<Part>,
  signal: AbortSignal | undefined,
): Promise<Part> {
  let stopWaiting = () => {};
  const stopped = new Promise<never>((_, reject) => {
    const stopHearing = onAbort(signal, reject);
    const timer = setTimeout(() => reject(missing("timeout")), LOAD_MS);
    stopWaiting = () => {
      stopHearing();
      clearTimeout(timer);
    };
  });
  try {
    return await Promise.race([stopped, load()]);
  } catch (error) {
    throw error instanceof AmsError ? error : missing("unreachable", error);
  } finally {
    stopWaiting();
  }
}

/** What asks the control plane: accounts, what a deployment offers, and why a WebSocket didn't open. */
export function control(signal: AbortSignal | undefined): Promise<Control> {
  return later(() => import("./account/control.ts"), signal);
}

function missing(code: "timeout" | "unreachable", cause?: unknown): AmsError {
  return new AmsError(code, "A part of this SDK can't be loaded: is the network there?", { cause });
}

/** Waiting for a caller's signal, and for whatever else comes first. */
import { checkSignal } from "./arguments.ts";
import { AmsError } from "./errors.ts";

type Call = (error: AmsError) => void;

/**
 * Who waits for which signal. One listener serves them all: Node warns of more than ten on one
 * signal.
 */
const WAITING = new WeakMap<
  AbortSignal,
  { readonly calls: Set<Call>; readonly fire: () => void }
>();

/** Throws when the signal has fired already, and when it is none. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  checkSignal(signal);
  if (signal?.aborted) throw abortedError(signal);
}

/** Calls back when the signal fires, at once when it has; the returned function stops that. */
export function onAbort(signal: AbortSignal | undefined, call: Call): () => void {
  checkSignal(signal);
  if (signal === undefined) return () => {};
  if (signal.aborted) {
    call(abortedError(signal));
    return () => {};
  }
  const { calls, fire } = WAITING.get(signal) ?? listenTo(signal);
  calls.add(call);
  return () => {
    calls.delete(call);
    if (calls.size > 0) return;
    WAITING.delete(signal);
    signal.removeEventListener("abort", fire);
  };
}

/**
 * The promise's value, unless `listen` calls `stop` first. What `listen` returns ends the
 * listening.
 */
export async function unless<Value>(
  promise: Promise<Value>,
  listen: (stop: Call) => () => void,
): Promise<Value> {
  let forget = () => {};
  const stopped = new Promise<never>((_, reject) => {
    forget = listen(reject);
  });
  try {
    return await Promise.race([stopped, promise]);
  } finally {
    forget();
  }
}

/** What an abort becomes; `cause` is the signal's reason. */
export function abortedError(signal: AbortSignal): AmsError {
  return new AmsError("aborted", "The caller stopped this.", { cause: signal.reason });
}

function listenTo(signal: AbortSignal) {
  const calls = new Set<Call>();
  const fire = () => {
    for (const call of [...calls]) call(abortedError(signal));
  };
  signal.addEventListener("abort", fire);
  const waiting = { calls, fire };
  WAITING.set(signal, waiting);
  return waiting;
}

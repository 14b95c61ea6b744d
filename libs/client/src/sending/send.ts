/** One frame out, as a promise. */
import { type AmsError, abortedError } from "../errors.ts";
import type { Receipt } from "../listening/frames.ts";
import type { Outbox, Outgoing } from "./outbox.ts";

export type SendOptions = {
  /** Takes the frame back if it is still here; once it is out, only the waiting for its receipt ends. */
  readonly signal?: AbortSignal | undefined;
};

/** Resolves with the receipt where receipts were asked for, else with null when the socket has taken the frame. */
export function sendFrame(
  outbox: Outbox,
  text: string,
  receipts: boolean,
  { signal }: SendOptions,
  onHanded: () => void = () => {},
): Promise<Receipt | null> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(abortedError(signal));
    const abort = () => {
      if (signal === undefined) return;
      outbox.withdraw(frame);
      reject(abortedError(signal));
    };
    const done = () => signal?.removeEventListener("abort", abort);
    const frame: Outgoing = {
      text,
      handed: () => {
        onHanded();
        if (receipts) return;
        done();
        resolve(null);
      },
      receipted: (receipt) => {
        done();
        resolve(receipt);
      },
      failed: (error: AmsError) => {
        done();
        reject(error);
      },
    };
    signal?.addEventListener("abort", abort, { once: true });
    outbox.offer(frame);
  });
}

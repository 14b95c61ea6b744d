/** One frame out, as a promise. */
import { onAbort, throwIfAborted, unless } from "../abort.ts";
import type { Receipt } from "../listening/frames.ts";
import type { Outbox, Outgoing } from "./outbox.ts";

export type SendOptions = {
  /**
   * Takes the frame back if it still waits: it never goes out. Once it is out, only the waiting for
   * its receipt ends.
   */
  readonly signal?: AbortSignal | undefined;
};

/**
 * Resolves with the receipt where receipts were asked for, else with null when the socket has taken
 * the frame.
 */
export async function sendFrame(
  outbox: Outbox,
  text: string,
  receipts: boolean,
  { signal }: SendOptions,
  onHanded: () => void = () => {},
): Promise<Receipt | null> {
  throwIfAborted(signal);
  let takeBack = () => {};
  const taken = new Promise<Receipt | null>((resolve, reject) => {
    const frame: Outgoing = {
      text,
      handed: () => {
        onHanded();
        if (!receipts) resolve(null);
      },
      receipted: resolve,
      failed: reject,
    };
    takeBack = () => outbox.withdraw(frame);
    outbox.offer(frame);
  });
  return await unless(taken, (stop) =>
    onAbort(signal, (error) => {
      takeBack();
      stop(error);
    }),
  );
}

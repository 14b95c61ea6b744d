/** Sends a source as tokens, as it comes and no faster than the connection takes it. */
import { utf8Bytes } from "@ams/protocol";
import { toAmsError } from "../causes.ts";
import type { Ending } from "../connection/ending.ts";
import type { AmsError } from "../errors.ts";
import type { Receipt } from "../listening/frames.ts";
import type { Outbox, Outgoing } from "./outbox.ts";
import type { Pull } from "./source.ts";
import { tokenFrame } from "./token.ts";

/** What to send of an item; null and undefined send nothing. An empty text is a token too. */
export type Pick<Item> = (item: Item) => string | null | undefined;

export type PipeOptions = {
  /** False leaves the turn open after the last token, for more to come; true unless given. */
  readonly endTurn?: boolean;
  /** Stops reading and cancels the source; what was handed over has been sent. */
  readonly signal?: AbortSignal | undefined;
};

export type Piped = {
  readonly tokens: number;
  /** The last token's; null without receipts. */
  readonly receipt: Receipt | null;
};

/** The state of a pipe; `interrupt` ends its waiting, whatever it waits for. */
class Run {
  tokens = 0;
  unreceipted = 0;
  receipt: Receipt | null = null;
  error: AmsError | null = null;
  #wake: () => void = () => {};

  /** Remembers the first error, and wakes who waits. */
  interrupt(error: AmsError): void {
    this.error ??= error;
    this.#wake();
  }

  /** The promise's value, unless there is or comes an error first. */
  wait<Value>(promise: Promise<Value>): Promise<Value> {
    return new Promise((resolve, reject) => {
      const settle = () => this.error !== null && reject(this.error);
      this.#wake = settle;
      promise.then(resolve, reject);
      settle();
    });
  }
}

/**
 * Resolves when the source has ended and everything is handed over (with receipts: received).
 * Rejects, and cancels the source, with the connection's error when that ends, `source_failed`,
 * `token_too_large`, `invalid_argument` or `aborted`.
 */
export async function pipe<Item>(
  outbox: Outbox,
  ending: Ending,
  receipts: boolean,
  pull: Pull<Item>,
  pick: (item: Item) => unknown,
  { signal }: PipeOptions,
): Promise<Piped> {
  const run = new Run();
  const stopHearing = ending.onStop(signal, (error) => run.interrupt(error));
  try {
    for (;;) {
      const next = await run.wait(fromSource(pull.next));
      if (next === null) break;
      const data = await fromSource(async () => pick(next.item));
      if (data !== null && data !== undefined) await put(outbox, run, tokenFrame(data), receipts);
    }
    while (run.unreceipted > 0) await run.wait(outbox.changed());
    return { tokens: run.tokens, receipt: run.receipt };
  } catch (error) {
    pull.cancel();
    throw error;
  } finally {
    stopHearing();
  }
}

/** Hands one token over, when the outbox has space for it. */
async function put(outbox: Outbox, run: Run, text: string, receipts: boolean): Promise<void> {
  const bytes = utf8Bytes(text);
  while (!outbox.mayTake(bytes)) await run.wait(outbox.changed());
  let frame: Outgoing | null = null;
  const handed = new Promise<void>((resolve, reject) => {
    frame = {
      text,
      handed: resolve,
      receipted: (receipt) => {
        run.receipt = receipt;
        run.unreceipted -= 1;
      },
      failed: (error) => {
        run.interrupt(error);
        reject(error);
      },
    };
    if (receipts) run.unreceipted += 1;
    outbox.offer(frame);
  });
  try {
    await run.wait(handed);
  } catch (error) {
    if (frame !== null) outbox.withdraw(frame);
    throw error;
  }
  run.tokens += 1;
}

async function fromSource<Value>(call: () => Promise<Value>): Promise<Value> {
  try {
    return await call();
  } catch (error) {
    throw toAmsError(error, "source_failed", "The source of the pipe failed.");
  }
}

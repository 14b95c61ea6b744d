/**
 * `ams pipe`: stdin becomes a stream as it comes, and with --duplex the others' streams become
 * stdout.
 */
import { fstatSync } from "node:fs";
import { type Connection, turnEndOf } from "@ams/client";
import { type WhoOptions, WRITER_RECONNECT_S, withConnection } from "../conversation/joining.ts";
import { linkOf } from "../conversation/link-argument.ts";
import { Sender, type Sent, sendAll } from "../conversation/sender.ts";
import type { Context } from "../options/context.ts";
import { harmless } from "../terminal/harmless.ts";
import { readLines, readStdin } from "../terminal/input.ts";
import { type Output, writeOut } from "../terminal/output.ts";
import { type Progress, startProgress } from "../terminal/progress.ts";
import { RawView } from "../view/raw-view.ts";

export type PipeOptions = WhoOptions & {
  /** False with --no-turn. */
  readonly turn?: boolean;
  readonly duplex?: boolean;
  /** One token a line, instead of what each read gives. */
  readonly lines?: boolean;
  /** Seconds for which a broken connection tries to come back. */
  readonly reconnectFor?: number;
};

export async function pipe(
  context: Context,
  argument: string | undefined,
  options: PipeOptions,
): Promise<void> {
  const link = await linkOf(argument, "taken", context.signal);
  const reconnectForMs = (options.reconnectFor ?? WRITER_RECONNECT_S) * 1_000;
  const wishes = { kind: "agent", receipts: true, reconnectForMs } as const;
  await withConnection(context, link, options, wishes, async (connection) => {
    const answers = options.duplex === true ? new Answers(connection, context.output) : null;
    const sent = await sendStdin(context, connection, options, () => answers?.asked());
    reportSent(context, connection, sent);
    const { turn = true } = options;
    if (context.signal.aborted || !turn) return;
    await connection.endTurn();
    await answers?.untilAnswered();
  });
}

async function sendStdin(
  { output, signal }: Context,
  connection: Connection,
  { duplex = false, lines = false }: PipeOptions,
  onText: () => void,
): Promise<Sent> {
  const sender = new Sender(connection);
  const texts = readStdin(AbortSignal.any([signal, sender.failed]));
  const progress = duplex ? null : startProgress(output, "sending");
  try {
    const pieces = lines ? readLines(texts, output.note) : texts;
    const sent = sendAll(sender, measured(pieces, progress, onText));
    return await sent.catch((error: unknown) => {
      if (signal.aborted) return sender.sent;
      throw error;
    });
  } finally {
    progress?.end();
  }
}

/** Shows how far it is: of the whole when stdin is a file. */
async function* measured(
  texts: AsyncIterable<string>,
  progress: Progress | null,
  onText: () => void,
) {
  const stdin = fstatSync(process.stdin.fd);
  const total = stdin.isFile() ? stdin.size : null;
  let tokens = 0;
  let bytes = 0;
  for await (const text of texts) {
    onText();
    yield text;
    tokens += 1;
    bytes += Buffer.byteLength(text);
    progress?.set(total === null ? tokens : bytes, total, `${tokens} tokens sent`);
  }
}

function reportSent({ output, signal }: Context, { streamName }: Connection, sent: Sent): void {
  const { accepted, inDoubt, last } = sent;
  if (output.json) {
    output.answer({
      type: "sent",
      stream_name: streamName,
      accepted,
      in_doubt: inDoubt,
      last_seq: last?.seq ?? null,
    });
    return;
  }
  const tokens = accepted === 1 ? "1 token" : `${accepted} tokens`;
  output.note(`${signal.aborted ? "Stopped: sent" : "Sent"} ${tokens} as ${harmless(streamName)}.`);
}

/** What the others say, printed as it comes. */
class Answers {
  readonly #connection: Connection;
  #isAnswered = false; // Since the last text went out.
  #onAnswer: () => void = () => {};
  readonly #over: Promise<void>;

  constructor(connection: Connection, output: Output) {
    this.#connection = connection;
    this.#over = this.#print(new RawView(output, writeOut));
  }

  /** A text goes out: what ends a turn from now on may be the answer to it. */
  asked(): void {
    this.#isAnswered = false;
  }

  /**
   * Resolves when somebody has ended a turn since the last text, when nobody is left who could
   * answer, or when the connection has ended.
   */
  async untilAnswered(): Promise<void> {
    if (this.#isAnswered || this.#connection.peers.size === 0) return;
    const answered = new Promise<void>((resolve) => {
      this.#onAnswer = resolve;
    });
    await Promise.race([answered, this.#over]);
  }

  async #print(view: RawView): Promise<void> {
    for await (const event of this.#connection.events()) {
      view.show(event);
      const end = turnEndOf(event);
      const isTurn = end !== null && end !== "left";
      const isLast = event.type === "stream_left" && this.#connection.peers.size === 0;
      if (isTurn) this.#isAnswered = true;
      if (isTurn || isLast) this.#onAnswer();
    }
  }
}

/** `ams send`: one text, and the broker's receipt for it. */

import { type WhoOptions, WRITER_RECONNECT_S, withConnection } from "../conversation/joining.ts";
import { linkAddressOf } from "../conversation/link-address.ts";
import { takeLink } from "../conversation/link-argument.ts";
import { Sender } from "../conversation/sender.ts";
import { CliError } from "../faults/fault.ts";
import type { Context } from "../options/context.ts";
import { harmless } from "../terminal/harmless.ts";
import { readStdin } from "../terminal/input.ts";

/** `turn` is false with --no-turn. */
export type SendOptions = WhoOptions & { readonly turn?: boolean };

export async function send(
  context: Context,
  args: readonly string[],
  options: SendOptions,
): Promise<void> {
  const { output, signal } = context;
  const readsStdin = args.at(-1) === "-";
  // With AMS_LINK set it would be the text, which nobody means who forgot the text.
  if (args.length === 1 && isLink(args[0])) throw textMissing();
  const { link, rest } = await takeLink(args, 1, readsStdin ? "taken" : "free", signal);
  const [text] = rest;
  if (text === undefined) throw textMissing();
  if (rest.length > 1) {
    throw new CliError("bad_usage", "There is more than one text: put it in quotes.");
  }
  const whole = readsStdin ? await allOf(readStdin(signal)) : text;
  if (signal.aborted) return;
  const wishes = {
    kind: "agent",
    receipts: true,
    reconnectForMs: WRITER_RECONNECT_S * 1_000,
  } as const;
  await withConnection(context, link, options, wishes, async (connection) => {
    const sender = new Sender(connection);
    await sender.send(whole);
    const { accepted, last } = await sender.finish();
    if (options.turn !== false) await connection.endTurn();
    const what = accepted === 1 ? "Sent" : `Sent in ${accepted} tokens`;
    const result = { type: "sent", accepted, last_seq: last?.seq ?? null, ts: last?.ts ?? null };
    if (output.json) output.answer({ ...result, stream_name: connection.streamName });
    else output.say(`${what} as ${harmless(connection.streamName)}.`);
  });
}

function isLink(word = ""): boolean {
  return linkAddressOf(word) !== null && new URL(word.trim()).searchParams.has("t");
}

function textMissing(): CliError {
  return new CliError(
    "bad_usage",
    "The text is missing: ams send <link> <text>, or - for stdin, where the text may be a link too.",
  );
}

async function allOf(texts: AsyncIterable<string>): Promise<string> {
  let whole = "";
  for await (const text of texts) whole += text;
  return whole;
}

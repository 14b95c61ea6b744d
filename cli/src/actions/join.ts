/** `ams join`: listen and speak. On a terminal a live view, else lines in and lines out. */
import { type Connection, END_OF_TURN_DATA, splitText } from "@ams/client";
import { LISTENER_RECONNECT_S, type WhoOptions, withConnection } from "../conversation/joining.ts";
import { linkOf } from "../conversation/link-argument.ts";
import { Sender, sendAll } from "../conversation/sender.ts";
import type { Context } from "../options/context.ts";
import { readLines, readStdin } from "../terminal/input.ts";
import { isLiveTerminal, openView } from "../view/open-view.ts";
import { showAll } from "./tail.ts";

export type JoinOptions = WhoOptions & { readonly reconnectFor?: number };

export async function join(
  context: Context,
  argument: string | undefined,
  options: JoinOptions,
): Promise<void> {
  const isLive = isLiveTerminal(context.output);
  const link = await linkOf(argument, "taken", context.signal);
  const { reconnectFor = LISTENER_RECONNECT_S } = options;
  const wishes = { reconnectForMs: reconnectFor * 1_000 };
  if (isLive) {
    await withConnection(context, link, options, { ...wishes, kind: "human" }, (connection) =>
      talk(context, connection),
    );
  } else {
    const ours = { ...wishes, kind: "agent", receipts: true } as const;
    await withConnection(context, link, options, ours, (connection) => relay(context, connection));
  }
}

/** Until Ctrl-C, Ctrl-D, or the end of the connection. */
async function talk({ output }: Context, connection: Connection): Promise<void> {
  const view = openView(output, connection, {
    line: (text) => {
      const onError = (error: Error) => view.note(`not sent: ${error.message}`);
      const sent = splitText(text).map((token) => connection.send(token));
      Promise.all([...sent, connection.endTurn()]).catch(onError);
    },
    command: (name) => runCommand(name, connection),
    leave: () => void connection.close(),
  });
  try {
    await showAll(connection, (event) => view.show(event));
  } finally {
    view.close();
  }
}

/** Until stdin ends: each of its lines is a message. */
async function relay({ output, signal }: Context, connection: Connection): Promise<void> {
  const view = openView(output, connection, null);
  const sender = new Sender(connection);
  const listening = showAll(connection, (event) => view.show(event)).catch(() => {});
  const texts = readStdin(AbortSignal.any([signal, sender.failed]));
  try {
    await sendAll(sender, readLines(texts, output.note, END_OF_TURN_DATA));
  } finally {
    await connection.close();
    await listening;
    view.close();
  }
}

const COMMANDS: readonly (readonly [string, string])[] = [
  ["/who", "who is here"],
  ["/leave", "leave the conversation, as Ctrl-D does"],
  ["/help", "this list"],
  ["//…", "a message that begins with /"],
];

/** What a line that begins with a slash answers; the connection is closed by /leave. */
function runCommand(line: string, connection: Connection): readonly string[] {
  switch (line.trim()) {
    case "/help":
      return COMMANDS.map(([name, about]) => `${name.padEnd(7)} ${about}`);
    case "/who": {
      const others = [...connection.peers.values()]
        .map(({ streamName }) => streamName)
        .sort((one, other) => one.localeCompare(other));
      return [`${connection.streamName} (you)`, ...others];
    }
    case "/leave":
      void connection.close();
      return [];
    default:
      return ["there is no such command: /help lists them; begin a message with // to send a /"];
  }
}

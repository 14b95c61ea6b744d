/** `ams tail`: everything that others say, for as long as one likes. */
import type { AmsEvent, Connection } from "@ams/client";
import { LISTENER_RECONNECT_S, type WhoOptions, withConnection } from "../conversation/joining.ts";
import { linkOf } from "../conversation/link-argument.ts";
import type { Context } from "../options/context.ts";
import { openView } from "../view/open-view.ts";

export type TailOptions = WhoOptions & {
  /** A cursor, or an age. */
  readonly since?: string;
  readonly last?: number;
  /** Ids or names of the only streams to read. */
  readonly stream?: readonly string[];
  readonly reconnectFor?: number;
};

const STREAM_ID = /^str_[0-9a-f]{26}$/;

export async function tail(
  context: Context,
  argument: string | undefined,
  options: TailOptions,
): Promise<void> {
  const link = await linkOf(argument, "free", context.signal);
  const { stream: streams = [], reconnectFor = LISTENER_RECONNECT_S } = options;
  // By id the broker selects; names it doesn't know.
  const isByIds = streams.length > 0 && streams.every((stream) => STREAM_ID.test(stream));
  const wishes = {
    kind: "agent",
    reconnectForMs: reconnectFor * 1_000,
    ...(isByIds ? { subscribeStreams: streams } : {}),
    ...(options.since === undefined ? {} : { since: options.since }),
    ...(options.last === undefined ? {} : { last: options.last }),
  } as const;
  await withConnection(context, link, options, wishes, async (connection) => {
    const view = openView(context.output, connection, null);
    try {
      await showAll(connection, (event) => {
        if (isWanted(event, streams)) view.show(event);
      });
    } finally {
      view.close();
    }
  });
}

/** Every event of a connection, until it ends. Throws why it ended, unless this side closed it. */
export async function showAll(connection: Connection, show: (event: AmsEvent) => void) {
  for await (const event of connection.events()) show(event);
}

/**
 * Also of a selection, joins and leaves of every stream arrive (§5.10); here nobody asked for
 * that.
 */
function isWanted(event: AmsEvent, streams: readonly string[]): boolean {
  if (streams.length === 0 || !("streamId" in event) || event.type === "joined") return true;
  const { streamId, streamName } = event;
  return [streamId, streamName].some((key) => key !== null && streams.includes(key));
}

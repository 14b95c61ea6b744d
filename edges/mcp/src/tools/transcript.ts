/** What was read as a model reads it: a transcript, and no JSON. */
import { displayNameOf, type Peer } from "@ams/client";
import type { Entry, Presence, ReceivedMessages } from "@ams/edge";

type Json = { readonly [key: string]: unknown };

/** One message or loss of `ams_recv`. */
export function entryOf(entry: Entry, peers: ReadonlyMap<string, Peer>): Json {
  if (entry.kind !== "message") {
    const { kind, dropped, streamName } = entry;
    return {
      kind,
      ...(dropped === null ? {} : { dropped }),
      ...(streamName === null ? {} : { stream_name: streamName }),
    };
  }
  const { from, kind, text, done, ts, seq } = entry;
  const name = displayNameOf(peers.get(entry.streamId)?.metadata ?? {});
  return { from, ...(name === null ? {} : { name }), kind, text, done, ts, seq };
}

const PRESENCE = { joined: "joined", left: "left", metadata: "changed its metadata" } as const;

export function presenceOf({ what, streamName }: Presence): string {
  return `${streamName} ${PRESENCE[what]}`;
}

/** What a reader may take for the end of a line, also where it is no `\n`. */
const LINE_END = /\r\n|[\n\r\v\f\u0085\u2028\u2029]/g;

/** Further lines of a text are indented, so that no text looks like another speaker's. */
export function transcriptOf({ entries, presence, more }: ReceivedMessages): string {
  const lines = [
    ...presence.map((one) => `[${presenceOf(one)}]`),
    ...entries.map(lineOf),
    ...(more ? ["[More waits: call ams_recv again.]"] : []),
  ];
  return lines.length === 0 ? "[Nothing new.]" : lines.join("\n");
}

function lineOf(entry: Entry): string {
  if (entry.kind === "message") {
    const { from, text, done } = entry;
    return `${from}${done ? "" : " (not finished)"}: ${text.replaceAll(LINE_END, "$&  ")}`;
  }
  const { dropped, streamName } = entry;
  const whose = streamName === null ? "" : ` of ${streamName}`;
  return dropped === null ? `[Something${whose} may be lost here.]` : lost(dropped, whose);
}

function lost(dropped: number, whose: string): string {
  return `[${dropped} ${dropped === 1 ? "piece" : "pieces"}${whose} lost here.]`;
}

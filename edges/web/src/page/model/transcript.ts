/**
 * The rows that a tab keeps of a conversation, so that a reload brings them back: text, names and
 * times, within a few hundred kilobytes.
 */
import type { PeerIdentity } from "@ams/client";
import type { Delivery } from "./delivery.ts";
import type { NewRow, Row } from "./rows.ts";
import type { Speaker } from "./speaker.ts";

/** Characters that are kept: a tab's storage holds about 5 million for all conversations. */
export const KEPT_CHARACTERS_MAX = 256_000;

/** Rows that are kept. */
export const KEPT_ROWS_MAX = 500;

/** The latest rows as text; `[]` for none. */
export function writeTranscript(rows: readonly Row[]): string {
  const kept: string[] = [];
  let characters = 0;
  for (let index = rows.length - 1; index >= 0 && kept.length < KEPT_ROWS_MAX; index -= 1) {
    const row = rows[index];
    if (row === undefined) break;
    const json = JSON.stringify(row);
    characters += json.length;
    if (characters > KEPT_CHARACTERS_MAX) break;
    kept.unshift(json);
  }
  return `[${kept.join(",")}]`;
}

/** The rows of such a text; what isn't one has none. Nobody writes these rows any more. */
export function readTranscript(text: string | null): readonly NewRow[] {
  try {
    const kept: unknown = JSON.parse(text ?? "[]");
    return Array.isArray(kept) ? kept.slice(-KEPT_ROWS_MAX).flatMap(readRow) : [];
  } catch {
    return [];
  }
}

type Fields = Readonly<Record<string, unknown>>;

const NOTES = ["joined", "left", "gap", "connection"] as const;

function readRow(value: unknown): readonly NewRow[] {
  if (!isFields(value)) return [];
  const { kind, text, ts, about } = value;
  const speaker = readSpeaker(value.speaker);
  if (typeof text !== "string" || (ts !== null && typeof ts !== "string")) return [];
  if (kind === "note") {
    const known = NOTES.find((one) => one === about);
    return known === undefined ? [] : [{ kind, about: known, speaker, text, ts }];
  }
  if (kind !== "passage" || speaker === null || ts === null) return [];
  const isOwn = value.isOwn === true;
  const message = isOwn ? { text, delivery: readDelivery(value.message, text) } : null;
  const isContinuation = value.isContinuation === true;
  return [{ kind, speaker, isOwn, ts, isContinuation, message, text, isOpen: false }];
}

/** What was still pending when the page went away may have arrived. */
function readDelivery(message: unknown, text: string): Delivery {
  const delivery = isFields(message) && isFields(message.delivery) ? message.delivery : {};
  const rest = typeof delivery.rest === "string" ? delivery.rest : text;
  switch (delivery.kind) {
    case "delivered":
    case "unread":
    case "resent":
      return { kind: delivery.kind };
    case "failed":
      return { kind: "failed", rest, why: String(delivery.why) };
    default:
      return { kind: "unknown", rest };
  }
}

function readSpeaker(value: unknown): Speaker | null {
  if (!isFields(value)) return null;
  const { streamId, streamName, displayName } = value;
  if (typeof streamId !== "string" || typeof streamName !== "string") return null;
  const peerIdentity = readIdentity(value.peerIdentity);
  return {
    streamId,
    streamName,
    displayName: typeof displayName === "string" ? displayName : null,
    ...(peerIdentity === null ? {} : { peerIdentity }),
  };
}

function readIdentity(value: unknown): PeerIdentity | null {
  if (!isFields(value) || (value.kind !== "agent" && value.kind !== "human")) return null;
  const { kind, model, client } = value;
  return {
    kind,
    ...(typeof model === "string" ? { model } : {}),
    ...(typeof client === "string" ? { client } : {}),
  };
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

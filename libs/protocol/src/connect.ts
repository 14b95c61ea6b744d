/**
 * What a connect may ask for, and how each wish is spelled: as a header, or as a query parameter
 * for clients that can't set headers (§3.2). A header wins.
 */
import { isStreamId, type StreamId } from "./ids.ts";
import { isRecord, type JsonText, readJson } from "./json.ts";
import {
  METADATA_HEADER_BYTES_MAX,
  PEER_IDENTITY_BYTES_MAX,
  SUBSCRIBE_STREAMS_MAX,
} from "./limits.ts";

/** Header name (lower case) and query parameter of each wish. */
export const CONNECT_PARAMETERS = {
  streamName: { header: "x-ams-stream-name", query: "stream_name" },
  streamMetadata: { header: "x-ams-stream-metadata", query: "stream_metadata" },
  peerIdentity: { header: "x-ams-peer-identity", query: "peer_identity" },
  selfSubscribe: { header: "x-ams-self-subscribe", query: "self_subscribe" },
  subscribeStreams: { header: "x-ams-subscribe-streams", query: "subscribe_streams" },
  receipts: { header: "x-ams-receipts", query: "receipts" },
  roster: { header: "x-ams-roster", query: "roster" },
  since: { header: "x-ams-since", query: "since" },
  lastN: { header: "x-ams-last-n", query: "last_n" },
  catchUp: { header: "x-ams-catch-up", query: "catch_up" },
} as const;

/** The subprotocol that the server answers, and the two forms in which a browser says who it is. */
export const SUBPROTOCOL = "ams.v1";
export const SUBPROTOCOL_GUEST = "ams.guest";
export const SUBPROTOCOL_BEARER_PREFIX = "ams.bearer.";

const BEARER = /^bearer[ \t]+(\S+)[ \t]*$/i;

/**
 * What an `Authorization` header bears, or null when it isn't of the form `Bearer <credential>`.
 * Not checked further.
 */
export function readBearer(authorization: string): string | null {
  return BEARER.exec(authorization)?.[1] ?? null;
}

const BASE64_DIGITS = /^[A-Za-z0-9+/_-]*$/;

/** Signs of padding at most, which `atob` refuses when they aren't whole and never needs. */
const PADDING_MAX = 2;

/** Whether a wish for the roster asks for counts instead of peers (§4.5.4). */
export function readSummary(text: string): boolean {
  return text.toLowerCase() === "summary";
}

/** `true` or `1`, in any case. */
export function readFlag(text: string): boolean {
  return text === "1" || text.toLowerCase() === "true";
}

/**
 * Stream metadata from its base64 form: JSON text of an object, or null when it isn't one or is too
 * large.
 */
export function readStreamMetadata(base64: string): JsonText | null {
  const json = readBase64Json(base64, METADATA_HEADER_BYTES_MAX);
  return json !== null && isRecord(json.text) ? json.text : null;
}

/**
 * A peer identity `{kind: "agent" | "human", model?, client?}` from its base64 form, or null when
 * it isn't one.
 */
export function readPeerIdentity(base64: string): JsonText | null {
  const json = readBase64Json(base64, PEER_IDENTITY_BYTES_MAX);
  if (json === null || !isRecord(json.text)) return null;
  const { kind, model, client }: Record<string, unknown> = JSON.parse(json.text);
  const known = kind === "agent" || kind === "human";
  return known && isOptionalText(model) && isOptionalText(client) ? json.text : null;
}

/** The ids of `X-AMS-Subscribe-Streams`, each once, or null when one of them isn't a stream id. */
export function readSubscribeStreams(text: string): readonly StreamId[] | null {
  const ids = [...new Set(text.split(",").map((id) => id.trim()))];
  return ids.length <= SUBSCRIBE_STREAMS_MAX && ids.every(isStreamId) ? ids : null;
}

function isOptionalText(value: unknown): boolean {
  return value === undefined || typeof value === "string";
}

/** The length is bounded before anything else looks at the text. */
function readBase64Json(base64: string, bytesMax: number) {
  if (base64.length > Math.ceil(bytesMax / 3) * 4 + PADDING_MAX) return null;
  const digits = withoutPadding(base64);
  if (!BASE64_DIGITS.test(digits) || digits.length % 4 === 1) return null;
  const bytes = fromBase64(digits);
  if (bytes.length > bytesMax) return null;
  const text = decodeUtf8(bytes);
  return text === null ? null : readJson(text);
}

function withoutPadding(base64: string): string {
  let end = base64.length;
  while (base64.length - end < PADDING_MAX && base64[end - 1] === "=") end -= 1;
  return base64.slice(0, end);
}

function fromBase64(base64: string): Uint8Array {
  const binary = atob(base64.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}

function decodeUtf8(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

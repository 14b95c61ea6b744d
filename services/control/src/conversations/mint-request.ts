/** What a mint asks for, read from its body in the order of the documented errors (§2.3). */
import type { IdKind, Outcome } from "@ams/directory";
import {
  type Alias,
  checkMetadata,
  EMPTY_OBJECT,
  EXPIRES_IN_S_MAX,
  isAlias,
  isStreamName,
  type Json,
  type JsonText,
  MAX_JOINS_MAX,
  REPLAY_BYTES_MIN,
  type ReplayTerms,
  type StreamName,
} from "@ams/protocol";
import { type Members, optionalValue } from "../http/body.ts";
import { canonicalText } from "./canonical.ts";

export type MintFault =
  | "invalid_alias"
  | "invalid_stream_name"
  | "unsupported_id_kind"
  | "invalid_metadata"
  | "invalid_stream_metadata"
  | "invalid_expiry"
  | "invalid_max_joins"
  | "invalid_canonical_input"
  | "invalid_replay";

export type MintRequest = {
  /** Null: one is generated. */
  readonly alias: Alias | null;
  readonly streamName: StreamName | null;
  readonly idKind: IdKind;
  /** The RFC 8785 text, null with `ulid`. */
  readonly canonical: string | null;
  readonly metadata: JsonText;
  readonly streamMetadata: JsonText;
  /** Null: without end. */
  readonly expiresInS: number | null;
  /** Null: any number. */
  readonly maxJoins: number | null;
  /** Null: nothing is kept. */
  readonly replay: ReplayTerms | null;
};

/** How much a conversation of this deployment may keep. */
export type ReplayLimits = { readonly replayTtlSMax: number; readonly replayBytesMax: number };

export function readMintRequest(
  body: Members,
  limits: ReplayLimits,
): Outcome<MintRequest, MintFault> {
  const alias = readName(body.get("alias"), isAlias);
  if (alias === undefined) return fault("invalid_alias");
  const streamName = readName(body.get("stream_name"), isStreamName);
  if (streamName === undefined) return fault("invalid_stream_name");
  const idKind = optionalValue(body.get("id_kind")) ?? "ulid";
  if (idKind !== "ulid" && idKind !== "jcs-sha256") return fault("unsupported_id_kind");
  const metadata = readMetadata(body.get("metadata"));
  if (metadata === null) return fault("invalid_metadata");
  const streamMetadata = readMetadata(body.get("stream_metadata"));
  if (streamMetadata === null) return fault("invalid_stream_metadata");
  const expiresInS = readCount(body.get("expires_in_s"), EXPIRES_IN_S_MAX);
  if (expiresInS === undefined) return fault("invalid_expiry");
  const maxJoins = readCount(body.get("max_joins"), MAX_JOINS_MAX);
  if (maxJoins === undefined) return fault("invalid_max_joins");
  const canonical = readCanonical(idKind, body.get("canonical_input"));
  if (canonical === undefined) return fault("invalid_canonical_input");
  const replay = readReplay(optionalValue(body.get("replay")) ?? false, limits);
  if (replay === undefined) return fault("invalid_replay");
  return {
    ok: true,
    value: {
      alias,
      streamName,
      idKind,
      canonical,
      metadata,
      streamMetadata,
      expiresInS,
      maxJoins,
      replay,
    },
  };
}

/** Absent, null or empty: null, so that one is generated. Undefined when it is wrong. */
export function readName<Name extends string>(
  json: Json | undefined,
  isName: (text: string) => text is Name,
): Name | null | undefined {
  const value = optionalValue(json) ?? "";
  if (value === "") return null;
  return typeof value === "string" && isName(value) ? value : undefined;
}

function readMetadata(json: Json | undefined): JsonText | null {
  return json === undefined ? EMPTY_OBJECT : checkMetadata(json);
}

/** A whole number from 1 to `max`; null when it is absent or null, undefined when it is wrong. */
export function readCount(json: Json | undefined, max: number): number | null | undefined {
  const value = optionalValue(json) ?? null;
  if (value === null) return null;
  const fits = typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= max;
  return fits ? value : undefined;
}

/** A conversation without a log says `replay: false`, or nothing. Undefined when it is wrong. */
function readReplay(
  value: unknown,
  { replayTtlSMax, replayBytesMax }: ReplayLimits,
): ReplayTerms | null | undefined {
  if (value === false) return null;
  if (typeof value !== "object" || value === null) return undefined;
  const { ttl_s, max_bytes }: Readonly<Record<string, unknown>> = { ...value };
  if (!isBetween(ttl_s, 1, replayTtlSMax)) return undefined;
  if (!isBetween(max_bytes, REPLAY_BYTES_MIN, replayBytesMax)) return undefined;
  return { ttl_s, max_bytes };
}

function isBetween(value: unknown, min: number, max: number): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= min && value <= max;
}

/** Any JSON, `null` too (§2.3.8): needed with `jcs-sha256`, and given nowhere else. */
function readCanonical(idKind: IdKind, json: Json | undefined): string | null | undefined {
  if (idKind === "ulid") return json === undefined ? null : undefined;
  return json === undefined ? undefined : (canonicalText(json.text) ?? undefined);
}

function fault<Fault extends MintFault>(name: Fault) {
  return { ok: false, fault: name } as const;
}

/** Frames that agents send as tokens (W9.1). Whatever is none of them is ignored silently. */
import { isJsonObject, type Json, parseStrictText } from "@ams/provenance";
import { isMessageId, isRunId } from "@ams/workflow-rules";
import { decodeBase64 } from "../request-body.ts";

/** Bytes of a token. */
const FRAME_BYTES_MAX = 65_536;
/** Pieces of one body, and bytes of one piece. */
export const CHUNKS_MAX = 6;
const CHUNK_BYTES_MAX = 45_000;

export type ChunkFrame = {
  readonly t: "chunk";
  readonly id: string;
  readonly i: number;
  readonly n: number;
  readonly data: Uint8Array;
};

export type WorkflowFrame =
  | {
      readonly t: "submit";
      readonly id: string;
      readonly header: Json;
      readonly sig: Json;
      readonly body: Uint8Array;
      readonly chunked: boolean;
    }
  | ChunkFrame
  | { readonly t: "stop"; readonly run: string | null };

const NOTHING = new Uint8Array();

export function readFrame(text: string): WorkflowFrame | null {
  if (!text.startsWith('{"workflow":1')) return null;
  const parsed = parseStrictText(text, { bytes: FRAME_BYTES_MAX });
  if (!parsed.ok || !isJsonObject(parsed.value) || parsed.value.workflow !== 1) return null;
  const frame = parsed.value;
  switch (frame.t) {
    case "stop": {
      const { run = null } = frame;
      return { t: "stop", run: typeof run === "string" && isRunId(run) ? run : null };
    }
    case "submit": {
      const { header = null, sig = null, body, chunked } = frame;
      const id = isJsonObject(header) && typeof header.id === "string" ? header.id : "";
      const bytes = typeof body === "string" ? (decodeBase64(body) ?? NOTHING) : NOTHING;
      return { t: "submit", id, header, sig, body: bytes, chunked: chunked === true };
    }
    case "chunk": {
      const { id, i, n, data } = frame;
      if (typeof id !== "string" || !isMessageId(id) || typeof data !== "string") return null;
      if (!isCount(i, CHUNKS_MAX - 1) || !isCount(n, CHUNKS_MAX) || i >= n) return null;
      const bytes = decodeBase64(data);
      if (bytes === null || bytes.length > CHUNK_BYTES_MAX) return null;
      return { t: "chunk", id, i, n, data: bytes };
    }
    default:
      return null;
  }
}

function isCount(value: Json | undefined, max: number): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= max;
}

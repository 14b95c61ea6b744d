/** Attachments as the store keeps them: a record, and the bytes in chunks. */
import type { Amp } from "../amp.ts";
import { isoOf } from "../http/fields.ts";
import type { AgentRef } from "../store/store.ts";

export type ScanStatus = "pending" | "basic_clean" | "suspicious" | "rejected";

export type AttachmentRecord = {
  readonly id: string;
  readonly owner: AgentRef;
  readonly filename: string;
  readonly content_type: string;
  readonly size: number;
  readonly digest: string;
  /** Null until the bytes came. */
  readonly uploaded: {
    readonly atMs: number;
    readonly bytes: number;
    readonly chunks: number;
  } | null;
  /** Null until it was confirmed. */
  readonly scan: {
    readonly status: ScanStatus;
    readonly atMs: number;
    readonly digestVerified: boolean;
    readonly flags: readonly string[];
  } | null;
  readonly claim: Claim | null;
  readonly callback: string | null;
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
};

export type Claim = {
  readonly message: string;
  /** Whose queue the message went to; null for another provider's recipient. */
  readonly recipient: AgentRef | null;
  readonly atMs: number;
  /** True once the message was accepted. */
  readonly isDone: boolean;
};

/** Milliseconds: until its bytes must have come, and be routed, and how long it is kept then. */
export const UPLOAD_MS = 3_600_000;
export const UNROUTED_MS = 2 * 3_600_000;
export const ROUTED_MS = 7 * 86_400_000;
/** Milliseconds for which a record outlives its attachment, to say that it has expired. */
export const RECORD_MS = 8 * 86_400_000;
export const CHUNK_BYTES = 262_144;

export async function readAttachment(
  { store }: Pick<Amp, "store">,
  id: string,
): Promise<{ readonly record: AttachmentRecord; readonly text: string } | null> {
  const text = await store.read(id, `att:${id}`);
  return text === null ? null : { record: JSON.parse(text), text };
}

export async function saveAttachment(
  { store }: Pick<Amp, "store">,
  before: string,
  record: AttachmentRecord,
): Promise<boolean> {
  return store.swap(record.id, `att:${record.id}`, before, JSON.stringify(record), RECORD_MS);
}

export async function readChunks(
  { store }: Pick<Amp, "store">,
  { id, uploaded }: AttachmentRecord,
): Promise<Buffer | null> {
  const parts: Buffer[] = [];
  for (let index = 0; index < (uploaded?.chunks ?? 0); index += 1) {
    const chunk = await store.read(id, `att:${id}:${index}`);
    if (chunk === null) return null;
    parts.push(Buffer.from(chunk, "base64"));
  }
  return Buffer.concat(parts);
}

/** A url that nobody can guess, the same each time. */
export function downloadUrl(
  { secrets }: Pick<Amp, "secrets">,
  endpoint: string,
  id: string,
): string {
  return `${endpoint}/attachments/${id}/download?token=${secrets.macOf(`download|${id}`)}`;
}

export function attachmentView(
  amp: Pick<Amp, "secrets">,
  endpoint: string,
  record: AttachmentRecord,
) {
  const { id, filename, content_type, size, digest, scan, uploaded } = record;
  const hasPassed = scan?.status === "basic_clean" || scan?.status === "suspicious";
  return {
    attachment_id: id,
    filename,
    content_type,
    size,
    digest,
    scan_status: scan?.status ?? "pending",
    url: hasPassed ? downloadUrl(amp, endpoint, id) : null,
    uploaded_at: uploaded === null ? null : isoOf(uploaded.atMs),
    expires_at: isoOf(Math.max(record.expiresAtMs, (uploaded?.atMs ?? 0) + ROUTED_MS)),
  };
}

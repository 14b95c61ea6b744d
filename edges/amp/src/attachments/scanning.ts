/** Scans that are due: once for each attachment, whichever process does it. */
import { readRecord } from "../agents/record.ts";
import type { Amp } from "../amp.ts";
import { postSigned } from "../delivery/webhook.ts";
import type { Next } from "../delivery/work.ts";
import { isoOf } from "../http/fields.ts";
import type { JobSpec } from "../store/store.ts";
import { readAttachment, readChunks, type ScanStatus, saveAttachment } from "./record.ts";
import { scan } from "./scan.ts";

export function scanJob(id: string, atMs: number): JobSpec {
  return { id: `scan:${id}`, atMs, value: JSON.stringify({ kind: "scan", id }) };
}

/** One after the other: each holds a whole attachment in memory. */
let last: Promise<unknown> = Promise.resolve();

export function finishScan(amp: Amp, id: string): Promise<ScanStatus | null> {
  const next = last.catch(() => {}).then(() => scanNow(amp, id));
  last = next;
  return next;
}

export async function retryScan(amp: Amp, text: string): Promise<{ at: string; next: Next }> {
  const { id }: { id: string } = JSON.parse(text);
  await finishScan(amp, id);
  return { at: id, next: null };
}

async function scanNow(amp: Amp, id: string): Promise<ScanStatus | null> {
  const found = await readAttachment(amp, id);
  if (found === null || found.record.scan?.status !== "pending")
    return found?.record.scan?.status ?? null;
  const bytes = await readChunks(amp, found.record);
  const seen = scan(bytes ?? Buffer.alloc(0), found.record);
  const atMs = amp.now();
  const record = { ...found.record, scan: { ...seen, atMs } };
  if (!(await saveAttachment(amp, found.text, record))) return scanNow(amp, id);
  await amp.store.finish(id, `scan:${id}`);
  if (record.callback !== null) await postToCallback(amp, record.callback, record);
  return seen.status;
}

async function postToCallback(
  amp: Amp,
  url: string,
  record: NonNullable<Awaited<ReturnType<typeof readAttachment>>>["record"],
): Promise<void> {
  const { owner, id, scan: result } = record;
  const { value } = await amp.store.enter(owner.tenant, `agent:${owner.id}`, [], amp.now());
  const secret = value === null ? null : readRecord(value).delivery.secret;
  const scanned_at = result === null ? null : isoOf(result.atMs);
  const body = JSON.stringify({ attachment_id: id, scan_status: result?.status, scanned_at });
  await postSigned(amp, url, secret, body, {});
}

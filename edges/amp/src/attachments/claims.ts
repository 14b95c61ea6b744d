/** Attachments of a message: checked, and claimed for it before it is accepted. */
import { ATTACHMENTS_BYTES_MAX, ATTACHMENTS_MAX, isId } from "@ams/amp";
import type { AgentRecord } from "../agents/record.ts";
import type { Amp } from "../amp.ts";
import { bad, badField, good, type Refusal, refuse, type Step } from "../http/answer.ts";
import { isAbsent, isoOf, type Members, membersOf } from "../http/fields.ts";
import {
  type AttachmentRecord,
  type Claim,
  downloadUrl,
  RECORD_MS,
  ROUTED_MS,
  readAttachment,
  saveAttachment,
} from "./record.ts";

/** Milliseconds after which a claim whose message never came is free again. */
const CLAIM_MS = 60_000;
/** Times that a record is read again as another request changed it. */
const TRIES_MAX = 5;

export type Listed = { readonly id: string; readonly digest: string; readonly members: Members };

export type Attached = {
  readonly security: readonly unknown[];
  readonly release: () => Promise<void>;
};

/** `payload.attachments`, by its form alone. */
export function readAttachments(value: unknown): Step<readonly Listed[]> {
  if (isAbsent(value)) return good([]);
  const field = "payload.attachments";
  if (!Array.isArray(value)) return bad(badField(field, false, `${field} must be a list.`));
  if (value.length > ATTACHMENTS_MAX)
    return bad(
      refuse("too_many_attachments", `A message has at most ${ATTACHMENTS_MAX} attachments.`),
    );
  const listed: Listed[] = [];
  for (const [index, one] of value.entries()) {
    const members = membersOf(one) ?? {};
    const { id, digest } = members;
    if (!isId("att", id))
      return bad(badField(`${field}.${index}.id`, isAbsent(id), "id must be an attachment's."));
    if (typeof digest !== "string")
      return bad(badField(`${field}.${index}.digest`, isAbsent(digest), "digest is needed."));
    if (listed.some((other) => other.id === id))
      return bad(badField(`${field}.${index}.id`, false, "An attachment can be there only once."));
    listed.push({ id, digest, members });
  }
  return good(listed);
}

export async function claimAttachments(
  amp: Amp,
  sender: AgentRecord,
  listed: readonly Listed[],
  message: string,
): Promise<Step<Attached>> {
  const records: AttachmentRecord[] = [];
  for (const one of listed) {
    const found = await readAttachment(amp, one.id);
    const fault = found === null ? notFound() : faultOf(amp, sender, found.record, one);
    if (found === null || fault !== null) return bad(fault ?? notFound());
    records.push(found.record);
  }
  const bytes = records.reduce((sum, { size }) => sum + size, 0);
  if (bytes > ATTACHMENTS_BYTES_MAX) {
    const rule = `The attachments of a message have at most ${ATTACHMENTS_BYTES_MAX} bytes.`;
    return bad(refuse("attachment_too_large", rule));
  }
  const claimed: string[] = [];
  const release = async () => {
    for (const id of claimed) await dropClaim(amp, id, message);
  };
  for (const { id } of listed) {
    if (await claim(amp, id, message)) claimed.push(id);
    else {
      await release();
      return bad(alreadyUsed());
    }
  }
  const security = records.map(({ id, scan }) => ({
    id,
    scan_status: scan?.status ?? "pending",
    scanned_at: scan === null ? null : isoOf(scan.atMs),
    digest_verified: scan?.digestVerified ?? false,
    injection_flags: scan?.flags ?? [],
  }));
  return good({ security, release });
}

function faultOf(
  amp: Amp,
  sender: AgentRecord,
  record: AttachmentRecord,
  { digest, members }: Listed,
): Refusal | null {
  if (record.owner.id !== sender.id) return notFound();
  if (record.expiresAtMs <= amp.now())
    return refuse("attachment_expired", "An attachment has expired: upload it again.");
  if (record.scan === null || record.scan.status === "pending")
    return refuse("attachment_pending", "An attachment isn't uploaded, confirmed and scanned yet.");
  if (record.scan.status === "rejected")
    return refuse("attachment_rejected", "An attachment was rejected by the scan.");
  if (record.claim?.isDone) return alreadyUsed();
  const { filename, content_type, size } = record;
  const ours: Members = { filename, content_type, size };
  const differs = Object.entries(ours).some(
    ([name, value]) => !isAbsent(members[name]) && members[name] !== value,
  );
  const { url } = members;
  const isOurs = isAbsent(url) || (typeof url === "string" && isOurUrl(amp, url, record.id));
  if (digest !== record.digest || differs || !isOurs)
    return badField("payload.attachments", false, "An attachment isn't as it was uploaded.");
  return null;
}

/** By its path and token: the host may be any that leads here. */
function isOurUrl(amp: Amp, url: string, id: string): boolean {
  if (!URL.canParse(url)) return false;
  const { pathname, search } = new URL(url);
  const own = new URL(downloadUrl(amp, "http://host", id));
  return pathname.endsWith(own.pathname) && search === own.search;
}

/** Sets the claim unless another message has it. */
async function claim(amp: Amp, id: string, message: string): Promise<boolean> {
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    const found = await readAttachment(amp, id);
    if (found === null) return false;
    const { claim: had } = found.record;
    const isFree = had === null || had.message === message || (await isAbandoned(amp, had));
    if (!isFree) return false;
    const fresh = { message, recipient: null, atMs: amp.now(), isDone: false };
    const expiresAtMs = amp.now() + ROUTED_MS;
    const next = { ...found.record, claim: fresh, expiresAtMs };
    if (await saveAttachment(amp, found.text, next)) return true;
  }
  return false;
}

async function isAbandoned(amp: Amp, { message, isDone, atMs }: Claim): Promise<boolean> {
  if (isDone || atMs > amp.now() - CLAIM_MS) return false;
  // A message that was accepted has left its mark, even where its process died just after.
  return (await amp.store.read(message, `routed:${message}`)) === null;
}

async function dropClaim(amp: Amp, id: string, message: string): Promise<void> {
  const found = await readAttachment(amp, id);
  if (found?.record.claim?.message !== message) return;
  await saveAttachment(amp, found.text, { ...found.record, claim: null });
}

/** The message was accepted: its attachments belong to it for good, and its parties may ask. */
export async function settleAttachments(
  amp: Amp,
  listed: readonly Listed[],
  message: string,
  parties: readonly string[],
): Promise<void> {
  if (listed.length === 0) return;
  await amp.store.write(message, `routed:${message}`, JSON.stringify(parties), RECORD_MS);
  for (const { id } of listed) {
    const found = await readAttachment(amp, id);
    const { claim: had = null } = found?.record ?? {};
    if (found === null || had === null || had.message !== message) continue;
    await saveAttachment(amp, found.text, { ...found.record, claim: { ...had, isDone: true } });
  }
}

/** Whether an address sent or received the message that has the attachment. */
export async function isParty(
  amp: Amp,
  { claim: had }: AttachmentRecord,
  address: string,
): Promise<boolean> {
  if (had === null) return false;
  const text = await amp.store.read(had.message, `routed:${had.message}`);
  const parties: readonly string[] = text === null ? [] : JSON.parse(text);
  return parties.includes(address);
}

function notFound(): Refusal {
  return refuse("attachment_not_found", "An attachment doesn't exist, or isn't the sender's.");
}

function alreadyUsed(): Refusal {
  return refuse("attachment_already_used", "An attachment belongs to another message already.");
}

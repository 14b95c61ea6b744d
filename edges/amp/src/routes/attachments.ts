/** Attachments over HTTP: announced, uploaded, confirmed, scanned, fetched. */
import { ATTACHMENT_BYTES_MAX, isId, makeId } from "@ams/amp";
import { type AgentRecord, refOf } from "../agents/record.ts";
import type { Amp } from "../amp.ts";
import { isParty } from "../attachments/claims.ts";
import {
  type AttachmentRecord,
  attachmentView,
  CHUNK_BYTES,
  RECORD_MS,
  ROUTED_MS,
  readAttachment,
  readChunks,
  saveAttachment,
  UNROUTED_MS,
  UPLOAD_MS,
} from "../attachments/record.ts";
import { isBlockedType } from "../attachments/scan.ts";
import { finishScan, scanJob } from "../attachments/scanning.ts";
import { reserveBytes } from "../attachments/usage.ts";
import { type Answer, answer, bad, badField, good, refuse, type Step } from "../http/answer.ts";
import { readBytes } from "../http/body.ts";
import type { Call, Caller } from "../http/call.ts";
import { isAbsent, type Members, membersOf, optionalText, textField } from "../http/fields.ts";

const FILENAME = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,254}$/;
const DEVICE = /^(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\.|$)/i;
const CONTENT_TYPE = /^[a-z0-9!#$&^_.+-]{1,64}\/[a-z0-9!#$&^_.+-]{1,64}(?:; ?[a-z0-9=-]{1,64})?$/i;
const DIGEST = /^sha256:[0-9a-f]{64}$/;
/** Bytes of a multipart body around its file. */
const MULTIPART_BYTES = 65_536;

function readAnnouncement(amp: Amp, body: Members, { record }: Caller): Step<AttachmentRecord> {
  const isName = (text: string) => FILENAME.test(text) && !DEVICE.test(text);
  const rule = "1 to 255 of A-Z, a-z, 0-9, dot, _ and -, not beginning with a dot, and no device";
  const filename = textField(body.filename, "filename", isName, rule);
  if (!filename.ok) return filename;
  const isType = (text: string) => CONTENT_TYPE.test(text);
  const type = textField(body.content_type, "content_type", isType, "a media type");
  if (!type.ok) return type;
  const { size, digest } = body;
  if (typeof size !== "number" || !Number.isInteger(size) || size < 0)
    return bad(badField("size", isAbsent(size), "size must be a number of bytes."));
  if (size > ATTACHMENT_BYTES_MAX)
    return bad(
      refuse("attachment_too_large", `An attachment has at most ${ATTACHMENT_BYTES_MAX} bytes.`),
    );
  if (typeof digest === "string" && !digest.startsWith("sha256:"))
    return bad(refuse("invalid_digest_algorithm", "digest must be sha256:<64 lower-case hex>."));
  const isDigest = (text: string) => DIGEST.test(text);
  const sum = textField(digest, "digest", isDigest, "sha256:<64 lower-case hex>");
  if (!sum.ok) return sum;
  const isUrl = (url: string) => amp.outgoing.faultOf(url) === null;
  const callback = optionalText(body.scan_callback_url, "scan_callback_url", isUrl, "an https URL");
  if (!callback.ok) return callback;
  if (isBlockedType(type.value))
    return bad(refuse("attachment_rejected", "Programs aren't taken as attachments."));
  return good({
    id: makeId("att", amp.now()),
    owner: refOf(record),
    filename: filename.value,
    content_type: type.value,
    size,
    digest: sum.value,
    uploaded: null,
    scan: null,
    claim: null,
    callback: callback.value,
    createdAtMs: amp.now(),
    expiresAtMs: amp.now() + UPLOAD_MS,
  });
}

async function announce(amp: Amp, body: Members, caller: Caller): Promise<Step<AttachmentRecord>> {
  const read = readAnnouncement(amp, body, caller);
  if (!read.ok) return read;
  if (!(await reserveBytes(amp, caller.record.tenant, read.value.size))) {
    const details = { reason: "tenant_quota" };
    return bad(refuse("attachment_too_large", "The tenant has uploaded too much.", { details }));
  }
  const { id } = read.value;
  await amp.store.write(id, `att:${id}`, JSON.stringify(read.value), RECORD_MS);
  return read;
}

export async function upload(amp: Amp, call: Call, caller: Caller): Promise<Answer> {
  const announced = await announce(amp, membersOf(call.json.value) ?? {}, caller);
  if (!announced.ok) return announced.refusal;
  const { id, content_type } = announced.value;
  const token = amp.secrets.macOf(`upload|${id}`);
  const body = {
    attachment_id: id,
    upload_url: `${call.endpoint}/attachments/${id}/upload?token=${token}`,
    upload_method: "PUT",
    upload_headers: { "Content-Type": content_type },
    expires_in: UPLOAD_MS / 1_000,
  };
  return answer(body, 201);
}

const NOT_FOUND = () => refuse("attachment_not_found", "There is no such attachment.");
const EXPIRED = () => refuse("attachment_expired", "The attachment has expired: upload it again.");

export async function putBytes(amp: Amp, call: Call): Promise<Answer> {
  const id = call.params.id ?? "";
  const isOurs = amp.secrets.isMac(`upload|${id}`, call.query.get("token") ?? "");
  const found = isOurs && isId("att", id) ? await readAttachment(amp, id) : null;
  if (found === null) return NOT_FOUND();
  const { record, text } = found;
  if (record.uploaded !== null)
    return refuse("attachment_already_used", "The bytes have been uploaded already.");
  if (record.expiresAtMs <= amp.now()) return EXPIRED();
  const bytes = await readBytes(call.request, record.size);
  if (!bytes.ok) return bytes.refusal;
  const stored = await storeBytes(amp, record, text, bytes.value);
  return stored === null
    ? refuse("attachment_already_used", "The bytes have been uploaded already.")
    : answer({});
}

/** Null when other bytes came first. */
async function storeBytes(amp: Amp, record: AttachmentRecord, text: string, bytes: Buffer) {
  const { id } = record;
  const chunks = Math.ceil(bytes.length / CHUNK_BYTES);
  for (let index = 0; index < chunks; index += 1) {
    const part = bytes.subarray(index * CHUNK_BYTES, (index + 1) * CHUNK_BYTES);
    await amp.store.claim(id, `att:${id}:${index}`, part.toString("base64"), RECORD_MS);
  }
  const uploaded = { atMs: amp.now(), bytes: bytes.length, chunks };
  const next = { ...record, uploaded };
  return (await saveAttachment(amp, text, next)) ? next : null;
}

export async function confirm(amp: Amp, { params }: Call, { record }: Caller): Promise<Answer> {
  const id = params.id ?? "";
  const found = isId("att", id) ? await readAttachment(amp, id) : null;
  if (found === null || found.record.owner.id !== record.id) return NOT_FOUND();
  const { record: attachment, text } = found;
  if (attachment.uploaded === null)
    return refuse("attachment_pending", "Upload the bytes first, to upload_url.");
  if (attachment.expiresAtMs <= amp.now()) return EXPIRED();
  if (attachment.scan === null) {
    const scan = { status: "pending", atMs: amp.now(), digestVerified: false, flags: [] } as const;
    const expiresAtMs = amp.now() + UNROUTED_MS;
    await amp.store.schedule(id, scanJob(id, amp.now() + 30_000));
    await saveAttachment(amp, text, { ...attachment, scan, expiresAtMs });
    void finishScan(amp, id).catch(() => {});
  }
  return answer({ attachment_id: id, scan_status: "pending" });
}

export async function uploadDirect(amp: Amp, call: Call, caller: Caller): Promise<Answer> {
  const bytes = await readBytes(call.request, ATTACHMENT_BYTES_MAX + MULTIPART_BYTES);
  if (!bytes.ok) return refuse("attachment_too_large", "The upload is too large.");
  const headers = { "content-type": call.request.headers.get("content-type") ?? "" };
  const form = await new Response(new Uint8Array(bytes.value), { headers })
    .formData()
    .catch(() => null);
  const malformed = refuse("invalid_request", "The body must be multipart/form-data.");
  if (form === null) return malformed;
  const [metadata, file] = [form.get("metadata"), form.get("file")];
  if (metadata === null) return badField("metadata", true, "metadata is needed.");
  if (!(file instanceof Blob)) return badField("file", file === null, "file must be a file.");
  const text = typeof metadata === "string" ? metadata : await metadata.text();
  const members = parse(text);
  if (members === null) return badField("metadata", false, "metadata must be a JSON object.");
  const announced = await announce(amp, members, caller);
  if (!announced.ok) return announced.refusal;
  const { id } = announced.value;
  const content = Buffer.from(await file.arrayBuffer());
  if (content.length > announced.value.size)
    return refuse("payload_too_large", "The file has more bytes than size says.");
  const known = JSON.stringify(announced.value);
  const stored = await storeBytes(amp, announced.value, known, content);
  if (stored === null) return refuse("unavailable", "Try again.");
  const scan = { status: "pending", atMs: amp.now(), digestVerified: false, flags: [] } as const;
  const expiresAtMs = amp.now() + UNROUTED_MS;
  await saveAttachment(amp, JSON.stringify(stored), { ...stored, scan, expiresAtMs });
  const scan_status = (await finishScan(amp, id)) ?? "pending";
  return answer({ attachment_id: id, scan_status }, 201);
}

function parse(text: string): Members | null {
  try {
    return membersOf(JSON.parse(text));
  } catch {
    return null;
  }
}

export async function showAttachment(
  amp: Amp,
  { params, endpoint }: Call,
  { record }: Caller,
): Promise<Answer> {
  const found = await findFor(amp, params.id ?? "", record);
  return found.ok ? answer(attachmentView(amp, endpoint, found.value)) : found.refusal;
}

async function findFor(amp: Amp, id: string, agent: AgentRecord): Promise<Step<AttachmentRecord>> {
  const found = isId("att", id) ? await readAttachment(amp, id) : null;
  if (found === null) return bad(NOT_FOUND());
  const { record } = found;
  const isOwn = record.owner.id === agent.id;
  if (!isOwn && !(await isParty(amp, record, agent.address))) return bad(NOT_FOUND());
  return record.expiresAtMs <= amp.now() ? bad(EXPIRED()) : good(record);
}

/** By its url, or as one of the message's parties. */
export async function download(amp: Amp, call: Call, caller: Caller | null): Promise<Answer> {
  const id = call.params.id ?? "";
  const token = call.query.get("token");
  const isPublic = token !== null && amp.secrets.isMac(`download|${id}`, token);
  if (!isPublic && caller === null) return NOT_FOUND();
  const found = isPublic
    ? await findPublic(amp, id)
    : await findFor(amp, id, caller?.record ?? NOBODY);
  if (!found.ok) return found.refusal;
  const { scan, filename, content_type, digest } = found.value;
  if (scan?.status !== "basic_clean" && scan?.status !== "suspicious")
    return refuse("attachment_pending", "The attachment hasn't passed its scan.");
  const bytes = await readChunks(amp, found.value);
  if (bytes === null) return EXPIRED();
  const headers = {
    "content-type": content_type,
    "content-disposition": `attachment; filename="${filename}"`,
    "accept-ranges": "bytes",
    etag: `"${digest.slice("sha256:".length)}"`,
    "cache-control": `private, immutable, max-age=${ROUTED_MS / 1_000}`,
    "content-security-policy": "sandbox",
  };
  return ranged(call.request.headers.get("range"), bytes, headers);
}

const NOBODY: AgentRecord = Object.freeze(JSON.parse('{"id":"","address":""}'));

async function findPublic(amp: Amp, id: string): Promise<Step<AttachmentRecord>> {
  const found = isId("att", id) ? await readAttachment(amp, id) : null;
  if (found === null) return bad(NOT_FOUND());
  return found.record.expiresAtMs <= amp.now() ? bad(EXPIRED()) : good(found.record);
}

/** One range of bytes; several, or one that is none, are answered with the whole. */
function ranged(range: string | null, bytes: Buffer, headers: Record<string, string>): Answer {
  const parts = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(range ?? "");
  const [, from = "", to = ""] = parts ?? [];
  const size = bytes.length;
  const whole = (part: Buffer, status: number, more: Record<string, string> = {}): Answer => ({
    status,
    body: new Uint8Array(part),
    headers: { ...headers, ...more, "content-length": String(part.length) },
  });
  if (parts === null || (from === "" && to === "")) return whole(bytes, 200);
  const start = from === "" ? Math.max(0, size - Number(to)) : Number(from);
  const end = from === "" || to === "" ? size - 1 : Math.min(size - 1, Number(to));
  if (start > end || start >= size)
    return whole(Buffer.alloc(0), 416, { "content-range": `bytes */${size}` });
  const content = `bytes ${start}-${end}/${size}`;
  return whole(bytes.subarray(start, end + 1), 206, { "content-range": content });
}

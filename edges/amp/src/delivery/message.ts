/** A message: its fields as they are sent, and its text as it is kept and handed on. */
import {
  CONTEXT_BYTES_MAX,
  isId,
  type JsonNode,
  type JsonText,
  LIFE_MS,
  LIFE_MS_MAX,
  MESSAGE_BYTES_MAX,
  memberOf,
  PRIORITIES,
  type Priority,
  SUBJECT_CHARACTERS_MAX,
  sourceOf,
  type Trust,
  TYPE_CHARACTERS_MAX,
  WHOLE_BYTES_MAX,
} from "@ams/amp";
import { bad, badField, good, type Step } from "../http/answer.ts";
import { isAbsent, isoOf, type Members, membersOf, textField, timeOf } from "../http/fields.ts";
import type { Queued } from "../store/store.ts";

export type Payload = {
  readonly node: JsonNode;
  /** As it was sent. */
  readonly text: string;
  readonly type: string;
  readonly message: string;
  readonly context: Members | null;
  readonly attachments: unknown;
};

export type Draft = {
  readonly to: string;
  readonly subject: string;
  readonly priority: Priority;
  readonly in_reply_to: string | null;
  readonly thread_id: string | null;
  readonly expiresAtMs: number | null;
  readonly signature: string | null;
  readonly receipt: boolean;
  readonly idempotencyKey: string | null;
  readonly from: unknown;
  readonly payload: Payload;
};

/** Nothing of it comes from the network unchecked: what the provider concluded, and text. */
export type Kept = {
  /** The envelope as text. */
  readonly e: string;
  /** The payload as it was sent. */
  readonly p: string;
  readonly key: string | null;
  readonly received_at: string;
  readonly verified: boolean;
  readonly security: Security;
  readonly wrapped: string | null;
  readonly signed_to: string | null;
  /** Whether the sender wants to hear of its delivery. */
  readonly receipt: boolean;
};

export type Security = {
  readonly trust: Trust;
  readonly injection_flags: readonly string[];
  readonly wrapped: boolean;
  readonly verified_at: string | null;
  readonly attachments?: readonly unknown[];
};

/** What receipts need to know once the body is gone. */
export type Meta = {
  readonly from: string;
  readonly to: string;
  /** The sender's tenant; null for a sender of another provider. */
  readonly tenant: string | null;
  readonly sender: string | null;
  readonly receipt: boolean;
  readonly thread: string;
};

const IDEMPOTENCY_KEY = /^[A-Za-z0-9_-]{1,128}$/;

/** The fields of a route's body, in either of its forms. */
export function readDraft(json: JsonText, nowMs: number): Step<Draft> {
  const outer = membersOf(json.value) ?? {};
  const inner = membersOf(outer.envelope);
  const given = inner ?? outer;
  const at = inner === null ? "" : "envelope.";
  const need = (name: string, isGood: (text: string) => boolean, rule: string) =>
    textField(given[name], `${at}${name}`, isGood, rule);
  const to = need("to", (text) => text.length > 0 && text.length <= 254, "an address");
  if (!to.ok) return to;
  const subject = need(
    "subject",
    isSubject,
    `1 to ${SUBJECT_CHARACTERS_MAX} characters without line breaks`,
  );
  if (!subject.ok) return subject;
  const payload = readPayload(json);
  if (!payload.ok) return payload;
  const { priority, in_reply_to, thread_id, expires_at, signature } = given;
  const known = PRIORITIES.find((one) => one === (isAbsent(priority) ? "normal" : priority));
  if (known === undefined)
    return bad(badField(`${at}priority`, false, "priority must be urgent, high, normal or low."));
  for (const [name, value] of Object.entries({ in_reply_to, thread_id })) {
    if (!isAbsent(value) && !isId("msg", value))
      return bad(badField(`${at}${name}`, false, `${name} must be the id of a message.`));
  }
  const expiresAtMs = isAbsent(expires_at) ? null : timeOf(expires_at);
  if (!isAbsent(expires_at) && (expiresAtMs === null || expiresAtMs <= nowMs))
    return bad(badField(`${at}expires_at`, false, "expires_at must be a time to come."));
  const signed = signature ?? outer.signature ?? null;
  if (signed !== null && typeof signed !== "string")
    return bad(badField("signature", false, "signature must be base64 text."));
  const more = readOptions(given, outer);
  if (!more.ok) return more;
  return good({
    to: to.value,
    subject: subject.value,
    priority: known,
    in_reply_to: isId("msg", in_reply_to) ? in_reply_to : null,
    thread_id: isId("msg", thread_id) ? thread_id : null,
    expiresAtMs,
    signature: signed,
    ...more.value,
    from: given.from ?? outer.from,
    payload: payload.value,
  });
}

function isSubject(text: string): boolean {
  // A character outside the basic plane has two units.
  if (text === "" || text.length > 2 * SUBJECT_CHARACTERS_MAX || /[\r\n\0]/.test(text))
    return false;
  return [...text].length <= SUBJECT_CHARACTERS_MAX;
}

function readOptions(given: Members, outer: Members) {
  const options = given.options ?? outer.options;
  const receipt = isAbsent(options) ? null : membersOf(options)?.receipt;
  if (!isAbsent(options) && membersOf(options) === null)
    return bad(badField("options", false, "options must be an object."));
  if (!isAbsent(receipt) && typeof receipt !== "boolean")
    return bad(badField("options.receipt", false, "options.receipt must be true or false."));
  const key = given.idempotency_key ?? outer.idempotency_key;
  if (!isAbsent(key) && !(typeof key === "string" && IDEMPOTENCY_KEY.test(key))) {
    const rule = "idempotency_key must be 1 to 128 of A-Z, a-z, 0-9, _ and -.";
    return bad(badField("idempotency_key", false, rule));
  }
  const idempotencyKey = typeof key === "string" ? key : null;
  return good({ receipt: receipt === true, idempotencyKey });
}

/** `payload` of a body, checked; its text stays as it is. */
export function readPayload(json: JsonText): Step<Payload> {
  const { payload } = membersOf(json.value) ?? {};
  const node = memberOf(json.root, "payload");
  const members = membersOf(payload);
  if (node === null || members === null)
    return bad(badField("payload", isAbsent(payload), "payload must be an object."));
  const type = textField(
    members.type,
    "payload.type",
    (text) => text.length > 0 && text.length <= TYPE_CHARACTERS_MAX,
    "1 to 128 characters",
  );
  if (!type.ok) return type;
  const message = textField(
    members.message,
    "payload.message",
    (text) => Buffer.byteLength(text) <= MESSAGE_BYTES_MAX,
    `text of at most ${MESSAGE_BYTES_MAX} bytes`,
  );
  if (!message.ok) return message;
  const context = membersOf(members.context);
  if (!isAbsent(members.context)) {
    const bytes = Buffer.byteLength(JSON.stringify(members.context));
    const rule = `payload.context must be an object of at most ${CONTEXT_BYTES_MAX} bytes of JSON.`;
    if (context === null || bytes > CONTEXT_BYTES_MAX)
      return bad(badField("payload.context", false, rule));
  }
  const text = sourceOf(json, node);
  if (Buffer.byteLength(JSON.stringify(payload)) > WHOLE_BYTES_MAX - 1_024)
    return bad(badField("payload", false, `A message has at most ${WHOLE_BYTES_MAX} bytes.`));
  const { attachments } = members;
  return good({ node, text, type: type.value, message: message.value, context, attachments });
}

/** When a message leaves the queue: after 7 days, or when it says. */
export function expiryOf(expiresAtMs: number | null, nowMs: number): number {
  return expiresAtMs === null ? nowMs + LIFE_MS : Math.min(expiresAtMs, nowMs + LIFE_MS_MAX);
}

export function writeKept(kept: Kept): string {
  return JSON.stringify(kept);
}

export function readKept(body: string): Kept {
  return JSON.parse(body);
}

export function readMeta(text: string): Meta {
  return JSON.parse(text);
}

export type Method = "websocket" | "webhook" | "relay" | "mesh";

/** The message as a JSON object: its envelope and payload are the texts that came. */
export function render(
  { id, queuedAtMs, expiresAtMs, body }: Pick<Queued, "id" | "queuedAtMs" | "expiresAtMs" | "body">,
  as: "pending" | "socket" | "webhook",
  more: Readonly<Record<string, unknown>> = {},
): string {
  const kept = readKept(body);
  const method: Method = as === "socket" ? "websocket" : as === "webhook" ? "webhook" : "relay";
  const { received_at, verified, security, wrapped, signed_to } = kept;
  const local = { received_at, delivery_method: method, verified, security };
  const members = [
    ...(as === "webhook" ? [] : [`"id":${JSON.stringify(id)}`]),
    `"envelope":${kept.e}`,
    `"payload":${kept.p}`,
    ...(as === "webhook" ? [] : [`"sender_public_key":${JSON.stringify(kept.key)}`]),
    ...(as === "webhook" ? [] : [`"queued_at":"${isoOf(queuedAtMs)}"`]),
    ...(as === "pending" ? [`"expires_at":"${isoOf(expiresAtMs)}"`] : []),
    `"local":${JSON.stringify(local)}`,
    ...(wrapped === null ? [] : [`"wrapped_message":${JSON.stringify(wrapped)}`]),
    ...(signed_to === null ? [] : [`"signed_to":${JSON.stringify(signed_to)}`]),
    ...Object.entries(more).map(([key, value]) => `"${key}":${JSON.stringify(value)}`),
  ];
  return `{${members.join(",")}}`;
}

/** A client of the provider's HTTP API, for one agent. It signs what it sends. */
import { createHash, type KeyObject, randomBytes } from "node:crypto";
import { type JsonNode, readJson } from "./json-text.ts";
import { parsePublicKey, publicKeyOf } from "./keys.ts";
import { registrationText, signMessage, signText, verifyMessage } from "./signing.ts";
import { type Trust, wrapMessage } from "./wrap.ts";

export type Members = Readonly<Record<string, unknown>>;

/** What the provider refused, or `unreachable`. The message holds no secret. */
export class AmpError extends Error {
  override readonly name = "AmpError";
  readonly code: string;
  readonly status: number | null;
  readonly field: string | null;

  constructor(code: string, message: string, status: number | null, field: string | null = null) {
    super(message);
    this.code = code;
    this.status = status;
    this.field = field;
  }
}

export type Identity = {
  readonly address: string;
  readonly apiKey: string;
  readonly key: KeyObject;
  /** With the base, such as `http://127.0.0.1:8084/v1`. */
  readonly endpoint: string;
};

export type Outgoing = {
  readonly to: string;
  readonly subject: string;
  readonly message: string;
  readonly type?: string | undefined;
  readonly priority?: string | undefined;
  readonly context?: Members | undefined;
  readonly in_reply_to?: string | undefined;
  readonly receipt?: boolean | undefined;
  readonly attachments?: readonly Members[] | undefined;
};

/** A message as a reader gets it; the trust is what this client itself could verify. */
export type Incoming = {
  readonly id: string;
  readonly from: string;
  readonly subject: string;
  readonly priority: string;
  readonly type: string;
  readonly timestamp: string;
  readonly thread_id: string;
  readonly in_reply_to: string | null;
  readonly trust: Trust;
  readonly injection_flags: readonly string[];
  readonly message: string;
  /** The text as a model may see it: wrapped unless the sender is verified. */
  readonly shown: string;
  readonly context: unknown;
  readonly attachments: readonly Members[];
};

const REQUEST_MS_MAX = 30_000;

export async function ask(
  url: string,
  method: string,
  options: { readonly apiKey?: string; readonly body?: string | Uint8Array<ArrayBuffer> } = {},
): Promise<{ readonly status: number; readonly text: string }> {
  const { apiKey, body } = options;
  try {
    const response = await fetch(url, {
      method,
      headers: {
        ...(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }),
        ...(typeof body === "string" ? { "content-type": "application/json" } : {}),
      },
      ...(body === undefined ? {} : { body }),
      signal: AbortSignal.timeout(REQUEST_MS_MAX),
    });
    return { status: response.status, text: await response.text() };
  } catch {
    throw new AmpError("unreachable", "The provider can't be reached.", null);
  }
}

function parse({ status, text }: { readonly status: number; readonly text: string }): Members {
  let members: Members;
  try {
    members = JSON.parse(text);
  } catch {
    throw new AmpError("not_amp", "What answers there is no AMP provider.", status);
  }
  if (status < 400) return members;
  const { error, message, field } = members;
  throw new AmpError(
    typeof error === "string" ? error : "refused",
    typeof message === "string" ? message : `The provider answered ${status}.`,
    status,
    typeof field === "string" ? field : null,
  );
}

/** Registers a key under a name, or comes back to a name that the key has. */
export async function registerAgent(
  endpoint: string,
  key: KeyObject,
  wanted: Members,
  userKey?: string,
): Promise<Members> {
  const own = publicKeyOf(key);
  if (own === null) throw new AmpError("invalid_field", "The key can't be used.", null);
  const body = { ...wanted, public_key: own.pem, key_algorithm: own.algorithm };
  const url = `${endpoint}/register`;
  const post = (text: object) =>
    ask(url, "POST", {
      body: JSON.stringify(text),
      ...(userKey === undefined ? {} : { apiKey: userKey }),
    });
  const first = await post(body);
  if (first.status !== 409) return parse(first);
  const { provider } = parse(await ask(`${endpoint}/info`, "GET"));
  const address = `${String(wanted.name)}@${String(wanted.tenant)}.${String(provider)}`;
  const proof_timestamp = Math.floor(Date.now() / 1_000);
  const proof = signText(key, registrationText(address, proof_timestamp));
  return parse(await post({ ...body, proof, proof_timestamp }));
}

export class AmpClient {
  readonly identity: Identity;

  constructor(identity: Identity) {
    this.identity = identity;
  }

  async call(method: string, path: string, body?: string | Uint8Array<ArrayBuffer>) {
    const { endpoint, apiKey } = this.identity;
    const options = { apiKey, ...(body === undefined ? {} : { body }) };
    return parse(await ask(`${endpoint}${path}`, method, options));
  }

  /** Signed, with a key of its own, so that a retry doesn't send it twice. */
  async send(outgoing: Outgoing): Promise<Members> {
    const to = await this.#fullAddress(outgoing.to);
    const body = this.#sign({ ...outgoing, to });
    const sent = await this.call("POST", "/route", body).catch((error: unknown) => {
      const isLost = error instanceof AmpError && error.code === "unreachable";
      return isLost ? this.call("POST", "/route", body) : Promise.reject(error);
    });
    return { ...sent, to };
  }

  /** The body of a `POST /route`, signed. */
  async prepare(outgoing: Outgoing): Promise<string> {
    const to = await this.#fullAddress(outgoing.to);
    return this.#sign({ ...outgoing, to });
  }

  #sign(outgoing: Outgoing): string {
    const { address: from, key } = this.identity;
    const { to, subject, message, type = "request", context, attachments } = outgoing;
    const payload = JSON.stringify({
      type,
      message,
      ...(context === undefined ? {} : { context }),
      ...(attachments === undefined ? {} : { attachments }),
    });
    const { priority = "normal", in_reply_to = null, receipt = false } = outgoing;
    const fields = { from, to, subject, priority, in_reply_to };
    const signature = signMessage(key, fields, nodeOf(payload));
    const idempotency_key = randomBytes(16).toString("hex");
    const more = receipt ? { options: { receipt } } : {};
    const members = { ...fields, signature, idempotency_key, ...more };
    return `${JSON.stringify(members).slice(0, -1)},"payload":${payload}}`;
  }

  async inbox(limit: number): Promise<{
    readonly messages: readonly Incoming[];
    readonly remaining: number;
  }> {
    const answer = await this.#pending(limit);
    const { remaining } = parse(answer);
    const root = nodeOf(answer.text);
    const list = memberNode(root, "messages");
    const items = list?.kind === "array" ? list.items : [];
    const messages = items.map((node) => readIncoming(answer.text, node, this.identity));
    return { messages, remaining: Number(remaining ?? 0) };
  }

  #pending(limit: number) {
    const { endpoint, apiKey } = this.identity;
    return ask(`${endpoint}/messages/pending?limit=${limit}`, "GET", { apiKey });
  }

  /** A message that waits, by its id; null where none does. */
  async find(id: string): Promise<Incoming | null> {
    const { messages } = await this.inbox(100);
    return messages.find((message) => message.id === id) ?? null;
  }

  ack(id: string): Promise<Members> {
    return this.call("DELETE", `/messages/pending/${encodeURIComponent(id)}`);
  }

  markRead(id: string): Promise<Members> {
    return this.call("POST", `/messages/${encodeURIComponent(id)}/read`);
  }

  resolve(address: string): Promise<Members> {
    return this.call("GET", `/agents/resolve/${encodeURIComponent(address)}`);
  }

  /** Uploads, waits for the scan, and resolves with what a message lists. */
  async attach(filename: string, contentType: string, bytes: Uint8Array<ArrayBuffer>) {
    const digest = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
    const about = { filename, content_type: contentType, size: bytes.length, digest };
    const made = await this.call("POST", "/attachments/upload", JSON.stringify(about));
    const id = String(made.attachment_id);
    parse(await ask(String(made.upload_url), "PUT", { body: bytes }));
    await this.call("POST", `/attachments/${id}/confirm`);
    for (let tries = 0; tries < 100; tries += 1) {
      const { scan_status, url, uploaded_at, expires_at } = await this.call(
        "GET",
        `/attachments/${id}`,
      );
      if (scan_status === "rejected")
        throw new AmpError("attachment_rejected", "The file was rejected by the scan.", 422);
      if (scan_status !== "pending")
        return { id, ...about, url, scan_status, uploaded_at, expires_at };
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new AmpError("attachment_pending", "The scan takes long: try again.", 409);
  }

  /** Signed addresses are full ones. */
  async #fullAddress(to: string): Promise<string> {
    const { address } = this.identity;
    const domain = address.slice(address.indexOf("@") + 1);
    const [name = "", rest] = to.toLowerCase().split("@");
    if (rest === undefined) {
      const { address: found } = await this.resolve(name);
      return String(found);
    }
    if (rest.includes(".")) return `${name}@${rest}`;
    const { provider } = parse(await ask(`${this.identity.endpoint}/info`, "GET"));
    return `${name}@${rest}.${String(provider ?? domain)}`;
  }
}

function nodeOf(text: string): JsonNode {
  const read = readJson(text);
  if (!read.ok) throw new AmpError("invalid_request", "The text can't be read as JSON.", null);
  return read.json.root;
}

function memberNode(node: JsonNode | null, name: string): JsonNode | null {
  return node?.kind === "object" ? (node.entries.find(([key]) => key === name)?.[1] ?? null) : null;
}

/** The provider's words on trust are never taken for more than this client can verify itself. */
export function readIncoming(text: string, node: JsonNode, { address: own }: Identity): Incoming {
  const members: Members = JSON.parse(text.slice(node.start, node.end));
  const envelope: Members = Object(members.envelope);
  const payload: Members = Object(members.payload);
  const payloadNode = memberNode(node, "payload");
  const pem = members.sender_public_key;
  const key = typeof pem === "string" ? parsePublicKey(pem) : null;
  const { id, from, to, subject, priority, in_reply_to, signature } = textsOf(envelope);
  const fields = { from, to, subject, priority, in_reply_to: in_reply_to || null };
  const signedTo = typeof members.signed_to === "string" ? members.signed_to : to;
  const isSigned =
    key !== null &&
    payloadNode !== null &&
    signature !== "" &&
    verifyMessage(key, fields, { recipients: [signedTo, to], payload: payloadNode }, signature) !==
      null;
  const security: Members = Object(Object(members.local).security);
  const trust = trustOf(isSigned, from, own, security.trust);
  const message = typeof payload.message === "string" ? payload.message : "";
  return {
    id: String(members.id ?? id),
    from,
    subject,
    priority,
    type: String(payload.type ?? ""),
    timestamp: String(envelope.timestamp ?? ""),
    thread_id: String(envelope.thread_id ?? ""),
    in_reply_to: in_reply_to || null,
    trust,
    injection_flags: Array.isArray(security.injection_flags)
      ? security.injection_flags.map(String)
      : [],
    message,
    shown: wrapMessage(message, from, trust) ?? message,
    context: payload.context ?? null,
    attachments: Array.isArray(payload.attachments) ? payload.attachments.map(Object) : [],
  };
}

function textsOf(members: Members) {
  const text = (value: unknown) => (typeof value === "string" ? value : "");
  const { id, from, to, subject, priority, in_reply_to, signature } = members;
  return {
    id: text(id),
    from: text(from),
    to: text(to),
    subject: text(subject),
    priority: text(priority) || "normal",
    in_reply_to: text(in_reply_to),
    signature: text(signature),
  };
}

function trustOf(isSigned: boolean, from: string, own: string, said: unknown): Trust {
  if (!isSigned) return "untrusted";
  const tenant = (address: string) => address.slice(address.indexOf("@") + 1);
  const isHome =
    tenant(own).split(".").slice(-3).join(".") === tenant(from).split(".").slice(-3).join(".");
  return said === "verified" && isHome ? "verified" : "external";
}

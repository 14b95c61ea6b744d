/** For tests: a provider in this process on a port of its own, and agents that use it by HTTP. */
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type JsonNode, publicKeyOf, readJson, type SignedFields, signMessage } from "@ams/amp";
import type { Resolve } from "@ams/process";
import { createRegistry, openHttpServer, openLog } from "@ams/process";
import { WebSocket } from "ws";
import { createApp, OWN_PORT } from "../app.ts";
import { readAmp } from "../config.ts";
import type { Txt } from "../delivery/peers.ts";
import { createAmpMetrics } from "../metrics.ts";
import { createSocketServer } from "../sockets/server.ts";
import type { SocketTimes } from "../sockets/socket.ts";
import { type Provider, startProvider } from "../start.ts";

export type Json = Record<string, unknown>;

export type Reply = { readonly status: number; readonly body: Json; readonly headers: Headers };

export type World = {
  readonly provider: Provider;
  /** Where agents reach it, with the base. */
  readonly endpoint: string;
  readonly port: number;
  readonly lines: readonly string[];
  readonly call: (method: string, path: string, options?: CallOptions) => Promise<Reply>;
  readonly register: (name: string, tenant?: string, more?: Json) => Promise<Agent>;
  readonly stop: () => Promise<void>;
};

export type CallOptions = {
  readonly key?: string | undefined;
  readonly body?: unknown;
  /** As it is, instead of `body` as JSON. */
  readonly raw?: string | Uint8Array<ArrayBuffer> | FormData;
  readonly headers?: Readonly<Record<string, string>>;
};

export type Sent = {
  readonly subject?: string;
  readonly payload?: string | Json;
  readonly more?: Json;
  /** A signature of one's own, or null for none. */
  readonly signature?: string | null;
  readonly signedTo?: string;
};

export type Agent = {
  readonly name: string;
  readonly address: string;
  readonly id: string;
  readonly apiKey: string;
  readonly key: KeyObject;
  readonly pem: string;
  readonly body: Json;
  readonly call: (method: string, path: string, options?: CallOptions) => Promise<Reply>;
  readonly send: (to: string, sent?: Sent) => Promise<Reply>;
  readonly draft: (to: string, sent?: Sent) => string;
  readonly pending: () => Promise<readonly Json[]>;
  readonly connect: (headers?: Readonly<Record<string, string>>) => TestSocket;
};

/** No rates, so that a test meets only those that it sets. */
const TEST_ENV = {
  AMS_AMP_DOMAIN: "example.test",
  AMS_AMP_REGISTRATION: "open",
  AMS_AMP_SECRET: "0123456789abcdef0123456789abcdef",
  AMS_AMP_REGISTRATIONS_PER_MINUTE: "0",
  AMS_AMP_ROUTES_PER_MINUTE: "0",
  AMS_AMP_ROUTES_PER_HOUR: "0",
  AMS_AMP_RECEIVED_PER_MINUTE: "0",
  AMS_AMP_PENDING_PER_MINUTE: "0",
  AMS_AMP_UPLOADS_PER_MINUTE: "0",
  AMS_AMP_REQUESTS_PER_MINUTE: "0",
  AMS_AMP_BAD_BEARERS_PER_MINUTE: "0",
};

export type WorldOptions = {
  readonly env?: Readonly<Record<string, string>>;
  readonly now?: () => number;
  readonly resolve?: Resolve;
  /** The system chooses unless given. */
  readonly port?: number;
  /** Where the deployment is; nowhere unless given. */
  readonly url?: string;
  readonly times?: SocketTimes;
  readonly txt?: Txt;
};

export async function startWorld(options: WorldOptions = {}): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), "amp-world-"));
  const read = readAmp({ ...TEST_ENV, AMS_DATA: folder, ...options.env });
  if (!read.ok) throw new Error(read.faults.join("\n"));
  const lines: string[] = [];
  const log = openLog(
    { service: "amp", instance: "test", level: "debug" },
    { write: (line: string) => lines.push(line) },
  );
  const metrics = createAmpMetrics(createRegistry(), { sockets: () => 0, inboxSockets: () => 0 });
  const provider = await startProvider({
    config: read.value,
    secrets: read.value.AMS_AMP_SECRET,
    reached: { publicUrl: null, trustProxy: false },
    url: () => options.url ?? "http://127.0.0.1:1",
    log,
    metrics,
    ...(options.now === undefined ? {} : { now: options.now }),
    ...(options.resolve === undefined ? {} : { resolve: options.resolve }),
    ...(options.txt === undefined ? {} : { txt: options.txt }),
  });
  const sockets = createSocketServer(provider, options.times);
  const { port = 0 } = options;
  const at = { host: "127.0.0.1", port, names: { publicUrl: null, allowedHosts: [] } };
  const app = createApp(provider, OWN_PORT);
  const server = await openHttpServer(at, app, () => new Response(null), sockets.upgrade);
  const endpoint = `http://127.0.0.1:${server.port}/v1`;
  const call = caller(endpoint);
  return {
    provider,
    endpoint,
    port: server.port,
    lines,
    call,
    register: (name, tenant = "acme", more = {}) => register(endpoint, name, tenant, more),
    stop: async () => {
      const closed = server.close();
      await sockets.stop();
      await closed;
      await provider.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export function caller(endpoint: string): World["call"] {
  return async (method, path, { key, body, raw, headers = {} } = {}) => {
    const response = await fetch(path.startsWith("http") ? path : `${endpoint}${path}`, {
      method,
      headers: { ...(key === undefined ? {} : { authorization: `Bearer ${key}` }), ...headers },
      ...(raw === undefined ? {} : { body: raw }),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = response.headers.get("content-type")?.includes("json") ?? false;
    return {
      status: response.status,
      body: isJson && text !== "" ? JSON.parse(text) : { text },
      headers: response.headers,
    };
  };
}

export function newKey(): { readonly key: KeyObject; readonly pem: string } {
  const { privateKey: key } = generateKeyPairSync("ed25519");
  const pem = publicKeyOf(key)?.pem ?? "";
  return { key, pem };
}

export function nodeOf(text: string): JsonNode {
  const read = readJson(text);
  if (!read.ok) throw new Error(read.fault);
  return read.json.root;
}

export async function register(
  endpoint: string,
  name: string,
  tenant: string,
  more: Json = {},
): Promise<Agent> {
  const made = newKey();
  const body = { name, tenant, public_key: made.pem, key_algorithm: "Ed25519", ...more };
  const reply = await caller(endpoint)("POST", "/register", { body });
  if (reply.status !== 201) throw new Error(JSON.stringify(reply.body));
  return agentOf(endpoint, made, reply.body);
}

export function agentOf(
  endpoint: string,
  { key, pem }: { readonly key: KeyObject; readonly pem: string },
  body: Json,
): Agent {
  const { address, local_name, agent_id, api_key } = body;
  const apiKey = String(api_key);
  const call: Agent["call"] = (method, path, options = {}) =>
    caller(endpoint)(method, path, { key: apiKey, ...options });
  const own = String(address);
  const draft: Agent["draft"] = (to, sent = {}) => draftOf(own, key, to, sent);
  return {
    name: String(local_name),
    address: own,
    id: String(agent_id),
    apiKey,
    key,
    pem,
    body,
    call,
    draft,
    send: (to, sent = {}) => call("POST", "/route", { raw: draft(to, sent) }),
    pending: async () => {
      const { body: page } = await call("GET", "/messages/pending?limit=100");
      return Array.isArray(page.messages) ? page.messages : [];
    },
    connect: (headers) => connect(endpoint, headers),
  };
}

function draftOf(from: string, key: KeyObject, to: string, sent: Sent): string {
  const { subject = "Hi", payload = { type: "request", message: "hello" }, more = {} } = sent;
  const text = typeof payload === "string" ? payload : JSON.stringify(payload);
  const fields: SignedFields = {
    from,
    to: sent.signedTo ?? to,
    subject,
    priority: typeof more.priority === "string" ? more.priority : "normal",
    in_reply_to: typeof more.in_reply_to === "string" ? more.in_reply_to : null,
  };
  const read = readJson(text);
  const signed = read.ok ? signMessage(key, fields, read.json.root) : null;
  const signature = sent.signature === undefined ? signed : sent.signature;
  const members = JSON.stringify({ to, subject, signature, ...more }).slice(0, -1);
  return `${members},"payload":${text}}`;
}

/** A socket whose frames are read one by one, and how it closed. */
export type TestSocket = {
  readonly socket: WebSocket;
  readonly opened: Promise<void>;
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
  readonly send: (frame: unknown) => void;
  /** The next frame. */
  readonly next: () => Promise<Json>;
  /** Frames that came and weren't read. */
  readonly waiting: readonly Json[];
};

export function connect(
  endpoint: string,
  headers: Readonly<Record<string, string>> = {},
  protocols: readonly string[] = [],
): TestSocket {
  const url = `${endpoint.replace("http", "ws")}/ws`;
  const socket = new WebSocket(url, [...protocols], { headers });
  const waiting: Json[] = [];
  const readers: ((frame: Json) => void)[] = [];
  socket.on("message", (data) => {
    const frame: Json = JSON.parse(data.toString());
    const reader = readers.shift();
    if (reader === undefined) waiting.push(frame);
    else reader(frame);
  });
  socket.on("error", () => {});
  return {
    socket,
    waiting,
    opened: new Promise((resolve) => socket.once("open", () => resolve())),
    closed: new Promise((resolve) =>
      socket.once("close", (code, reason) => resolve({ code, reason: reason.toString() })),
    ),
    send: (frame) => socket.send(typeof frame === "string" ? frame : JSON.stringify(frame)),
    next: () => {
      const first = waiting.shift();
      if (first !== undefined) return Promise.resolve(first);
      return new Promise((resolve) => readers.push(resolve));
    },
  };
}

/** A socket that has said who it is, and what it was answered. */
export async function signIn(agent: Agent) {
  const socket = agent.connect();
  await socket.opened;
  socket.send({ type: "auth", token: agent.apiKey });
  const connected = await socket.next();
  return { ...socket, connected };
}

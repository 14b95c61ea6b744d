/**
 * Stand-ins for what surrounds the modules of a gateway, and records to fill them with. For tests
 * only.
 */
import {
  type Account,
  type Admission,
  DEPLOYMENT_LIMITS,
  type QuotaSlot,
  type RosterEntry,
  type Where,
} from "@ams/directory";
import type { Log } from "@ams/process";
import type {
  AccountId,
  Alias,
  CloseReason,
  ConversationId,
  JsonText,
  Namespace,
  StreamId,
  StreamName,
} from "@ams/protocol";
import { pino } from "pino";
import { Registry } from "prom-client";
import type { Socket, Sockets } from "../accept/sockets.ts";
import type { Bus, Deliver } from "../bus/bus.ts";
import { GatewayMetrics } from "../metrics.ts";

export const CONVERSATION = "conv_01J8ZQ4T9V3W5X7Y9ABCDEFGHJ" as ConversationId;
export const NAMESPACE = "falcon" as Namespace;
export const ALIAS = "standup" as Alias;
export const ACCOUNT = "acc_01J8ZQ4T9V3W5X7Y9ABCDEFGHJ" as AccountId;
/** The generation of `CONVERSATION`. */
export const GENERATION = "generation-1";
export const WHERE: Where = {
  address: { namespace: NAMESPACE, alias: ALIAS },
  conversationId: CONVERSATION,
  generation: GENERATION,
};

/** The id of the stream with this number. */
export function streamId(number: number): StreamId {
  return `str_${number.toString(16).padStart(26, "0")}` as StreamId;
}

export function json(text: string): JsonText {
  return text as JsonText;
}

/** A roster entry of stream `number`, held under `epoch` by a connection of the same number. */
export function entryOf(
  number: number,
  epoch: number,
  more: Partial<RosterEntry> = {},
): RosterEntry {
  return {
    stream_id: streamId(number),
    stream_name: `stream-${number}` as StreamName,
    owner_account_id: ACCOUNT,
    peer_identity: null,
    metadata: json("{}"),
    joined_at: "2026-01-31T12:00:00.000Z",
    epoch,
    metadata_n: 0,
    gateway: "gateway-a",
    connection: `connection-${epoch}`,
    link: 1,
    ...more,
  };
}

export function slotOf(number: number, connection: string): QuotaSlot {
  return {
    kind: "stream",
    account_id: ACCOUNT,
    conversation_id: CONVERSATION,
    stream_id: streamId(number),
    gateway: "gateway-a",
    connection,
  };
}

export function accountOf(more: Partial<Account> = {}): Account {
  return {
    account_id: ACCOUNT,
    namespace: NAMESPACE,
    created_at: "2026-01-31T12:00:00.000Z",
    plan: null,
    ...DEPLOYMENT_LIMITS,
    ...more,
  };
}

export function admissionOf(
  linkHash: string,
  more: Partial<Admission["conversation"]> = {},
  joins = 0,
): Admission {
  return {
    conversation: {
      ...WHERE.address,
      conversation_id: CONVERSATION,
      generation: GENERATION,
      owner_account_id: ACCOUNT,
      id_kind: "ulid",
      metadata: json('{"title":"Stand-up"}'),
      created_at: "2026-01-31T12:00:00.000Z",
      expires_at_ms: null,
      max_joins: null,
      subscribers_max: null,
      ...more,
    },
    links: [{ number: 1, hash: linkHash }],
    joins,
  };
}

export function silentLog(): Log {
  return pino({ level: "silent" });
}

/** Metrics, and what is asked of them: the value of one by its name and labels. */
export function metricsOf() {
  const registry = new Registry();
  const metrics = new GatewayMetrics(registry, {
    connections: () => 0,
    conversations: () => 0,
  });
  const value = async (name: string, labels: Record<string, string> = {}) => {
    const metric = (await registry.getMetricsAsJSON()).find((each) => each.name === name);
    const values = metric?.values ?? [];
    const found = values.find((each) =>
      Object.entries(labels).every(
        ([label, text]) => (each.labels as Record<string, unknown>)[label] === text,
      ),
    );
    return found?.value ?? 0;
  };
  return { metrics, value };
}

/** The topics of a server library that delivers at once. */
export class FakeSockets implements Sockets {
  readonly published: { topic: string; frame: string; count: number }[] = [];
  readonly sockets = new Set<FakeSocket>();

  publish(topic: string, frame: Uint8Array | string, count: number): void {
    this.publishFrom(null, topic, frame, count);
  }

  publishFrom(
    from: FakeSocket | null,
    topic: string,
    frame: Uint8Array | string,
    count: number,
  ): void {
    const text = typeof frame === "string" ? frame : Buffer.from(frame).toString();
    this.published.push({ topic, frame: text, count });
    for (const socket of this.sockets) {
      if (socket !== from && socket.topics.has(topic)) socket.heard.push(text);
    }
  }

  open(): FakeSocket {
    return new FakeSocket(this);
  }
}

export class FakeSocket implements Socket {
  readonly heard: string[] = [];
  readonly topics = new Set<string>();
  ended: CloseReason | null = null;
  readonly #sockets: FakeSockets;

  constructor(sockets: FakeSockets) {
    this.#sockets = sockets;
    sockets.sockets.add(this);
  }

  /** What it heard, parsed. */
  frames(): Record<string, unknown>[] {
    return this.heard.map((text) => JSON.parse(text));
  }

  send(frame: string): void {
    if (this.ended === null) this.heard.push(frame);
  }

  sendAll(frames: readonly (Uint8Array | string)[]): void {
    for (const frame of frames)
      this.send(typeof frame === "string" ? frame : Buffer.from(frame).toString());
  }

  buffered(): number {
    return 0;
  }

  publish(topic: string, frame: Uint8Array | string, count: number): void {
    if (this.ended === null) this.#sockets.publishFrom(this, topic, frame, count);
  }

  subscribe(topic: string): void {
    this.topics.add(topic);
  }

  end(reason: CloseReason): void {
    if (this.ended !== null) return;
    this.ended = reason;
    this.#sockets.sockets.delete(this);
  }
}

/** A bus that keeps what is published, and answers as it is set to. */
export class FakeBus implements Bus {
  readonly published: { channel: string; payload: Buffer }[] = [];
  readonly subscribed = new Map<string, Deliver>();
  answer: () => Promise<boolean> = () => Promise.resolve(true);
  #up: ((channels: readonly string[]) => void)[] = [];

  publish(channel: string, payload: Buffer): Promise<boolean> {
    this.published.push({ channel, payload });
    return this.answer();
  }

  subscribe(channel: string, deliver: Deliver): Promise<void> {
    this.subscribed.set(channel, deliver);
    return Promise.resolve();
  }

  unsubscribe(channel: string): void {
    this.subscribed.delete(channel);
  }

  onUp(listener: (channels: readonly string[]) => void): void {
    this.#up.push(listener);
  }

  /** The channels are subscribed again. */
  up(channels: readonly string[]): void {
    for (const listener of this.#up) listener(channels);
  }

  notReady(): string | null {
    return null;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** Resolves at the end of this turn of the event loop, behind what was put off to it before. */
export function endOfTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** A promise, and how to resolve it. */
export function deferred<Value = void>() {
  let resolve: (value: Value) => void = () => undefined;
  const promise = new Promise<Value>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

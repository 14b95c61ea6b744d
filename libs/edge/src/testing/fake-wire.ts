/** A wire whose every event a test chooses, behind the SDK's own interface. */
import {
  type Account,
  AmsError,
  type AmsEvent,
  type Connection,
  type Join,
  type JoinOptions,
  type Metadata,
  type Peer,
  type TokenEvent,
} from "@ams/client";
import { failure } from "../checks/faults.ts";
import type { CheckedLink, Credentials, Links, Who } from "../contract.ts";

const TS = "2026-01-31T12:00:00.000Z";

export const PEER: Peer = {
  streamId: `str_${"1".repeat(26)}`,
  streamName: "peer",
  ownerAccountId: "acc_peer",
  metadata: {},
};

export function account(name: string): Who {
  const credential = `ams_sk_${name}`;
  return { kind: "account", account: { accountId: `acc_${name}`, credential } as Account };
}

export const GUEST: Who = { kind: "guest", link: null };

function tokenOf(n: number, data: string): TokenEvent {
  const { metadata: _, ...stream } = PEER;
  return { type: "token", ...stream, ts: TS, seq: `1-${n}`, data };
}

function asksLog({ since, last }: JoinOptions): boolean {
  return since !== undefined || last !== undefined;
}

/** One connection: a test speaks through it, and sees what was sent. */
export class FakeCall {
  readonly link: string;
  readonly options: JoinOptions;
  readonly sent: string[] = [];
  readonly peers = new Map<string, Peer>();
  /** Whether the wrapper hung up. */
  hungUp = false;
  /** What `send` does before it resolves. */
  sending: (signal?: AbortSignal) => Promise<void> = async () => {};
  metadata: Metadata;
  #n = 0;
  readonly #waiting: AmsEvent[] = [];
  #error: AmsError | null = null;
  #wake: () => void = () => {};
  #settleClosed: (error: AmsError | null) => void = () => {};
  readonly #closed = new Promise<AmsError | null>((resolve) => {
    this.#settleClosed = resolve;
  });

  constructor(link: string, options: JoinOptions) {
    this.link = link;
    this.options = options;
    this.metadata = options.streamMetadata ?? {};
  }

  get streamName(): string {
    return this.options.streamName ?? "generated";
  }

  /** A peer's token. */
  say(data: string): void {
    this.#n += 1;
    this.emit(tokenOf(this.#n, data));
  }

  /** A peer's token number `n`, from the log. */
  replay(n: number, data: string): void {
    this.emit({ ...tokenOf(n, data), replay: true });
  }

  /** All that was asked of the log has come. */
  live(cursor: string, complete = true): void {
    this.emit({ type: "live", cursor, complete });
  }

  sayAll(all: readonly string[]): void {
    for (const data of all) this.say(data);
  }

  emit(event: AmsEvent): void {
    this.#waiting.push(event);
    this.#wake();
  }

  /** The connection ends for good. */
  end(error: AmsError | null): void {
    this.#error = error;
    this.emit({ type: "closed", error });
    this.#settleClosed(error);
  }

  /** The SDK's reader was too slow. */
  failReader(): void {
    this.#error = new AmsError("slow_consumer", "Too slow.");
    this.#wake();
  }

  joined(resumed: boolean, epoch = 1, log: string | null = null): void {
    const { streamName } = this;
    this.emit({
      type: "joined",
      conversationId: conversationOf(this.link),
      conversationMetadata: {},
      streamId: `str_${streamName}`,
      streamName,
      ownerAccountId: "acc_own",
      metadata: this.metadata,
      readOnly: false,
      selfSubscribe: this.options.selfSubscribe ?? false,
      subscribedStreams: null,
      resumed,
      reconnected: false,
      epoch,
      ...(log === null ? {} : { cursor: log }),
      ...(log === null || !asksLog(this.options) ? {} : { replays: true as const }),
      ts: TS,
      peers: [...this.peers.values()],
    });
  }

  connection(): Connection {
    const { peers, streamName } = this;
    const sent = async (text: string, signal?: AbortSignal) => {
      await this.sending(signal);
      this.sent.push(text);
      return { seq: `1-${this.sent.length}`, ts: TS };
    };
    const fake: Partial<Connection> = {
      conversationId: conversationOf(this.link),
      conversationMetadata: { title: "Talk" },
      streamId: `str_${streamName}`,
      streamName,
      ownerAccountId: "acc_own",
      metadata: this.metadata,
      peers,
      closed: this.#closed,
      events: () => this.#events(),
      send: (data, options) => sent(data, options?.signal),
      setMetadata: (metadata, options) => sent(JSON.stringify(metadata), options?.signal),
      close: async () => {
        this.hungUp = true;
        this.end(null);
      },
    };
    return fake as Connection;
  }

  async *#events(): AsyncGenerator<AmsEvent, undefined> {
    for (;;) {
      const event = this.#waiting.shift();
      if (event !== undefined) yield event;
      else if (this.#error !== null) {
        const error = this.#error;
        this.#error = null;
        throw error;
      } else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }
}

export class FakeWire {
  readonly calls: FakeCall[] = [];
  /** Links that admit nobody any more. */
  readonly revoked = new Set<string>();
  /** What a dial waits for, and may fail by. */
  dialling: (options: JoinOptions) => Promise<void> = async () => {};
  /** Streams that are live elsewhere, as a check of a link shows them. */
  streams: readonly Peer[] = [];
  peers: readonly Peer[] = [PEER];
  resumed = false;
  /** Where the conversation's log ends; null where it keeps nothing. */
  log: string | null = null;
  /** Counts the claims of a conversation, whosever they are. */
  epoch = 1;

  readonly join: Join = async (link, options = {}) => {
    await this.dialling(options);
    if (asksLog(options) && this.log === null) throw new AmsError("no_replay", "Nothing is kept.");
    const call = new FakeCall(link, options);
    for (const peer of this.peers) call.peers.set(peer.streamId, peer);
    call.joined(this.resumed, this.epoch, this.log);
    this.calls.push(call);
    return call.connection();
  };

  readonly links: Links = {
    check: async (magicLink) => {
      if (this.revoked.has(magicLink) || !magicLink.startsWith("link-of-")) {
        return failure("invalid_magic_link");
      }
      return { ok: true, link: this.checked(magicLink) };
    },
  };

  readonly credentials: Credentials = { check: async () => failure("invalid_credential") };

  checked(magicLink: string): CheckedLink {
    const conversationId = conversationOf(magicLink);
    const about = { namespace: "demo", alias: magicLink, metadata: {}, streams: this.streams };
    return { magicLink, conversationId, ...about, key: `key of ${magicLink}` };
  }

  /** The call made last. */
  get call(): FakeCall {
    const call = this.calls.at(-1);
    if (call === undefined) throw new Error("Nobody has dialled.");
    return call;
  }
}

/** `link-of-x` and `link-of-x/2` lead to `conv_x`. */
function conversationOf(link: string): string {
  return `conv_${link.slice("link-of-".length).split("/")[0]}`;
}

/**
 * A gateway's modules around one conversation, with fake sockets and a fake bus. For tests only.
 */

import {
  type ChannelEvent,
  type Directory,
  encodeEvent,
  keysUnder,
  type RosterEntry,
} from "@ams/directory";
import type { ReplayLog } from "@ams/log";
import { DEFAULT_PREFIX } from "@ams/store";
import { Credentials } from "../accept/credentials.ts";
import { Relay } from "../bus/relay.ts";
import { Conversation } from "../conversation/conversation.ts";
import { Session, type SessionTerms } from "../conversation/session.ts";
import { Waiting } from "../conversation/waiting.ts";
import type { GatewayDeps } from "../deps.ts";
import { Holdings } from "../lifecycle/holdings.ts";
import { Stalls } from "../lifecycle/stalls.ts";
import type { FollowTerms } from "../replay/follower.ts";
import { Turns } from "../replay/turns.ts";
import { Meters } from "../usage/meters.ts";
import {
  ACCOUNT,
  FakeBus,
  type FakeSocket,
  FakeSockets,
  metricsOf,
  silentLog,
  WHERE,
} from "./fakes.ts";

export const GATEWAY = "gateway-a";

const TERMS: SessionTerms = {
  subscription: { streams: null, self: null },
  receipts: false,
  isReadOnly: false,
  rates: { frames: { perSecond: 0, burst: 1 }, bytes: { perSecond: 0, burst: 1 } },
};

/** One who sits in the conversation. */
export type JoinedSession = { readonly socket: FakeSocket; readonly session: Session };

export class Rig {
  readonly bus = new FakeBus();
  readonly sockets = new FakeSockets();
  readonly metrics = metricsOf();
  /** What was asked of the directory. */
  readonly asked: string[] = [];
  readonly deps: GatewayDeps;
  readonly conversation: Conversation;
  /** What becomes of a quota slot that is to be kept. */
  keepSlot: () => Promise<void> = () => Promise.resolve();
  /** Whether a stream that leaves is still held by its connection. */
  leaves = true;
  released = 0;
  readonly stalls = new Stalls();
  readonly meters: Meters;
  /** Whether the gateway's lease surely lasts. */
  holds = true;
  /** How often the directory was to be asked at once. */
  rechecks = 0;
  /** How often the conversation was to be brought in line with the directory and its log. */
  resyncs = 0;
  nowMs = Date.UTC(2026, 0, 31, 12);

  constructor(entries: readonly RosterEntry[] = [], replay: ReplayLog | null = null) {
    const note = (step: string) => {
      this.asked.push(step);
      return Promise.resolve(true);
    };
    const directory = {
      kind: "redis",
      channels: keysUnder(DEFAULT_PREFIX).channels,
      leave: (_where: unknown, stream: { connection: string }, last: { n: number }) =>
        note(`leave ${stream.connection} ${last.n}`).then(() => this.leaves),
      limitsOf: async () => null,
      handIn: () => Promise.resolve(),
      reportLimit: () => Promise.resolve(),
      recordEvent: () => Promise.resolve(),
      release: (slot: { connection: string }) => note(`release ${slot.connection}`),
      keepSlot: (slot: { connection: string }) =>
        note(`keep ${slot.connection}`).then(() => this.keepSlot()),
      setStreamMetadata: (_where: unknown, stream: { connection: string }, metadata: string) =>
        note(`metadata ${stream.connection} ${metadata}`),
    } as unknown as Directory;
    const { metrics } = this.metrics;
    this.meters = new Meters({
      directory,
      origin: "origin",
      share: () => undefined,
      failed: () => undefined,
      now: () => this.nowMs,
    });
    const log = silentLog();
    this.deps = {
      directory,
      relay: new Relay(this.bus, metrics),
      replay,
      turns: new Turns(),
      resync: () => {
        this.resyncs += 1;
      },
      backpressureBytes: 1_048_576,
      sockets: this.sockets,
      holdings: new Holdings(directory, log),
      credentials: new Credentials(directory, () => this.nowMs),
      meters: this.meters,
      metrics,
      log,
      now: () => this.nowMs,
      gateway: () => GATEWAY,
      holds: () => this.holds,
      recheck: () => {
        this.rechecks += 1;
      },
      waiting: new Waiting(),
      stalls: this.stalls,
    };
    const released = () => {
      this.released += 1;
    };
    const terms = replay && { ttl_s: 60, max_bytes: 1_048_576 };
    this.conversation = new Conversation(WHERE, ACCOUNT, this.deps, released, terms);
    this.conversation.roster.load(entries);
    this.conversation.intake.resume(true);
  }

  /** An event comes by the channel. */
  event(event: ChannelEvent): void {
    this.conversation.intake.receive(Buffer.from(encodeEvent(event)));
  }

  /** A claim of this gateway is heard on the channel, and its socket is attached. */
  join(
    entry: RosterEntry,
    terms: Partial<SessionTerms> = {},
    displaced?: RosterEntry,
    follow: FollowTerms | null = null,
  ): JoinedSession {
    const { conversation } = this;
    const socket = this.sockets.open();
    const joined: Session[] = [];
    conversation.arrivals.expect(entry.connection, {
      link: entry.link,
      accept: ({ stream }) => {
        const welcome = (session: Session) => conversation.sessions.enter(session, socket, follow);
        const session = new Session(conversation, stream, { ...TERMS, ...terms }, welcome);
        session.opened(socket);
        joined.push(session);
      },
      refuse: (reason) => socket.end(reason),
    });
    this.event({ kind: "claimed", entry, displaced: displaced ?? null });
    const [session] = joined;
    if (session === undefined) throw new Error("the claim was not accepted");
    return { socket, session };
  }
}

/** What a client sends, as the server library hands it over. */
export function textOf(text: string): ArrayBuffer {
  const bytes = new TextEncoder().encode(text);
  const copy = new ArrayBuffer(bytes.length);
  new Uint8Array(copy).set(bytes);
  return copy;
}

/** What a load run does. */
import type { Rhythm } from "./schedule.ts";

/** How a subscriber reads: by WebSocket, by the feed's events, or by the tools of MCP. */
export const KINDS = ["websocket", "sse", "mcp"] as const;
export type Kind = (typeof KINDS)[number];

/** From and to, in seconds. */
export type Range = readonly [number, number];

/** Subscribers that come and go while the run goes on, whether or not the deployment keeps up. */
export type Visits = {
  /** Arrivals per second, of all conversations together. */
  readonly arrivals: Rhythm;
  readonly stay_s: Range;
};

/** Subscribers whose connection ends and that come back. */
export type Drops = {
  /** Per second, of all subscribers together. */
  readonly events: Rhythm;
  readonly away_s: Range;
};

/** Emitters pause between turns, as people and models do. */
export type Turns = { readonly tokens: number; readonly think_s: Range };

export type Plan = {
  readonly name: string | null;
  readonly conversations: number;
  /** Of each conversation. */
  readonly subscribers: number;
  readonly emitters: number;
  /** Share of the subscribers that read so; together 1. */
  readonly mix: Readonly<Record<Kind, number>>;
  readonly payloadBytes: number;
  /** Readers by WebSocket hear how many are there instead of who (§4.5.4). */
  readonly summary: boolean;
  /** Emitters receive nothing. */
  readonly emitOnly: boolean;
  /** Tokens per second of each emitter. */
  readonly rhythm: Rhythm;
  readonly turns: Turns | null;
  readonly visits: Visits | null;
  readonly drops: Drops | null;
  /** What is drawn by chance is the same with the same seed. */
  readonly seed: number;
  /** Addresses of this machine to connect from; empty leaves it to the system. */
  readonly sources: readonly string[];
  /**
   * Origins to connect to instead of the link's, such as the gateways behind a proxy: each
   * conversation to one of them. Empty takes the link's.
   */
  readonly origins: readonly string[];
  /** Worker processes. */
  readonly processes: number;
  /** Of all conversations, without visitors. */
  readonly connections: number;
  /** Connections that should receive a token: all of its conversation, except its own. */
  readonly audience: number;
  /** At the full rate. */
  readonly deliveriesPerSecond: number;
};

/** How subscriber `index` of `count` of a conversation reads. */
export function kindOf(mix: Plan["mix"], index: number, count: number): Kind {
  const at = (index + 0.5) / count;
  if (at < mix.websocket) return "websocket";
  return at < mix.websocket + mix.sse ? "sse" : "mcp";
}

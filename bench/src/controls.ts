/** What ours is held against: the library alone, and Redis alone. */
import { DELIVERED } from "./ams.ts";
import { upgradeRequest } from "./handshake.ts";
import type { Target } from "./parties.ts";

/**
 * Bare uWebSockets.js. Its emitters send the frame that AMS delivers, in its whole length, so that
 * the same bytes reach the readers and the server needs to do nothing but publish them: in the
 * handler, or behind the turn of the event loop.
 */
export function bareTarget(port: number, when: "at once" | "turn"): Target {
  return {
    name: "bare",
    member: ({ conversation, hears }) => ({
      port,
      request: upgradeRequest(
        `/${conversation}${when === "turn" ? "/turn" : ""}${hears ? "" : "?deaf"}`,
      ),
      ready: "entered",
      ...DELIVERED,
    }),
  };
}

/** The same server sending everything back to whom it came from. */
export function echoTarget(port: number): Target {
  return {
    name: "echo",
    echo: true,
    member: () => ({
      port,
      request: upgradeRequest("/echo"),
      ready: "entered",
      ...DELIVERED,
    }),
  };
}

/** Redis alone: emitters PUBLISH, readers SUBSCRIBE, in RESP, without any library. */
export function redisTarget(port: number): Target {
  const channel = (conversation: number) => `bench:${conversation}`;
  return {
    name: "redis",
    raw: true,
    deafEmitters: true,
    member: ({ conversation, emits, payload }) => {
      if (!emits) {
        return { port, hello: respCommand("SUBSCRIBE", channel(conversation)), ready: "subscribe" };
      }
      const whole = respCommand("PUBLISH", channel(conversation), "x".repeat(payload));
      const prefix = whole.slice(0, -payload - 2);
      return { port, hello: respCommand("PING"), ready: "PONG", prefix, suffix: "\r\n" };
    },
  };
}

/** A command as Redis reads it; ASCII only. */
function respCommand(...words: readonly string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join("")}`;
}

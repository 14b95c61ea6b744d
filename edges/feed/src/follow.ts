/** A subscriber of the feed: it joins as a guest, and is served from the log (§7.3.5). */
import { randomInt } from "node:crypto";
import { type Connection, join } from "@ams/client";
import { type Read, readFrame } from "./entry.ts";
import { Refusal } from "./problem.ts";

/** Milliseconds for all that was asked for to come before the first answer. */
const CATCH_UP_MS = 20_000;

/** Milliseconds for which a connection that broke tries to come back. */
const RECONNECT_MS = 60_000;

/** Holes that are named one by one before a frame: there are no more streams than that. */
const GAPS_MAX = 10_000;

const LETTERS = "abcdefghijklmnopqrstuvwxyz";

/** Joins from a place on, and calls with each frame that has a place. */
export function follow(
  link: string,
  since: string,
  take: (read: NonNullable<Read>) => void,
): Promise<Connection> {
  let gaps: string[] = [];
  let isNamed = false;
  return join(link, {
    guest: true,
    streamName: feedName(),
    since,
    catchUp: "log",
    reconnectForMs: RECONNECT_MS,
    onFrame: (direction, text) => {
      const read = direction === "in" ? readFrame(text, gaps) : null;
      if (read === null) return;
      if (read.kind === "gap") isNamed = true;
      if (read.kind === "gap" && gaps.length < GAPS_MAX) gaps.push(read.json);
      else if (read.kind === "entry") gaps = [];
      take(read.kind === "live" && isNamed ? { ...read, hole: null } : read);
      if (read.kind === "live") isNamed = false;
    },
  });
}

/** Rejects with the connection's end, or when it takes too long. */
export async function inTime(done: Promise<void>, connection: Connection): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Refusal("unavailable")), CATCH_UP_MS);
  });
  const ended = connection.closed.then((error) => {
    throw error ?? new Refusal("unavailable");
  });
  try {
    await Promise.race([done, ended, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** All guests of a link are one account: a name of its own takes no other's stream. */
function feedName(): string {
  const letters = Array.from({ length: 4 }, () => LETTERS[randomInt(LETTERS.length)]);
  return `feed-${letters.join("")}`;
}

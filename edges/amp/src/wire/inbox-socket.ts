/** This process's stream in one inbox: it hears notifications and sends them. */
import { randomBytes } from "node:crypto";
import { AmsError, type Connection, join } from "@ams/client";
import type { Inbox } from "./inboxes.ts";
import { type Notification, readNotification, writeNotification } from "./notification.ts";

/** Wrong tokens in a second past which the inbox is left, and for how many milliseconds. */
const WRONG_MAX = 100;
const AWAY_MS = 60_000;

export type Heard = (notification: Notification) => void;

export type InboxSocket = {
  readonly send: (notification: Notification) => Promise<void>;
  readonly close: () => Promise<void>;
  /** Resolves when the connection has ended, with how long to stay away. */
  readonly ended: Promise<number>;
};

/** Rejects when the inbox can't be joined. */
export async function joinInbox(
  inbox: Inbox,
  heard: Heard,
  onWrong: () => void,
): Promise<InboxSocket> {
  const { link, secret, credential } = inbox;
  const connection = await enter(link, credential);
  const ended = listen(connection, secret, heard, onWrong);
  return {
    send: async (notification) => {
      await connection.send(writeNotification(secret, notification));
    },
    close: () => connection.close(),
    ended,
  };
}

async function enter(link: string, credential: string): Promise<Connection> {
  const streamName = `amp-${randomBytes(8).toString("hex")}`;
  const options = { streamName, reconnectForMs: Number.POSITIVE_INFINITY };
  try {
    return await join(link, { ...options, guest: true });
  } catch (error) {
    const mayBeAccount = error instanceof AmsError && GUESTS_OFF.has(error.code);
    if (!mayBeAccount) throw error;
    return join(link, { ...options, credential });
  }
}

/** What a deployment answers to a guest where it takes none. */
const GUESTS_OFF: ReadonlySet<string> = new Set([
  "missing_credential",
  "invalid_credential",
  "account_concurrency_limit",
]);

async function listen(
  connection: Connection,
  secret: string,
  heard: Heard,
  onWrong: () => void,
): Promise<number> {
  let [wrong, sinceMs] = [0, Date.now()];
  try {
    for await (const { data } of connection.tokens()) {
      const notification = readNotification(secret, data);
      if (notification !== null) {
        heard(notification);
        continue;
      }
      onWrong();
      const nowMs = Date.now();
      if (nowMs - sinceMs > 1_000) [wrong, sinceMs] = [0, nowMs];
      wrong += 1;
      if (wrong <= WRONG_MAX) continue;
      await connection.close();
      return AWAY_MS;
    }
  } catch {
    // It was displaced, revoked or closed: whoever needs it joins again, under a fresh name.
  }
  return 1_000;
}

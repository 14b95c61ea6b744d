/**
 * A service in a conversation: it joins by the space's link and comes back by itself. Several
 * processes may be there; the one whose stream id is the smallest speaks and listens, which every
 * process knows from the roster. A moment with two speakers only doubles frames.
 */
import { AmsError, type Connection, join, type TokenEvent } from "@ams/client";
import type { Log } from "@ams/process";
import { describeError } from "@ams/process";

export type AttachOptions = {
  readonly service: string;
  readonly did: string;
  readonly link: string;
  /** With an operator's credential, else as the link's guest. */
  readonly credential: string | null;
  readonly log: Log;
  readonly onToken: (token: TokenEvent, metadata: Readonly<Record<string, unknown>>) => void;
  /** It began, or ceased, to be the one that speaks. */
  readonly onLeading: (isLeading: boolean) => void;
  /** The conversation was closed by its owner, or is no longer there. */
  readonly onClosed?: () => void;
};

export type Attachment = {
  readonly isAttached: () => boolean;
  readonly isLeading: () => boolean;
  /** Resolves once it has joined, at its end, and after so many milliseconds in any case. */
  readonly whenAttached: (ms: number) => Promise<void>;
  /** False where it couldn't be sent. */
  readonly send: (data: string) => Promise<boolean>;
  readonly close: () => Promise<void>;
};

/** Milliseconds between two attempts to join, from the first to the last. */
const RETRY_FIRST_MS = 500;
const RETRY_LAST_MS = 30_000;

/** What no further attempt changes: a new link has to be shown. */
const FINAL: ReadonlySet<string> = new Set([
  "invalid_link",
  "invalid_magic_link",
  "link_revoked",
  "conversation_not_found",
  "conversation_closed",
]);

/** The conversation itself has ended. */
const CLOSED: ReadonlySet<string> = new Set(["conversation_not_found", "conversation_closed"]);

export function attach(options: AttachOptions): Attachment {
  let connection: Connection | null = null;
  let leading = false;
  const ended = new AbortController();
  const attached = new AbortController();
  const lead = (to: boolean) => {
    if (to === leading) return;
    leading = to;
    options.onLeading(to);
  };
  const running = (async () => {
    for (let delayMs = RETRY_FIRST_MS; !ended.signal.aborted; ) {
      try {
        connection = await enter(options, ended.signal);
        attached.abort();
        delayMs = RETRY_FIRST_MS;
        await stay(connection, options, lead, () => leading);
      } catch (error) {
        const code = error instanceof AmsError ? error.code : "";
        if (CLOSED.has(code)) options.onClosed?.();
        if (FINAL.has(code)) break;
        const reason = describeError(error);
        options.log.warn({ event: "attach_failed", ...reason }, "the conversation was left");
      } finally {
        await connection?.close();
        connection = null;
        lead(false);
      }
      await pause(delayMs, ended.signal);
      delayMs = Math.min(2 * delayMs, RETRY_LAST_MS);
    }
  })().catch((error: unknown) => {
    options.log.error({ event: "attach_ended", ...describeError(error) }, "attaching ended");
  });
  return {
    isAttached: () => connection !== null,
    isLeading: () => leading,
    whenAttached: async (ms) => {
      if (!attached.signal.aborted)
        await pause(ms, AbortSignal.any([attached.signal, ended.signal]));
    },
    send: async (data) => {
      try {
        await connection?.send(data);
        return connection !== null;
      } catch {
        return false;
      }
    },
    close: async () => {
      ended.abort();
      await running;
    },
  };
}

async function enter(
  { service, did, link, credential }: AttachOptions,
  signal: AbortSignal,
): Promise<Connection> {
  const common = {
    streamName: `${service}-${Math.random().toString(16).slice(2, 10)}`,
    streamMetadata: { edge: service, v: 1, did },
    peerIdentity: { kind: "agent", client: `ams-${service}` },
    signal,
  } as const;
  if (credential !== null) {
    try {
      return await join(link, { ...common, credential });
    } catch (error) {
      if (!(error instanceof AmsError) || FINAL.has(error.code)) throw error;
    }
  }
  return await join(link, { ...common, guest: true });
}

async function stay(
  connection: Connection,
  options: AttachOptions,
  lead: (to: boolean) => void,
  isLeading: () => boolean,
): Promise<void> {
  const elect = () => lead(isFirst(connection, options));
  elect();
  for await (const event of connection.events()) {
    switch (event.type) {
      case "token": {
        const metadata = connection.peers.get(event.streamId)?.metadata ?? {};
        if (isLeading()) options.onToken(event, metadata);
        break;
      }
      case "joined":
      case "stream_joined":
      case "stream_left":
      case "stream_metadata":
        elect();
        break;
      case "reconnecting":
        lead(false);
        break;
      default:
    }
  }
}

/** True when no other stream of this service, for the same key, has a smaller id. */
function isFirst({ peers, streamId }: Connection, { service, did }: AttachOptions): boolean {
  return ![...peers.values()].some(
    ({ streamId: other, metadata }) =>
      metadata.edge === service && metadata.did === did && other < streamId,
  );
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    timer.unref();
    signal.addEventListener(
      "abort",
      () => {
        clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });
}

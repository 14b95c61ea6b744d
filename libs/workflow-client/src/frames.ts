/** The service's stream, heard in the conversation: commits, tasks, halts, and its silence. */
import { type Connection, join, type TokenEvent } from "@ams/client";
import { LEASE_MS } from "@ams/workflow-rules";
import { isJson, type Json } from "./http.ts";

export type FrameListener = (frame: Json) => void;

export type Frames = {
  readonly listen: (listener: FrameListener) => () => void;
  readonly close: () => Promise<void>;
};

/** Milliseconds between two looks at the lease. */
const LOOK_EVERY_MS = 500;

/**
 * `did` is the service's: only streams that say it are heard. `onSilence` is called when nothing
 * was heard for the lease while `isNeeded`.
 */
export async function openFrames(options: {
  readonly link: string;
  readonly credential: string;
  readonly did: string;
  readonly agent: string;
  readonly isNeeded: () => boolean;
  readonly onSilence: () => void;
}): Promise<Frames> {
  const { link, credential, did, agent, isNeeded, onSilence } = options;
  const connection = await join(link, {
    credential,
    streamMetadata: { workflow: 1, did: agent },
    peerIdentity: { kind: "agent", client: "ams-workflow-client" },
  });
  const listeners = new Set<FrameListener>();
  let heardAt = performance.now();
  const hear = (event: TokenEvent) => {
    const metadata = connection.peers.get(event.streamId)?.metadata ?? {};
    if (metadata.edge !== "workflow" || metadata.did !== did) return;
    heardAt = performance.now();
    const frame = readFrame(event.data);
    if (frame !== null) for (const listener of listeners) listener(frame);
  };
  void follow(connection, hear);
  const timer = setInterval(() => {
    if (!isNeeded()) heardAt = performance.now();
    else if (performance.now() - heardAt > LEASE_MS) {
      heardAt = performance.now();
      onSilence();
    }
  }, LOOK_EVERY_MS);
  return {
    listen: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close: async () => {
      clearInterval(timer);
      await connection.close();
    },
  };
}

async function follow(connection: Connection, hear: (event: TokenEvent) => void): Promise<void> {
  try {
    for await (const token of connection.tokens()) hear(token);
  } catch {
    // The connection ended; its silence is what the lease is for.
  }
}

function readFrame(text: string): Json | null {
  try {
    const value: unknown = JSON.parse(text);
    return isJson(value) && value.workflow === 1 ? value : null;
  } catch {
    return null;
  }
}

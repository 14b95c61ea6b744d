/** A directory for tests, and streams that are live in it. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Directory, openEmbeddedDirectory, streamIdOf, whereOf } from "@ams/directory";

export type TestDirectory = {
  readonly directory: Directory;
  /** Closes it and removes its folder. */
  readonly close: () => Promise<void>;
};

export async function openTestDirectory(): Promise<TestDirectory> {
  const path = mkdtempSync(join(tmpdir(), "ams-control-"));
  const opened = openEmbeddedDirectory({ path, announce: () => undefined });
  if (!opened.ok) throw new Error(opened.fault);
  const directory = opened.value;
  const close = async () => {
    await directory.close();
    rmSync(path, { recursive: true });
  };
  return { directory, close };
}

export type TestStream = {
  readonly name: string;
  readonly account?: string;
  readonly joinedAt?: string;
  readonly metadata?: string;
  readonly peerIdentity?: string;
};

/**
 * Puts a stream into the conversation of this alias in `acme`; the returned step takes it out
 * again.
 */
export async function joinStream(
  directory: Directory,
  alias: string,
  stream: TestStream,
): Promise<() => Promise<void>> {
  const address = { namespace: "acme", alias } as never;
  const admission = await directory.admission(address);
  if (admission === null) throw new Error("no such conversation");
  const { conversation_id: conversationId, owner_account_id } = admission.conversation;
  const where = whereOf(admission.conversation);
  const owner = (stream.account ?? owner_account_id) as typeof owner_account_id;
  const stream_name = stream.name as never;
  const pepper = { link: ["p".repeat(32)], credential: ["p".repeat(32)] } as const;
  const connection = `connection-${stream.name}`;
  const gateway = "00112233445566aa";
  await directory.heartbeat(gateway, 60_000);
  const claimed = await directory.claim({
    where,
    stream_id: streamIdOf(pepper, conversationId, owner, stream_name),
    stream_name,
    owner_account_id: owner,
    metadata: (stream.metadata ?? null) as never,
    peer_identity: (stream.peerIdentity ?? null) as never,
    joined_at: stream.joinedAt ?? "2026-01-01T00:00:00.000Z",
    gateway,
    connection,
    link: 1,
    subscribersMax: 100,
  });
  if (!claimed.ok) throw new Error(claimed.fault);
  return async () => {
    const last = { n: 0, ts: "2026-01-01T00:00:03.000Z" };
    await directory.leave(where, { stream_name, connection }, last);
  };
}

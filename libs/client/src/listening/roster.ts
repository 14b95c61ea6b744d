/** Who is here: the peers of this connection, kept true by every frame (§5.6, §5.11). */
import type { Peer, StreamIdentity } from "./events.ts";

export class Roster {
  readonly #peers = new Map<string, Peer>();

  /** The live peers by stream id. It changes as they come and go. */
  get peers(): ReadonlyMap<string, Peer> {
    return this.#peers;
  }

  /** Takes the roster of a new connection, and says who left, came, or has other metadata since the last one. */
  replace(peers: readonly Peer[]): {
    readonly left: readonly Peer[];
    readonly came: readonly Peer[];
    readonly changed: readonly Peer[];
  } {
    const present = new Set(peers.map((peer) => peer.streamId));
    const left = [...this.#peers.values()].filter((peer) => !present.has(peer.streamId));
    const came = peers.filter((peer) => !this.#peers.has(peer.streamId));
    const changed = peers.filter((peer) => {
      const before = this.#peers.get(peer.streamId)?.metadata ?? peer.metadata;
      return JSON.stringify(before) !== JSON.stringify(peer.metadata);
    });
    this.#peers.clear();
    for (const peer of peers) this.#peers.set(peer.streamId, peer);
    return { left, came, changed };
  }

  set({ streamId, streamName, ownerAccountId, peerIdentity, metadata }: Peer): void {
    const identity = peerIdentity === undefined ? {} : { peerIdentity };
    this.#peers.set(streamId, { streamId, streamName, ownerAccountId, ...identity, metadata });
  }

  remove(stream: StreamIdentity): void {
    this.#peers.delete(stream.streamId);
  }

  nameOf(streamId: string): string | null {
    return this.#peers.get(streamId)?.streamName ?? null;
  }
}

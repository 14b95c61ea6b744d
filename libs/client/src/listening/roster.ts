/** Who is here: the peers of this connection, kept true by every frame (§5.6, §5.11). */
import type { Peer, StreamIdentity } from "./events.ts";

/**
 * Ids of streams that have left, the latest ones: one that left before so many others counts as not
 * there yet.
 */
const GONE_MAX = 1_024;

export class Roster {
  readonly #peers = new Map<string, Peer>();
  readonly #gone = new Set<string>();
  readonly #watchers = new Set<(peer: Peer) => void>();
  #isOld = false;

  /** The live peers by stream id. It changes as they come and go. */
  get peers(): ReadonlyMap<string, Peer> {
    return this.#peers;
  }

  /**
   * Takes the roster of a new connection, and says who left, came, or has other metadata since the
   * last one.
   */
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
    this.#isOld = false;
    for (const peer of left) this.remove(peer);
    for (const peer of peers) this.set(peer);
    return { left, came, changed };
  }

  set({ streamId, streamName, ownerAccountId, peerIdentity, metadata }: Peer): void {
    const identity = peerIdentity === undefined ? {} : { peerIdentity };
    const peer = { streamId, streamName, ownerAccountId, ...identity, metadata };
    this.#peers.set(streamId, peer);
    this.#gone.delete(streamId);
    for (const look of this.#watchers) look(peer);
  }

  remove({ streamId }: StreamIdentity): void {
    this.#peers.delete(streamId);
    this.#gone.delete(streamId);
    this.#gone.add(streamId);
    for (const oldest of this.#gone) {
      if (this.#gone.size <= GONE_MAX) break;
      this.#gone.delete(oldest);
    }
  }

  nameOf(streamId: string): string | null {
    return this.#peers.get(streamId)?.streamName ?? null;
  }

  /** True for the id of a stream that was here and has left. */
  isGone(streamId: string): boolean {
    return this.#gone.has(streamId);
  }

  /** There is no connection: nobody knows who is here, until `replace`. */
  away(): void {
    this.#isOld = true;
  }

  /**
   * Shows `look` every peer that is here, then each that comes or has new metadata, until the
   * returned function is called.
   */
  watch(look: (peer: Peer) => void): () => void {
    if (!this.#isOld) for (const peer of this.#peers.values()) look(peer);
    this.#watchers.add(look);
    return () => this.#watchers.delete(look);
  }
}

/** True when `which` is the stream's id or its name. */
export function isCalled(
  {
    streamId,
    streamName,
  }: { readonly streamId: string | null; readonly streamName: string | null },
  which: string,
): boolean {
  return streamId === which || streamName === which;
}

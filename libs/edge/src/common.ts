/**
 * One copy of a token that several subscriptions of a conversation hear. Each has a connection of
 * its own, which reads the frame anew; what is equal in every field is kept once, and the names of
 * a stream once for all of its tokens.
 */
import { LRUCache } from "lru-cache";
import type { Heard } from "./subscriptions/buffer.ts";
import { bytesOf } from "./subscriptions/hearing.ts";

/** Tokens that may still come to another subscription: they come to all of them within moments. */
const RECENT_MAX = 4_096;
/** Bytes of them, since a token may have 64 KiB. */
const RECENT_BYTES_MAX = 4_194_304;
/** Streams whose names are remembered: more than speak at the same time. */
const STREAMS_MAX = 4_096;

type Token = Extract<Heard, { readonly kind: "token" }>;
type Stream = Pick<Token, "streamId" | "streamName" | "ownerAccountId" | "peerIdentity">;

export class Common {
  readonly #recent = new LRUCache<string, Token>({
    max: RECENT_MAX,
    maxSize: RECENT_BYTES_MAX,
    sizeCalculation: bytesOf,
  });
  readonly #streams = new LRUCache<string, Stream>({ max: STREAMS_MAX });

  /** The event itself, or an equal one that is kept already. */
  of(heard: Heard): Heard {
    if (heard.kind !== "token") return heard;
    const position = `${heard.streamId} ${heard.seq}`;
    const known = this.#recent.get(position);
    if (known !== undefined && isSame(known, heard)) return known;
    const kept = compact(heard, this.#streamOf(heard));
    this.#recent.set(position, kept);
    return kept;
  }

  /**
   * Now and then, so that nothing that was said stays here when its subscriptions have dropped it.
   * What is equal meets again at once.
   */
  forget(): void {
    this.#recent.clear();
    this.#streams.clear();
  }

  #streamOf(token: Token): Stream {
    const known = this.#streams.get(token.streamId);
    if (known !== undefined && isSameStream(known, token)) return known;
    const { streamId, streamName, ownerAccountId, peerIdentity } = token;
    const own = peerIdentity === undefined ? {} : { peerIdentity };
    const stream = { streamId, streamName, ownerAccountId, ...own };
    this.#streams.set(streamId, stream);
    return stream;
  }
}

function isSame(a: Token, b: Token): boolean {
  const isSameText = a.seq === b.seq && a.ts === b.ts && a.data === b.data;
  return isSameText && a.conversationId === b.conversationId && isSameStream(a, b);
}

function isSameStream(a: Stream, b: Stream): boolean {
  const [one, other] = [a.peerIdentity, b.peerIdentity];
  return (
    a.streamId === b.streamId &&
    a.streamName === b.streamName &&
    a.ownerAccountId === b.ownerAccountId &&
    one?.kind === other?.kind &&
    one?.model === other?.model &&
    one?.client === other?.client
  );
}

/** Written out, not spread: an object made so has its fields in itself, and is a third smaller. */
function compact(token: Token, stream: Stream): Token {
  const { kind, conversationId, ts, seq, data } = token;
  const { streamId, streamName, ownerAccountId, peerIdentity } = stream;
  if (peerIdentity === undefined) {
    return { kind, conversationId, streamId, streamName, ownerAccountId, ts, seq, data };
  }
  return {
    kind,
    conversationId,
    streamId,
    streamName,
    ownerAccountId,
    peerIdentity,
    ts,
    seq,
    data,
  };
}

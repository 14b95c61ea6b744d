/** What a `join` may ask for, checked before anything is sent (§3.2). */
import {
  isStreamId,
  isStreamName,
  PEER_IDENTITY_BYTES_MAX,
  readCatchUp,
  readSince,
  SUBSCRIBE_STREAMS_MAX,
  utf8Bytes,
} from "@ams/protocol";
import { checkCredential } from "../account/credential.ts";
import { checkAmount, must, type OptionNames } from "../arguments.ts";
import { AmsError } from "../errors.ts";
import { isPeerIdentity, type Metadata, type PeerIdentity } from "../listening/events.ts";
import { randomName } from "../names.ts";
import type { Wishes } from "./address.ts";
import type { Link } from "./link.ts";
import { readMetadata } from "./metadata.ts";
import type { OnFrame } from "./observe.ts";

/** Milliseconds for which a broken connection tries to come back, by default. */
export const RECONNECT_FOR_MS = 600_000;

/**
 * Random characters in a guest's name. All guests of a link are one account: two of one name take
 * each other's stream (§3.2.3).
 */
const GUEST_CHARACTERS = 4;

/**
 * Who joins: the account of the credential; or, without the option `credential`, a guest, which is
 * the link's anonymous account, where the deployment lets guests in.
 * `{ credential: process.env.AMS_CREDENTIAL, guest: true }` is the account where there is a
 * credential, and a guest where there is none. A credential that is wrong, or that is given and
 * undefined without `guest: true`, is refused, and never makes a guest of its owner.
 */
export type Identity =
  | { readonly credential: string; readonly guest?: boolean }
  | { readonly credential?: never; readonly guest?: true }
  | { readonly credential?: string | undefined; readonly guest: true };

export type JoinOptions = Identity & {
  /**
   * 1 to 63 of A-Z, a-z, 0-9, dot, _ and -. Generated unless given; guests get a word and 4 random
   * characters, and should leave it so: all guests of a link are one account, and of two with the
   * same name the later takes the earlier one's stream.
   */
  readonly streamName?: string;
  /** At most 16,384 bytes of JSON. */
  readonly streamMetadata?: Metadata;
  /** Carried on everything of the stream, verified by nobody; at most 1,024 bytes of JSON. */
  readonly peerIdentity?: PeerIdentity;
  /** Also receive the own stream; false unless given. */
  readonly selfSubscribe?: boolean;
  /**
   * Receive the tokens and metadata of these stream ids only, at most 256; it can't be changed
   * later.
   */
  readonly subscribeStreams?: readonly string[];
  /**
   * Receive first what was kept (§7): after this cursor, or of the last time, such as `"10m"` (s,
   * m, h, d). `no_replay` where the conversation keeps nothing.
   */
  readonly since?: string;
  /** Receive first the last so many kept frames; not with `since`. */
  readonly last?: number;
  /**
   * How kept frames come: one event each (`"frames"`, as unless given), tokens of a stream together
   * in `replayed` events (`"assembled"`), or from the log for good, each with its cursor (`"log"`).
   */
  readonly catchUp?: "frames" | "assembled" | "log";
  /**
   * Hear how many are there, in `joined` and `roster` events, instead of who comes and goes: for
   * readers of conversations with thousands of streams (§4.5.4). `peers` stays empty.
   */
  readonly roster?: "summary";
  /** Have every `send` proved by the broker; false unless given. */
  readonly receipts?: boolean;
  /** Stops joining, and later ends the connection, with `aborted`. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Milliseconds for which a broken connection tries to come back: 600,000 unless given, 0 is not
   * at all, Infinity never ends.
   */
  readonly reconnectForMs?: number;
  /**
   * Bytes that may wait to be sent before `send` rejects with `backpressure`: 4,194,304 unless
   * given.
   */
  readonly sendBufferBytes?: number;
  /**
   * Called with every frame of the connection as it is on the wire, `"in"` before it is read and
   * `"out"` when the socket has it: tokens, roster, pings and pongs. To look at, not to work with:
   * the listening methods are for that. What it throws is reported as uncaught.
   */
  readonly onFrame?: OnFrame;
};

export const JOIN_OPTIONS: OptionNames<JoinOptions> = {
  credential: true,
  guest: true,
  streamName: true,
  streamMetadata: true,
  peerIdentity: true,
  selfSubscribe: true,
  subscribeStreams: true,
  since: true,
  last: true,
  catchUp: true,
  receipts: true,
  roster: true,
  signal: true,
  reconnectForMs: true,
  sendBufferBytes: true,
  onFrame: true,
};

/**
 * The wishes of the options. Throws `invalid_credential`, `invalid_stream_name`,
 * `invalid_stream_metadata`, `invalid_argument`.
 */
export function wishesOf(link: Link, options: JoinOptions): Wishes {
  const { credential, streamName, streamMetadata, peerIdentity, subscribeStreams } = options;
  if (credential !== undefined) checkCredential(credential);
  else if (options.guest !== true && ("credential" in options || "guest" in options)) {
    throw new AmsError(
      "missing_credential",
      "The credential is undefined: give one, or say guest: true to join as a guest.",
    );
  }
  if (streamName !== undefined && !isStreamName(streamName)) {
    throw new AmsError(
      "invalid_stream_name",
      "A stream name is 1 to 63 of A-Z, a-z, 0-9, dot, _ and -, beginning with a letter or digit.",
    );
  }
  checkAmount("reconnectForMs", options.reconnectForMs);
  checkAmount("sendBufferBytes", options.sendBufferBytes);
  if (peerIdentity !== undefined) checkPeerIdentity(peerIdentity);
  if (subscribeStreams !== undefined) checkSelection(subscribeStreams);
  checkReplay(options);
  return {
    ...options,
    connectUrl: link.connectUrl,
    streamName: streamName ?? (credential === undefined ? randomName(GUEST_CHARACTERS) : undefined),
    streamMetadata:
      streamMetadata === undefined
        ? undefined
        : readMetadata(streamMetadata, "invalid_stream_metadata").copy,
  };
}

function checkPeerIdentity(identity: PeerIdentity): void {
  const fits = utf8Bytes(JSON.stringify(identity)) <= PEER_IDENTITY_BYTES_MAX;
  if (isPeerIdentity(identity) && fits) return;
  throw new AmsError(
    "invalid_argument",
    'A peerIdentity is {kind: "agent" | "human", model?, client?} of at most 1,024 bytes.',
  );
}

function checkReplay({ since, last, catchUp }: JoinOptions): void {
  must(since === undefined || last === undefined, "Either since or last is given, not both.");
  must(since === undefined || readSince(since) !== null, "since is a cursor, or an age as 10m.");
  must(
    last === undefined || (Number.isSafeInteger(last) && last >= 0),
    "last is a whole number of frames.",
  );
  must(
    catchUp === undefined || readCatchUp(catchUp) !== null,
    'catchUp is "frames", "assembled" or "log".',
  );
}

function checkSelection(ids: readonly string[]): void {
  if (ids.length > 0 && ids.length <= SUBSCRIBE_STREAMS_MAX && ids.every(isStreamId)) return;
  throw new AmsError(
    "invalid_argument",
    "A selection, subscribeStreams, lists 1 to 256 stream ids (str_…).",
  );
}

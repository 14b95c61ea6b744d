/** Who writes a stream, as people see it: a name, and what the stream says that it is. */
import { type Metadata, type Peer, displayNameOf as statedNameOf } from "@ams/client";
import { cut, isVisible, straight } from "./text.ts";

/** A stream as a row names it, as it was when the row began. */
export type Speaker = Pick<Peer, "streamId" | "streamName" | "peerIdentity"> & {
  readonly displayName: string | null;
};

/** The member of metadata that this page writes its display name to. A convention of clients. */
export const DISPLAY_NAME = "display_name";

/** Characters of a display name that are shown: its author may have written any number. */
export const NAME_CHARACTERS_MAX = 64;

export function speakerOf(
  stream: Pick<Peer, "streamId" | "streamName" | "peerIdentity">,
  metadata: Metadata | undefined,
): Speaker {
  const { streamId, streamName, peerIdentity } = stream;
  const identity = peerIdentity === undefined ? {} : { peerIdentity };
  return { streamId, streamName, ...identity, displayName: displayNameOf(metadata) };
}

/** The name that people see, where the stream's metadata has one that can be seen. */
export function displayNameOf(metadata: Metadata | undefined): string | null {
  const name = metadata === undefined ? null : statedNameOf(metadata);
  if (name === null || !isVisible(name)) return null;
  return cut(straight(name).trim(), NAME_CHARACTERS_MAX);
}

/** The one rule for agents and people: the display name, else the stream name. */
export function nameOf({ displayName, streamName }: Speaker): string {
  return displayName ?? streamName;
}

/** Two names that people would take for the same. */
export function isSameName(one: string, other: string): boolean {
  return foldName(one) === foldName(other);
}

/** What is compared of a name: case, width and spaces at its ends make no other name. */
export function foldName(name: string): string {
  return straight(name).slice(0, NAME_CHARACTERS_MAX).normalize("NFKC").trim().toLowerCase();
}

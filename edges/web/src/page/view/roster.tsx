/** Who is here, now. */
import { CONVENTION, type Metadata, type Peer } from "@ams/client";
import { DISPLAY_NAME, nameOf, speakerOf } from "../model/speaker.ts";
import { straight } from "../model/text.ts";
import { isObserving, type Live, OBSERVING, type Self } from "../wire/live.ts";
import { Badges, Face, NameOf } from "./speaker.tsx";

/** Members of metadata that are shown by name, badge or the text itself. */
const SHOWN_ELSEWHERE = [DISPLAY_NAME, OBSERVING, CONVENTION];

export function Roster({ live }: { readonly live: Live }) {
  const peers = live.peers.value;
  const phase = live.phase.value.kind;
  const self = phase === "ended" ? null : live.self.value;
  return (
    <section class="roster" aria-label="Who is here">
      <h2>
        {phase === "away" ? "Here before the connection broke" : "Here now"}{" "}
        <span class="soft">{peers.length + (self === null ? 0 : 1)}</span>
      </h2>
      <ul>
        {self !== null && <SelfEntry self={self} />}
        {peers.map((peer) => (
          <PeerEntry
            key={peer.streamId}
            peer={peer}
            isWriting={live.writing.value.has(peer.streamId)}
          />
        ))}
      </ul>
    </section>
  );
}

function SelfEntry({ self }: { readonly self: Self }) {
  const { streamId, streamName, displayName, observing } = self;
  const speaker = { streamId, streamName, displayName };
  return (
    <li class="self">
      <Face speaker={speaker} />
      <span class="who">
        <NameOf speaker={speaker} />
        <span class="stream soft">{streamName}</span>
      </span>
      <span class="badges">
        <span class="badge">you</span>
        {observing && <span class="badge">watching</span>}
      </span>
    </li>
  );
}

/** What a stream says that it can do: the texts of the reference's vocabulary. */
function Capabilities({ metadata }: { readonly metadata: Metadata }) {
  const { role, model }: { readonly role?: unknown; readonly model?: unknown } = Object(
    metadata.capabilities,
  );
  return (
    <>
      {[role, model].map(
        (text, index) =>
          typeof text === "string" && (
            <bdi key={index} class="badge">
              {straight(text)}
            </bdi>
          ),
      )}
    </>
  );
}

type PeerProps = { readonly peer: Peer; readonly isWriting: boolean };

function PeerEntry({ peer, isWriting }: PeerProps) {
  const speaker = speakerOf(peer, peer.metadata);
  const hasMore = Object.keys(peer.metadata).some((key) => !SHOWN_ELSEWHERE.includes(key));
  return (
    <li class={isWriting ? "writing" : ""}>
      <Face speaker={speaker} />
      <span class="who">
        <NameOf speaker={speaker} />
        <bdi class="stream soft">{peer.streamName}</bdi>
      </span>
      {isWriting && (
        <span class="writing-mark" title={`${nameOf(speaker)} is writing`}>
          <span class="hidden">writing</span>
        </span>
      )}
      <span class="badges">
        {isObserving(peer) && <span class="badge">watching</span>}
        <Badges identity={peer.peerIdentity} />
        <Capabilities metadata={peer.metadata} />
      </span>
      {hasMore && (
        <details class="metadata">
          <summary>Metadata</summary>
          <pre>{JSON.stringify(peer.metadata, null, 2)}</pre>
        </details>
      )}
    </li>
  );
}

/**
 * How a stream is shown wherever it is named: a face of its colour, its name, and what it says that
 * it is.
 */
import type { PeerIdentity } from "@ams/client";
import { hueOf } from "../model/hue.ts";
import { nameOf, type Speaker } from "../model/speaker.ts";
import { initialOf, straight } from "../model/text.ts";

/** Round for people, square for agents, so that they differ without colour too. */
export function Face({ speaker }: { readonly speaker: Speaker }) {
  const kind = speaker.peerIdentity?.kind === "agent" ? " agent" : "";
  return (
    <span
      class={`face${kind}`}
      aria-hidden="true"
      style={{ "--hue": String(hueOf(speaker.streamId)) }}
    >
      {initialOf(nameOf(speaker)).toUpperCase()}
    </span>
  );
}

/** Set apart in its direction, so that a name can't turn what stands beside it around. */
export function NameOf({ speaker }: { readonly speaker: Speaker }) {
  return (
    <bdi class="name" title={speaker.streamName}>
      {nameOf(speaker)}
    </bdi>
  );
}

export function Badges({ identity }: { readonly identity: PeerIdentity | undefined }) {
  if (identity === undefined) return null;
  const { kind, model, client } = identity;
  return (
    <>
      <span class={`badge ${kind}`}>{kind}</span>
      {model !== undefined && <bdi class="badge">{straight(model)}</bdi>}
      {client !== undefined && client !== "TinCan" && <bdi class="badge">{straight(client)}</bdi>}
    </>
  );
}

/** Frames of the service's stream (M10.1), the same on the wire and as server-sent events. */
import { type MeshEvent, type Refusal, signedReceipt } from "@ams/mesh-rules";
import { checkpointText, type Json, type JsonObject, utf8, writeCheckpoint } from "@ams/provenance";
import type { LiveMesh } from "./live-mesh.ts";

export type Frame = Readonly<Record<string, Json>>;

const frame = (t: string, rest: Frame): Frame => ({ mesh: 1, t, ...rest });

/** What an acknowledged entry says: an envelope that was accepted, and what became of work. */
export function framesAt(live: LiveMesh, seq: number): readonly Frame[] {
  const { state, space, signer } = live;
  const id = state.leaves.at(seq)?.id ?? "";
  const node = id === "" ? null : state.node(id);
  const events = state.eventsAt(seq).map(eventFrame);
  if (node === null) return events;
  const whole = space.layout === "gated" ? { envelope: node.envelope.raw } : {};
  const accepted = frame("accepted", { seq, id, ...signedReceipt(state, id, signer), ...whole });
  return [accepted, ...events];
}

function eventFrame({ seq, delegation, milestone, state }: MeshEvent): Frame {
  const about = milestone === null ? {} : { milestone };
  return frame("event", { seq, delegation, ...about, state });
}

export function refusedFrame({ error }: Refusal, id: string | null, digest: string | null): Frame {
  const about = { ...(id === null ? {} : { id }), ...(digest === null ? {} : { digest }) };
  return frame("refused", { ...about, ...error });
}

export function duplicateFrame(id: string, receipt: JsonObject, sig: string): Frame {
  return frame("duplicate", { id, receipt, sig });
}

export const checkpointFrame = (note: string): Frame => frame("checkpoint", { note });

/** The log as it is acknowledged, as a signed note (P4.3). */
export function signedCheckpoint({ state, space, signer }: LiveMesh): string {
  const { tree } = state;
  const checkpoint = { origin: space.origin, size: tree.size, root: tree.root() };
  const signature = signer.signNow(utf8(checkpointText(checkpoint)));
  return writeCheckpoint(checkpoint, signer.publicKey, signature);
}

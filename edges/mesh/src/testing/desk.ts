/** The edge without a deployment, and agents that work in its mesh. */
import { randomUUID } from "node:crypto";
import {
  type Answer,
  CONVERSATION,
  type SpaceDesk as Desk,
  LINK,
  type Loose,
  openSpaceDesk,
  TEST_SPACE_CONFIG,
} from "@ams/edge/testing";
import type { Journals } from "@ams/journal";
import { signEnvelope } from "@ams/mesh-rules";
import {
  type SeedSigner,
  sha256,
  signerFromSeed,
  tagged,
  utf8,
  writeSignature,
} from "@ams/provenance";
import { createMesh } from "../app.ts";
import type { MeshConfig } from "../config.ts";

export {
  type Answer,
  CONVERSATION,
  LINK,
  type Loose,
  newFolder,
  removeFolder,
  type SpaceDesk as Desk,
  TOKEN,
} from "@ams/edge/testing";

export const AT = `/meshes/${CONVERSATION}`;
export const PRIME = "did:w7:prime/main";

export function agentNamed(name: string): SeedSigner {
  return signerFromSeed(sha256(utf8(name)));
}

export function openDesk(
  place: MeshConfig["place"],
  overrides: Partial<MeshConfig> = {},
  clock?: { now: number },
  around?: (journals: Journals) => Journals,
): Desk {
  const own = { nonceWindow: 256, appealS: 259_200 };
  const config: MeshConfig = { ...TEST_SPACE_CONFIG, place, ...own, ...overrides };
  return openSpaceDesk({ service: "mesh", config, open: createMesh, clock, around });
}

const nonces = new Map<string, number>();

/** An envelope as an agent would sign it now. */
export function envelope(desk: Desk, from: SeedSigner, members: Loose, did = from.did): Loose {
  const nonce = (nonces.get(did) ?? 0) + 1;
  nonces.set(did, nonce);
  const ts = Math.floor(desk.clock.now / 1_000);
  return signEnvelope({ v: 1, id: randomUUID(), from: did, nonce, ts, ...members }, from);
}

export async function post(
  desk: Desk,
  path: string,
  from: SeedSigner,
  members: Loose,
): Promise<Answer> {
  const bearer = from.did.slice(-12);
  return await desk.ask("POST", `${AT}/${path}`, envelope(desk, from, members), bearer);
}

export async function openMesh(desk: Desk, members: readonly SeedSigner[]): Promise<void> {
  await desk.ask("POST", "/meshes", { magic_link: LINK });
  for (const { did } of members)
    await desk.ask("POST", "/meshes", { magic_link: LINK }, did.slice(-12));
}

export async function putCard(desk: Desk, from: SeedSigner, own: Loose): Promise<Answer> {
  const card = { did: from.did, skills: [], seq: 1, ts: 1, ...own };
  const sig = writeSignature(from.signNow(tagged("ams-mesh", "card", card)));
  const path = `${AT}/agents/${encodeURIComponent(from.did)}`;
  return await desk.ask("PUT", path, { card, sig }, from.did.slice(-12));
}

export const SETTLE = {
  rail: "amp-escrow",
  amount: "50 USD",
  milestones: [
    { on: "draft_ready", pct: 50 },
    { on: "filed_confirmed", pct: 50 },
  ],
};

/** States an intent and asks for its delegation; the delegation's id. */
export async function hire(
  desk: Desk,
  principal: SeedSigner,
  agent: SeedSigner,
  own: Loose = {},
  attestors: readonly string[] = [],
): Promise<string> {
  const intent = await post(desk, "intents", principal, {
    ...{ kind: "intent", to: agent.did, intent: { action: "file_quarterly" } },
    settle: SETTLE,
    ...own,
  });
  const params = { agent: agent.did, ...(attestors.length === 0 ? {} : { attestors }) };
  const asked = await post(desk, "delegate", principal, {
    ...{ kind: "intent", to: PRIME, parent: intent.body.receipt.id },
    intent: { action: "amp/delegate", params },
  });
  if (asked.status !== 201) throw new Error(JSON.stringify(asked.body));
  return asked.body.delegation.id;
}

/** Result and outcome of a milestone; the outcome's answer. */
export async function deliver(desk: Desk, agent: SeedSigner, delegation: string, on: string) {
  const payload = { stage: "result", milestone: on };
  const result = { kind: "inference", to: PRIME, parent: delegation, payload };
  const { body } = await post(desk, "execute", agent, result);
  const parent = body.receipt.id;
  const outcome = { kind: "outcome", to: PRIME, parent, payload: { milestone: on } };
  return (await post(desk, "attest", agent, outcome)).body;
}

export function voteOn(outcome: Loose, on: string, verdict: string): Loose {
  const { id, digest } = outcome.receipt;
  const payload = { attests: id, digest: `sha256:${digest}`, milestone: on, verdict };
  return {
    ...{ kind: "outcome", to: PRIME, parent: id, payload },
    intent: { action: "amp/attest" },
  };
}

export function revokeOf(id: string, reason = "no_fault"): Loose {
  const payload = { revokes: id, reason };
  return {
    ...{ kind: "delegation", to: PRIME, parent: id, payload },
    intent: { action: "amp/revoke" },
  };
}

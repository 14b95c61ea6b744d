/** Opening a mesh, looking at it, ending a membership (M1.1, D3). */
import { answer, type Gate, linkFault } from "@ams/edge";
import { APPEAL_S, ENVELOPE_BYTES_MAX, PRIME, reject, SKEW_S } from "@ams/mesh-rules";
import { baseUrlOf } from "@ams/process";
import type { JsonObject } from "@ams/provenance";
import type { Meshes } from "../service.ts";
import type { LiveMesh } from "../space/live-mesh.ts";
import { type Context, get, type Row, readJson, write, writerOf } from "./route.ts";

/** Characters of a link. */
const LINK_MAX = 2_048;
/** Milliseconds that an answer waits for the service to join the conversation. */
const ATTACH_WAIT_MS = 2_000;

/** What the service offers, to anybody (M1.2). */
export function describeOffer({ config }: Meshes): Response {
  return answer(200, {
    version: 1,
    zkml: "attestor-fallback",
    rails: ["amp-escrow", "amp-outcome", "amp-subscription", "amp-split"],
    verbs: ["discover", "negotiate", "delegate", "execute", "settle", "attest", "revoke"],
    money: "credits",
    limits: {
      envelope_bytes: ENVELOPE_BYTES_MAX,
      skew_s: SKEW_S,
      nonce_window: config.nonceWindow,
      appeal_s: config.appealS,
      appeal_s_default: APPEAL_S,
    },
  });
}

export async function openMesh(service: Meshes, gate: Gate, request: Request): Promise<Response> {
  const account = await gate.account(request);
  const body = await readJson(request);
  const stranger = Object.keys(body).find((name) => !["magic_link", "layout"].includes(name));
  if (stranger !== undefined) reject("invalid_envelope", { field: stranger.slice(0, 64) });
  const { magic_link: link, layout = "gated" } = body;
  if (typeof link !== "string" || link.length > LINK_MAX) return reject("invalid_magic_link");
  if (layout !== "gated" && layout !== "observed")
    return reject("invalid_envelope", { field: "layout" });
  const checked = await service.links.check(link);
  if (!checked.ok) return reject(linkFault(checked.fault, link));
  const spaces = await service.spaces();
  if (spaces === null) return reject("store_unavailable");
  const { conversationId } = checked.link;
  if ((await spaces.find(conversationId)) === null) await gate.countSpace(account.accountId);
  const { host } = new URL(baseUrlOf(request, service.parts.reached));
  const about = { layout, emitTo: null, bodyTtlS: null, host } as const;
  const { isNew } = await spaces.open({ link: checked.link, account, ...about });
  const loaded = await service.load(conversationId);
  if (loaded === null) return reject("store_unavailable");
  const { live, wire } = loaded;
  await wire.whenAttached(ATTACH_WAIT_MS);
  const isOwner = account.namespace === live.space.namespace;
  return answer(isNew ? 201 : 200, viewMesh(live, isOwner, wire.isAttached));
}

function viewMesh(live: LiveMesh, isOwner: boolean, attached: boolean): JsonObject {
  const { state, signer, space } = live;
  const { id, version } = state.policy;
  return {
    mesh: space.conversationId,
    owner: isOwner,
    attached,
    layout: space.layout,
    prime: { did: PRIME, key: signer.did },
    policy: { id, version },
    log: { size: state.tree.size, root: state.root() },
  };
}

async function showMesh({ live, wire, isOwner }: Context): Promise<Response> {
  return answer(200, await live.read(() => viewMesh(live, isOwner, wire.isAttached)));
}

async function removeMember(context: Context): Promise<Response> {
  writerOf(context);
  if (!context.isOwner) reject("not_authorized");
  const spaces = await context.service.spaces();
  await spaces?.remove(context.live.space.conversationId, context.segments[1] ?? "");
  return answer(204, null);
}

export const meshRoutes: readonly Row[] = [
  get([], showMesh),
  write("DELETE", ["members", "*"], removeMember),
];

/** The edge without a deployment: accounts and links are made up here. */

import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { EdgeApp } from "@ams/edge";
import type { Journals } from "@ams/journal";
import { signEnvelope } from "@ams/mesh-rules";
import { createRegistry, openLog } from "@ams/process";
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

export const CONVERSATION = "conv_01JTEST0000000000000000000";
export const TOKEN = "t".repeat(43);
export const LINK = `http://ams.example/falcon/conversations/talk?t=${TOKEN}`;
export const AT = `/meshes/${CONVERSATION}`;
export const PRIME = "did:w7:prime/main";

/** What a test looks into without declaring it. */
export type Loose = ReturnType<typeof JSON.parse>;
export type Answer = { readonly status: number; readonly body: Loose; readonly headers: Headers };

export type Desk = {
  readonly app: EdgeApp;
  readonly clock: { now: number };
  /** As the owner unless another bearer is given; null asks without one. */
  readonly ask: (
    method: string,
    path: string,
    body?: unknown,
    bearer?: string | null,
  ) => Promise<Answer>;
  readonly stop: () => Promise<void>;
};

export function newFolder(): string {
  return mkdtempSync(join(tmpdir(), "ams-mesh-"));
}

export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}

export function agentNamed(name: string): SeedSigner {
  return signerFromSeed(sha256(utf8(name)));
}

/** Bearers are namespaces: `falcon` owns the conversation. */
export function openDesk(
  place: MeshConfig["place"],
  overrides: Partial<MeshConfig> = {},
  clock = { now: 1_760_000_000_000 },
  around?: (journals: Journals) => Journals,
): Desk {
  const config: MeshConfig = {
    place,
    secrets: () => ["ab".repeat(32)],
    credential: null,
    writesPerMinute: 0,
    spacesPerAccount: 0,
    didWeb: { isOn: false, hosts: [] },
    nonceWindow: 256,
    appealS: 259_200,
    ...overrides,
  };
  const app = createMesh({
    config,
    log: openLog({ service: "mesh", instance: "test", level: "silent" }),
    registry: createRegistry(),
    reached: { publicUrl: null, trustProxy: false },
    url: () => "http://ams.example",
    now: () => clock.now,
    checks: madeUp(),
    ...(around === undefined ? {} : { around }),
  });
  const ask: Desk["ask"] = async (method, path, body, bearer = "falcon") => {
    const request = new Request(`http://ams.example/mesh/v1${path}`, {
      method,
      ...(body === undefined
        ? {}
        : { body: typeof body === "string" ? body : JSON.stringify(body) }),
      headers: bearer === null ? {} : { authorization: `Bearer ${bearer}` },
    });
    const response = await app.fetch(request, { address: "127.0.0.1" });
    const text = await response.text();
    const isJson = response.headers.get("content-type") === "application/json";
    return {
      status: response.status,
      body: isJson && text !== "" ? JSON.parse(text) : text,
      headers: response.headers,
    };
  };
  return { app, clock, ask, stop: async () => void (await app.stop?.()) };
}

function madeUp(): Loose {
  const account = (namespace: string) => ({ accountId: `acc_${namespace}`, namespace });
  const link = { conversationId: CONVERSATION, namespace: "falcon", alias: "talk" };
  return {
    credentials: {
      check: async (bearer: string) =>
        bearer === "wrong"
          ? { ok: false, fault: "invalid_credential", message: "" }
          : { ok: true, account: account(bearer) },
    },
    links: {
      check: async (magicLink: string) =>
        magicLink.endsWith(TOKEN) && magicLink.includes("/falcon/conversations/talk")
          ? { ok: true, link: { magicLink, ...link } }
          : { ok: false, fault: "invalid_magic_link", message: "" },
    },
  };
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

/**
 * A mesh: signed envelopes and ledger postings at one process and one Redis, beside bare signature
 * checks and the wire's own emit → deliver, in the same run. Money is test units.
 */
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { createAccount } from "@ams/client";
import { bytesToSign, signEnvelope } from "@ams/mesh-rules";
import {
  type JsonObject,
  readPublicKey,
  type SeedSigner,
  sha256,
  signerFromSeed,
  utf8,
  verify,
} from "@ams/provenance";
import type { Case } from "../case.ts";
import { openPlainWire } from "../plain-wire.ts";
import { cpuSeconds } from "../proc.ts";
import { quantile } from "../quantile.ts";
import { type Row, row } from "../row.ts";
import type { Stage } from "../stage.ts";

/** Requests under way at a time when it is saturated. */
const UNDER_WAY = 32;
const PACED_PER_SECOND = 50;
const SECONDS_AHEAD = 250;

const ENV = { AMS_MESH_WRITES_PER_MINUTE: "0", AMS_MESH_SPACES_PER_ACCOUNT: "0" };

type Space = {
  readonly link: string;
  readonly pid: number;
  readonly ask: (method: string, path: string, body?: unknown) => Promise<JsonObject>;
};

export const MESH: Case = {
  name: "mesh",
  about: "signed envelopes of a mesh, one process and one store; control: bare Ed25519 checks",
  run: async (stage) => {
    const cluster = await stage.ground.startCluster({ gateways: 1, edges: { mesh: 1 }, env: ENV });
    try {
      const [member] = cluster.edges.mesh ?? [];
      if (member === undefined) throw new Error("The mesh process is missing.");
      const space = await openSpace(cluster.url, member.url, member.pid);
      const rows = [
        ...(await envelopeRows(stage, space)),
        ...(await ledgerRows(stage, space)),
        ...(await latencyRows(stage, space)),
      ];
      const audit = await space.ask("GET", "/ledger/verify");
      return { rows, faults: audit.ok === true ? [] : ["The ledger does not sum to zero."] };
    } finally {
      await cluster.stop();
    }
  },
};

async function openSpace(url: string, member: string, pid: number): Promise<Space> {
  const account = await createAccount(url);
  const { magicLink: link } = await account.mint();
  const headers = { authorization: `Bearer ${account.credential}` };
  const request = async (method: string, path: string, body?: unknown) => {
    const init = body === undefined ? {} : { body: JSON.stringify(body) };
    const answer = await fetch(`${member}/mesh/v1/meshes${path}`, { method, headers, ...init });
    const value: JsonObject = Object(await answer.json());
    if (!answer.ok)
      throw new Error(`${path} was answered ${answer.status} ${String(value.error)}.`);
    return value;
  };
  const { mesh } = await request("POST", "", { magic_link: link });
  const ask: Space["ask"] = (method, path, body) =>
    request(method, `/${String(mesh)}${path}`, body);
  return { link, pid, ask };
}

function intent(signer: SeedSigner, nonce: number): JsonObject {
  // Signed beforehand, and taken within the window of the clock.
  const ts = Math.floor(Date.now() / 1_000);
  const about = { kind: "intent", to: signer.did, intent: { action: "bench" } };
  return signEnvelope({ v: 1, id: randomUUID(), from: signer.did, nonce, ts, ...about }, signer);
}

/** CPU seconds of the process, and wall seconds, of the work. */
async function costOf(pid: number, work: () => Promise<void>) {
  const before = cpuSeconds(pid) ?? Number.NaN;
  const began = performance.now();
  await work();
  const seconds = (performance.now() - began) / 1_000;
  return { cpu: (cpuSeconds(pid) ?? Number.NaN) - before, seconds };
}

async function inTurn(count: number, one: (index: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < count) {
      next += 1;
      await one(next - 1);
    }
  };
  await Promise.all(Array.from({ length: UNDER_WAY }, worker));
}

async function envelopeRows(stage: Stage, { ask, pid }: Space): Promise<readonly Row[]> {
  const count = stage.scale.isSmoke ? 200 : 10_000;
  const signers = Array.from({ length: count }, (_, at) =>
    signerFromSeed(sha256(utf8(`did-${at}`))),
  );
  const few = signers.slice(0, 32);
  const envelopes = Array.from({ length: count }, (_, at) =>
    intent(few[at % few.length] ?? signerOf(0), Math.floor(at / few.length) + 1),
  );
  const began = Date.now();
  const cost = await costOf(pid, () =>
    inTurn(count, (at) => ask("POST", "/envelopes", envelopes[at])),
  );
  if (Date.now() - began > SECONDS_AHEAD * 1_000) throw new Error("The envelopes grew too old.");
  const bare = bareChecks(envelopes, few);
  const active = await costOf(pid, () =>
    inTurn(count, (at) =>
      ask("POST", "/envelopes", intent(signers[at] ?? signerOf(at), 1_000_000)),
    ),
  );
  return [
    row({
      what: "accepted envelopes per CPU second of the process; control: bare Ed25519 checks",
      control: bare,
      ours: count / cost.cpu,
      atLeast: 0.3,
      note: `${Math.round(count / cost.seconds)} per second, ${count} envelopes of 32 DIDs`,
    }),
    row({
      what: "accepted envelopes per CPU second, every one of another DID",
      ours: count / active.cpu,
      note: `${count} DIDs active in one mesh; each key is checked once`,
    }),
  ];
}

function signerOf(at: number): SeedSigner {
  return signerFromSeed(sha256(utf8(`did-${at}`)));
}

/** Signature checks per CPU second of this process. */
function bareChecks(envelopes: readonly JsonObject[], signers: readonly SeedSigner[]): number {
  const before = process.cpuUsage();
  let checked = 0;
  for (const [at, envelope] of envelopes.entries()) {
    const key = readPublicKey(signers[at % signers.length]?.publicKey ?? new Uint8Array());
    const signature = Buffer.from(String(envelope.auth).slice("ed25519:".length), "hex");
    if (key.ok && verify(key.key, bytesToSign(envelope), signature)) checked += 1;
  }
  const { user, system } = process.cpuUsage(before);
  return checked / ((user + system) / 1_000_000);
}

async function ledgerRows(stage: Stage, { ask, pid }: Space): Promise<readonly Row[]> {
  const count = stage.scale.isSmoke ? 100 : 5_000;
  const to = signerOf(0).did;
  const cost = await costOf(pid, () =>
    inTurn(count, (at) =>
      ask("POST", "/ledger/deposits", { to, amount: "1 USD", ref: `bench-${at}` }),
    ),
  );
  return [
    row({
      what: "ledger postings per CPU second of the process",
      ours: (2 * count) / cost.cpu,
      atLeast: 2_000,
      note: `deposits over HTTP, ${Math.round((2 * count) / cost.seconds)} per second; sum zero at the end`,
    }),
  ];
}

async function latencyRows(stage: Stage, { ask, link }: Space): Promise<readonly Row[]> {
  const count = stage.scale.isSmoke ? 20 : 500;
  const [accepts, wires]: [number[], number[]] = [[], []];
  const heard = new Map<string, number>();
  const writer = await openPlainWire(link, "writer");
  const reader = await openPlainWire(link, "reader", (data) => {
    if (data.startsWith("ping ")) heard.set(data, performance.now());
  });
  const began = new Map<string, number>();
  const signer = signerOf(0);
  for (let at = 0; at < count; at += 1) {
    const envelope = intent(signer, 2_000_000 + at);
    const ping = `ping ${at}`;
    began.set(ping, performance.now());
    writer.emit(ping);
    const asked = performance.now();
    await ask("POST", "/envelopes", envelope);
    accepts.push(performance.now() - asked);
    await sleep(1_000 / PACED_PER_SECOND);
  }
  await sleep(500);
  for (const wire of [writer, reader]) wire.close();
  for (const [ping, at] of began) wires.push((heard.get(ping) ?? Number.NaN) - at);
  const about = "memory: envelope by HTTP → its receipt; control: emit → deliver";
  return [
    row({ what: `${about}, p50 ms`, control: quantile(wires, 0.5), ours: quantile(accepts, 0.5) }),
    row({
      ...{
        what: `${about}, p99 ms`,
        control: quantile(wires, 0.99),
        ours: quantile(accepts, 0.99),
      },
      ...{ atMost: 5, note: `of ${count}` },
    }),
  ];
}

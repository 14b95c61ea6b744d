// A mesh as users have it: a standalone in a process of its own, an envelope as a token of a
// conversation, the frames that answer it, and the same frames as server-sent events.
import { randomUUID } from "node:crypto";
import { type Connection, createAccount, join } from "@ams/client";
import { bytesToSign, signEnvelope } from "@ams/mesh-rules";
import {
  type JsonObject,
  readCheckpoint,
  readSignature,
  resolveDidKey,
  type SeedSigner,
  sha256,
  signerFromSeed,
  tagged,
  utf8,
  verify,
} from "@ams/provenance";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Standalone, startStandalone } from "../standalone.ts";

/** What a test looks into without declaring it. */
type Loose = ReturnType<typeof JSON.parse>;

const PRIME = "did:w7:prime/main";
const [alice, bob] = ["alice", "bob"].map((name) => signerFromSeed(sha256(utf8(name)))) as [
  SeedSigner,
  SeedSigner,
];
let ams: Standalone;
const connections: Connection[] = [];

beforeAll(async () => {
  ams = await startStandalone();
});

afterAll(async () => {
  await Promise.all(connections.map((connection) => connection.close()));
  await ams.stop();
});

let nonce = 0;

function envelope(from: SeedSigner, members: Loose): JsonObject {
  nonce += 1;
  const ts = Math.floor(Date.now() / 1_000);
  return signEnvelope({ v: 1, id: randomUUID(), from: from.did, nonce, ts, ...members }, from);
}

/** A mesh, and whoever speaks in its conversation. */
async function openMesh(layout: string, name = layout) {
  const account = await createAccount(ams.url, { namespace: `mesh-${process.pid}-${name}` });
  const { magicLink: link } = await account.mint();
  const headers = { authorization: `Bearer ${account.credential}` };
  const ask = async (method: string, path: string, body?: unknown): Promise<Loose> => {
    const init = body === undefined ? {} : { body: JSON.stringify(body) };
    const answer = await fetch(`${ams.url}/mesh/v1${path}`, { method, headers, ...init });
    return await answer.json();
  };
  const opened = await ask("POST", "/meshes", { magic_link: link, layout });
  const { credential } = account;
  const streamMetadata = { mesh: 1 };
  const speaker = await join(link, { credential, streamName: "alice", streamMetadata });
  const frames: Loose[] = [];
  const watcher = await join(link, { credential, streamName: "watcher" });
  connections.push(speaker, watcher);
  void (async () => {
    for await (const event of watcher.events())
      if (event.type === "token" && event.data.startsWith('{"mesh":1'))
        frames.push(JSON.parse(event.data));
  })().catch(() => undefined);
  const frame = async (is: (one: Loose) => boolean): Promise<Loose> => {
    await expect.poll(() => frames.some(is), { timeout: 30_000 }).toBe(true);
    return frames.find(is);
  };
  return { opened, ask, speaker, frame, link, account };
}

test("M10.1 gated: a token is answered by the whole envelope with its receipt, and M6.2 waits", async () => {
  const { opened, ask, speaker, frame, link } = await openMesh("gated");
  expect(opened).toMatchObject({ owner: true, attached: true, layout: "gated" });
  const at = `/meshes/${opened.mesh}`;
  await ask("POST", `${at}/ledger/deposits`, { to: alice.did, amount: "9 USD", ref: "d" });
  const settle = { rail: "amp-outcome", amount: "9 USD" };
  const intent = envelope(alice, {
    ...{ kind: "intent", to: bob.did, intent: { action: "greet" }, settle },
  });
  const ask2 = { action: "amp/delegate", params: { agent: bob.did } };
  const asked = envelope(alice, { kind: "intent", to: PRIME, parent: intent.id, intent: ask2 });
  // The child comes first: it is held until its parent is there.
  await speaker.send(JSON.stringify(asked));
  await speaker.send(JSON.stringify(intent));
  const accepted = await frame(({ t, id }) => t === "accepted" && id === intent.id);
  expect(accepted.envelope).toEqual(intent);
  const key = resolveDidKey(opened.prime.key);
  const signature = readSignature(accepted.sig);
  if (!key.ok || signature === null) throw new Error("no key, or no signature");
  expect(verify(key.key, tagged("ams-mesh", "receipt", accepted.receipt), signature)).toBe(true);
  const delegation = await frame(
    ({ t, envelope: sent }) => t === "accepted" && sent?.from === PRIME && sent.to === bob.did,
  );
  const { auth, ...signed } = delegation.envelope;
  const byPrime = readSignature(auth) ?? new Uint8Array();
  expect(verify(key.key, bytesToSign(signed), byPrime)).toBe(true);
  await frame(({ t, state }) => t === "event" && state === "funded");
  const note = (await frame(({ t }) => t === "checkpoint")).note;
  expect(readCheckpoint(note)?.origin).toContain(opened.mesh);
  // The same bytes again, then others under the same id, then a forged one.
  await speaker.send(JSON.stringify(intent));
  await frame(({ t, id }) => t === "duplicate" && id === intent.id);
  await speaker.send(JSON.stringify(signEnvelope({ ...intent, to: alice.did }, alice)));
  await frame(({ t, error }) => t === "refused" && error === "id_conflict");
  const forged = { ...envelope(alice, { kind: "intent", to: bob.did, intent: { action: "a" } }) };
  await speaker.send(JSON.stringify({ ...forged, to: alice.did }));
  await frame(({ t, error }) => t === "refused" && error === "bad_signature");
  // The same frames over HTTP, from the beginning.
  const ended = new AbortController();
  const token = new URL(link).searchParams.get("t");
  const url = `${ams.url}/mesh/v1${at}/events?from=0&t=${token}`;
  const events = await fetch(url, { signal: ended.signal });
  const seen = await readUntil(events, String(delegation.envelope.id));
  expect(seen).toContain('"t":"accepted"');
  ended.abort();
});

test("M10.1 observed: the frame of acceptance carries the receipt alone", async () => {
  const { speaker, frame } = await openMesh("observed");
  const intent = envelope(alice, { kind: "intent", to: bob.did, intent: { action: "greet" } });
  await speaker.send("a person's words are no envelope");
  await speaker.send(JSON.stringify(intent));
  const accepted = await frame(({ t, id }) => t === "accepted" && id === intent.id);
  expect(accepted.envelope).toBe(undefined);
  expect(accepted.receipt).toMatchObject({ id: intent.id, status: "accepted" });
});

test("D11 the conversation is deleted: reads stay for members, writes are refused", async () => {
  const { opened, ask, link, account } = await openMesh("gated", "ending");
  const at = `/meshes/${opened.mesh}`;
  await account.close(new URL(link).pathname.split("/").at(-1) ?? "");
  const greet = { kind: "intent", to: bob.did, intent: { action: "greet" } };
  const refused = async () =>
    (await ask("POST", `${at}/envelopes`, envelope(alice, greet))).error ?? "";
  await expect.poll(refused, { timeout: 30_000 }).toBe("space_closed");
  expect((await ask("GET", at)).mesh).toBe(opened.mesh);
});

async function readUntil(answer: Response, text: string): Promise<string> {
  const decoder = new TextDecoder();
  let seen = "";
  for await (const chunk of answer.body ?? []) {
    seen += decoder.decode(chunk, { stream: true });
    if (seen.includes(text)) break;
  }
  return seen;
}

// A log is verified from what its service answers, and whatever is changed in it is found.
import {
  checkpointText,
  signerFromSeed,
  utf8,
  writeCheckpoint,
  writeSignature,
} from "@ams/provenance";
import { buildHeader, CHAT_RUN, Conversation, signedBytes, ZEROS } from "@ams/workflow-rules";
import { expect, test } from "vitest";
import type { Http } from "./http.ts";
import { verifyLog } from "./verify.ts";

const ID = "conv_01JTEST0000000000000000000";
const ORIGIN = `ams.example/workflow/${ID}`;
const service = signerFromSeed(new Uint8Array(32).fill(0x22));
const agents = [1, 2].map((seed) => signerFromSeed(new Uint8Array(32).fill(seed)));

type Loose = ReturnType<typeof JSON.parse>;

/** Four notes of two agents, as the service shows them. */
function log() {
  const conversation = new Conversation(ID);
  const messages = [0, 1, 2, 3].map((seq) => {
    const signer = agents[seq % 2] ?? service;
    const chat = conversation.runs.get(CHAT_RUN);
    if (chat === undefined) throw new Error("every conversation has its run");
    const { tip, next } = chat.main;
    const { name: workflow, v: version, def } = chat.definition;
    const header = buildHeader({
      id: `msg_01JTEST000000000000000000${seq}`,
      conversationId: ID,
      type: "note",
      op: "note",
      size: conversation.size,
      root: conversation.root(),
      branch: "main",
      node: `main/${next}`,
      parents: tip === ZEROS ? [] : [tip],
      did: signer.did,
      run: { id: CHAT_RUN, workflow, version, def, epoch: 0, state: chat.state("none") },
      body: utf8("{}"),
      ts: seq,
    });
    const sig = writeSignature(signer.signNow(signedBytes(header)));
    const { node } = conversation.apply({ header, sig, account: null, facts: null }, 100 + seq);
    return { seq, at: node.at, msg: node.msg, header, sig };
  });
  const checkpoint = { origin: ORIGIN, size: 4, root: conversation.tree.root() };
  const signature = service.signNow(utf8(checkpointText(checkpoint)));
  const note = writeCheckpoint(checkpoint, service.publicKey, signature);
  return { did: service.did, origin: ORIGIN, note, messages };
}

/** The service, whose answers a test may change. */
function answering({ did, origin, note, messages }: Loose): Http {
  const ask = async (_method: string, path: string) =>
    path === "/log/key" ? { did, origin } : { messages: structuredClone(messages), next: null };
  return { ask, bytes: async () => utf8(note) } as unknown as Http;
}

test("P4 a log that is whole is verified by its own hashes and signatures", async () => {
  expect(await verifyLog(answering(log()), ID)).toMatchObject({ size: 4, signatures: 4 });
});

const another = agents[0]?.did ?? "";
test.each<[string, (given: Loose) => void]>([
  ["a time", ({ messages }) => (messages[1].at += 1)],
  ["the name of a message", ({ messages }) => (messages[1].msg = "0".repeat(64))],
  ["a header", ({ messages }) => (messages[1].header.ts += 1)],
  ["who said it", ({ messages }) => (messages[1].header.agent_identity.did = another)],
  ["a signature", ({ messages }) => (messages[1].sig = messages[3].sig)],
  ["a fingerprint", ({ messages }) => (messages[1].header.context_fingerprint.fp = "1".repeat(64))],
  ["the order", ({ messages }) => messages.reverse()],
  ["a message that is left out", ({ messages }) => messages.splice(1, 1)],
  ["the last message", ({ messages }) => messages.pop()],
  ["the checkpoint", (given) => (given.note = given.note.replace("\n4\n", "\n3\n"))],
  ["the key", (given) => (given.did = another)],
  ["the origin", (given) => (given.origin = "elsewhere.example/workflow/x")],
])("P4 %s that was changed is found", async (_what, change) => {
  const given = structuredClone(log());
  change(given);
  await expect(verifyLog(answering(given), ID)).rejects.toMatchObject({ code: "log_invalid" });
});

// Keys of did:web, which change with no word to the mesh: an old one signs nothing new (M4.3).
import type { Space } from "@ams/edge";
import { openJournals } from "@ams/journal";
import { signEnvelope } from "@ams/mesh-rules";
import { canonicalBytes, readPublicKey, type SeedSigner } from "@ams/provenance";
import { expect, onTestFinished, test } from "vitest";
import { agentNamed, CONVERSATION, newFolder, removeFolder } from "../testing/desk.ts";
import { LiveMesh } from "./live-mesh.ts";
import { submit } from "./submit.ts";

const NOW = 1_760_000_000_000;
const SPACE: Space = {
  ...{ conversationId: CONVERSATION, openedAt: NOW, seed: new Uint8Array(32).fill(1) },
  ...{ origin: "mesh.example", layout: "gated", emitTo: null, bodyTtlS: null, namespace: "falcon" },
  access: { isClosed: false } as unknown as Space["access"],
};

test("M4.3 a key that left the document of a did:web signs nothing new", async () => {
  const folder = newFolder();
  const opened = await openJournals({
    ...{ kind: "embedded", folder, durability: { kind: "memory" } },
  });
  if (!opened.ok) throw new Error(opened.fault);
  onTestFinished(async () => {
    await opened.value.close();
    removeFolder(folder);
  });
  const options = { nonceWindow: 256, appealS: 1, now: () => NOW };
  const live = new LiveMesh(SPACE, opened.value, options);
  let published: SeedSigner = agentNamed("before");
  const resolve = async () => {
    const read = readPublicKey(published.publicKey);
    if (!read.ok) throw new Error(read.fault);
    return { ok: true, keys: [read.key] } as const;
  };
  const greeting = (signer: SeedSigner, nonce: number) =>
    signEnvelope(
      {
        ...{ v: 1, id: `00000000-0000-4000-8000-00000000000${nonce}`, kind: "intent", nonce },
        ...{ from: "did:web:alice.example", to: "*", ts: NOW / 1_000 },
        intent: { action: "greet" },
      },
      signer,
    );
  const hand = async (envelope: ReturnType<typeof greeting>) =>
    await submit(live, canonicalBytes(envelope), { account: null, resolve });
  const first = greeting(published, 1);
  expect(await hand(first)).toMatchObject({ ok: true, isDuplicate: false });
  published = agentNamed("after");
  const old = await hand(greeting(agentNamed("before"), 2));
  expect(old).toMatchObject({ ok: false, refusal: { code: "bad_signature" } });
  expect(await hand(greeting(published, 3))).toMatchObject({ ok: true });
  // What was logged under the old key is answered again.
  expect(await hand(first)).toMatchObject({ ok: true, isDuplicate: true });
});

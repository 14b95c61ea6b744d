// A workflow's step as evidence of a milestone: the commit is proved to be in the log of its
// conversation, and the milestone is settled by its principal.
import { createAccount } from "@ams/client";
import { openMesh } from "@ams/mesh-client";
import { type JsonObject, signerFromSeed } from "@ams/provenance";
import { Agent } from "@ams/workflow-client";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Standalone, startStandalone } from "../standalone.ts";

/** What a test looks into without declaring it. */
type Loose = ReturnType<typeof JSON.parse>;

const PRIME = "did:w7:prime/main";
let ams: Standalone;
beforeAll(async () => {
  ams = await startStandalone();
});
afterAll(() => ams.stop());

test("Interplay: the inclusion proof of a step's commit is checked, shown, and settles nothing by itself", async () => {
  const account = await createAccount(ams.url, { namespace: `evidence-${process.pid}` });
  const other = await createAccount(ams.url, { namespace: `worker-${process.pid}` });
  const { magicLink: link } = await account.mint();
  const { credential } = account;
  const worker = await Agent.connect({
    link,
    credential,
    key: signerFromSeed(new Uint8Array(32).fill(5)),
  });
  await worker.define({ name: "filing", v: 1, steps: { file: {} } });
  const sent = await worker.send({ pages: 3 }, { workflow: "filing" });
  const read = async (path: string): Promise<Loose> => {
    const headers = { authorization: `Bearer ${credential}` };
    const at = `${ams.url}/workflow/v1/conversations/${worker.conversationId}`;
    return await (await fetch(at + path, { headers })).json();
  };
  const { messages } = await read(`/log/messages?from=${sent.seq}&limit=1`);
  const proof = await read(`/log/proof/inclusion?index=${sent.seq}`);
  const { index, size, root, proof: steps } = proof;
  const commit = {
    ...{ kind: "workflow-commit", conversation_id: worker.conversationId, index, size, root },
    ...{ proof: steps, header: messages[0].header },
  };
  await worker.close();
  const seed = (of: number) => signerFromSeed(new Uint8Array(32).fill(of));
  const alice = await openMesh({ link, credential, key: seed(6) });
  const bob = await openMesh({ link, credential: other.credential, key: seed(7) });
  const deposit = { to: alice.did, amount: "9 USD", ref: "d" };
  await alice.ask("POST", "/ledger/deposits", deposit);
  const settle = { rail: "amp-outcome", amount: "9 USD" };
  const intent = await alice.intent({ to: bob.did, action: "file", settle });
  const { id } = await intent.delegate(bob.did);
  const result = await bob.execute(id, "result", "done");
  const wrong = { ...commit, header: { ...commit.header, ts: 1 } };
  const payload = { milestone: "done", evidence: [commit, wrong, { ...commit, root: "00" }] };
  const members = { kind: "outcome", to: PRIME, parent: result.id, payload };
  const outcome = await bob.send(members as unknown as JsonObject);
  const before: Loose = await alice.get(`/poo/${outcome.id}`);
  expect(before.ok).toBe(false);
  expect(before.reasons.evidence.map(({ holds }: Loose) => holds)).toEqual([true, false, false]);
  expect(before.reasons.evidence[1].fault).toBe("another message");
  const { extra }: Loose = await alice.attest(outcome, "pass", { milestone: "done" });
  expect(extra.settlement.payload.result).toBe("released");
  expect(await alice.balance(`avail:${bob.did}`)).toEqual({ USD: 900 });
});

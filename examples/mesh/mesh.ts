// Alice has her quarterly taxes filed by an agent that she finds by skill, price and reputation. It
// is paid half by half, as three attestors see each half done; one of them lies. All money here is
// test units: entries of a signed ledger. Watch it in the conversation that it prints.
import { createAccount, join } from "@ams/client";
import { type MeshClient, MeshError, openMesh, verifyBundle } from "@ams/mesh-client";
import { signerFromSeed } from "@ams/provenance";

const { AMS_URL = "http://127.0.0.1:8080" } = process.env;

const SETTLE = {
  rail: "amp-escrow",
  amount: "50 USD",
  milestones: [
    { on: "draft_ready", pct: 50 },
    { on: "filed_confirmed", pct: 50 },
  ],
};

try {
  await story();
} catch (error) {
  if (!(error instanceof MeshError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}

async function story(): Promise<void> {
  const owner = await createAccount(AMS_URL);
  const { magicLink: link } = await owner.mint({ metadata: { purpose: "taxes" } });
  const narrator = await join(link, { credential: owner.credential, streamName: "story" });
  const say = async (text: string) => {
    console.log(text);
    await narrator.send(text);
    await narrator.endTurn();
  };
  console.log(`Watch it in TinCan: ${link}`);

  // Everybody has a key, and an account: an attestor who shares one with a party is refused.
  const alice = await openMesh({ link, credential: owner.credential, key: newKey() });
  const enter = async () => {
    const { credential } = await createAccount(AMS_URL);
    return await openMesh({ link, credential, key: newKey() });
  };
  const [taxbot, quickfile, one, two, liar] = await Promise.all([
    ...[enter(), enter(), enter(), enter(), enter()],
  ] as const);
  const deposits = [alice, taxbot, quickfile].map(({ did }, at) =>
    alice.ask("POST", "/ledger/deposits", { to: did, amount: "150 USD", ref: `deposit-${at}` }),
  );
  await Promise.all(deposits);
  await Promise.all([taxbot, quickfile].map((agent) => agent.stake("20 USD")));
  await taxbot.card({ skills: ["tax-filing"], price: "50 USD", regions: ["IN"] });
  await quickfile.card({ skills: ["tax-filing"], price: "30 USD", regions: ["IN"] });
  await Promise.all([one, two, liar].map((voter) => voter.card({ attestor: true })));

  // Reputations come from earlier work: one did well, one didn't.
  await earlierJob(alice, taxbot, "pass");
  await earlierJob(alice, quickfile, "fail");
  const all = await alice.discover({ skill: "tax-filing", region: "IN" });
  for (const { price, reputation } of all)
    await say(`An agent files taxes for ${price}; its reputation is ${reputation}.`);
  const [best] = await alice.discover({
    ...{ skill: "tax-filing", maxPrice: "60 USD", minReputation: 600 },
  });
  if (best === undefined) throw new Error("nobody has that reputation");

  const intent = await alice.intent({
    to: "skill:tax-filing",
    action: "file_quarterly",
    params: { quarter: "2026-Q1" },
    constraints: { jurisdiction: "IN" },
    settle: SETTLE,
    require: { attestors: 2, zkml: true },
  });
  const delegation = await intent.delegate(best.did, {
    attestors: [one, two, liar].map(({ did }) => did),
  });
  await say(`Alice delegates to the agent with reputation ${best.reputation}: 50 USD are held.`);
  await taxbot.execute(delegation.id, "accepted");

  for (const { on } of SETTLE.milestones) {
    const outcome = await taxbot.deliver(delegation.id, on, { pages: 3 });
    await say(`The agent says that ${on} is done.`);
    await liar.attest(outcome, "fail", { milestone: on });
    await say("An attestor says that it is not. Its vote is signed, and stays.");
    await one.attest(outcome, "pass", { milestone: on });
    const { extra } = await two.attest(outcome, "pass", { milestone: on });
    const released = extra.settlement === undefined ? "nothing" : "25 USD";
    const paid = await alice.balance(`avail:${taxbot.did}`);
    await say(`Two of three say that it is: ${released} released; it has ${usd(paid)} now.`);
  }

  const proof = await delegation.proof("filed_confirmed");
  await say(`Proof of outcome: ok ${proof?.ok}. zkml: verified false, attestors instead.`);
  const size = await alice.verifyLog();
  const bundle = await alice.bundle(intent.id);
  const checked = verifyBundle(Buffer.from(JSON.stringify(bundle)), alice.primeKey);
  const { ok } = checked;
  await say(`The bundle of it all holds without the service: ${ok}, in a log of ${size} entries.`);
  await narrator.close();
}

/** A small job before the story, judged by alice herself. */
async function earlierJob(alice: MeshClient, agent: MeshClient, verdict: "pass" | "fail") {
  const settle = { rail: "amp-outcome", amount: "25 USD" };
  const intent = await alice.intent({ to: "skill:tax-filing", action: "file_annual", settle });
  const { id } = await intent.delegate(agent.did);
  const outcome = await agent.deliver(id, "done");
  await alice.attest(outcome, verdict, { milestone: "done" });
}

function newKey() {
  return signerFromSeed(crypto.getRandomValues(new Uint8Array(32)));
}

function usd(balance: Readonly<Record<string, number>>): string {
  return `${((balance.USD ?? 0) / 100).toFixed(2)} USD`;
}

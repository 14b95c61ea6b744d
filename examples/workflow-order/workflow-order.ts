// An order as a workflow of several agents: steps that prove what they had seen, a person's remark
// in the middle, a step too early, two sub-agents and a merge, a rollback, a stop.
import { AmsError, createAccount } from "@ams/client";
import { Agent, WorkflowError } from "@ams/workflow-client";

const { AMS_URL = "http://127.0.0.1:8080" } = process.env;

const ORDER = {
  name: "order_processing",
  v: 1,
  steps: {
    reserve: { effect: "none" },
    charge: { after: ["reserve"], effect: "compensatable", compensate: "refund" },
    ship: { after: ["charge"], effect: "irreversible" },
  },
};

try {
  await main();
} catch (error) {
  if (!(error instanceof AmsError || error instanceof WorkflowError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}

async function main(): Promise<void> {
  const account = await createAccount(AMS_URL);
  const { magicLink: link } = await account.mint({ metadata: { purpose: "orders" } });
  // Each agent has a key of its own, which the service never has. Yours keeps it in a file.
  const enter = () =>
    Agent.connect({
      link,
      credential: account.credential,
      key: crypto.getRandomValues(new Uint8Array(32)),
    });
  const [shop, stock, fraud] = await Promise.all([enter(), enter(), enter()]);
  await shop.define(ORDER);

  // One line performs the step that is ready, and starts a run where there is none.
  const { run } = await shop.send({ sku: 7 }, { workflow: "order_processing" });
  console.log("reserved");

  // A person says something in between: the task goes on where it was.
  await stock.note("and in blue, please", { run });
  await refused("shipped too early", () => shop.send({}, { run, step: "ship" }));

  // Two sub-agents work on branches of their own, and are merged.
  const checks = await Promise.all([
    shop.spawn("fraud", { run, agent: fraud.did }),
    shop.spawn("stock", { run, agent: stock.did }),
  ]);
  await Promise.all([
    fraud.note({ fraud: false }, { run, branch: checks[0] }),
    stock.note({ shelf: 3 }, { run, branch: checks[1] }),
  ]);
  await shop.merge(checks, { run });
  console.log("merged what two sub-agents found");

  await shop.send({ amount: 12 }, { run });
  console.log("charged");

  // Back to the start: the charge is compensated by whoever has the handler, then all is as before.
  const refunded = new Promise<void>((resolve) => {
    stock.compensate("refund", async ({ step }) => {
      console.log(`refunded ${step}`);
      resolve();
    });
  });
  const [start] = nodesOf(await shop.dag(run));
  await shop.rollback({ run, to: String(start?.msg), reason: "the customer changed their mind" });
  await refunded;
  while ((await shop.state(run)).epoch === 0) await new Promise((next) => setTimeout(next, 50));
  console.log(`rolled back, ready: ${String((await shop.state(run)).ready)}`);

  // Anybody can stop it, and nothing of the workflow can refuse that.
  await fraud.stop(run);
  await refused("went on after a stop", () => shop.send({}, { run, step: "reserve" }));

  // Nothing has to be believed: every hash, signature and fingerprint is checked here.
  const { size, signatures } = await shop.verify();
  console.log(`verified ${signatures} signatures of ${size} messages`);
  await Promise.all([shop, stock, fraud].map((agent) => agent.close()));
}

/** Prints why it is refused; a program of yours decides by `code`. */
async function refused(what: string, act: () => Promise<unknown>): Promise<void> {
  try {
    await act();
    console.log(`${what}: not refused?`);
  } catch (error) {
    if (!(error instanceof WorkflowError)) throw error;
    console.log(`${what}: ${error.code}`);
  }
}

function nodesOf({ nodes }: Readonly<Record<string, unknown>>): { readonly msg?: unknown }[] {
  return Array.isArray(nodes) ? nodes : [];
}

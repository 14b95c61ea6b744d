// Workflows as users have them: a standalone in a process of its own, agents by the SDK, a browser,
// and the log verified by other people's code.
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { createAccount } from "@ams/client";
import { noteVerifierKey, resolveDidKey, signerFromSeed, writeSignature } from "@ams/provenance";
import { Agent } from "@ams/workflow-client";
import { historyInFile, signerFromFile } from "@ams/workflow-client/key-file";
import { buildHeader, ERRORS, hash, signedBytes } from "@ams/workflow-rules";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { repositoryRoot } from "../repository-root.ts";
import { type Standalone, startStandalone } from "../standalone.ts";
import { findChromium, openBrowser, openPage } from "../web/browser.ts";

/** What a test looks into without declaring it. */
type Loose = ReturnType<typeof JSON.parse>;

const ORDER = {
  name: "order_processing",
  v: 1,
  steps: {
    reserve: { effect: "none" },
    charge: { after: ["reserve"], effect: "compensatable", compensate: "refund" },
    ship: { after: ["charge"], effect: "irreversible" },
  },
};

let ams: Standalone;
let folder: string;
const agents: Agent[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "ams-agents-"));
  ams = await startStandalone();
});

afterAll(async () => {
  await Promise.all(agents.map((agent) => agent.close()));
  await ams.stop();
  rmSync(folder, { recursive: true, force: true });
});

let accounts = 0;

async function conversation() {
  accounts += 1;
  const account = await createAccount(ams.url, { namespace: `flow-${process.pid}-${accounts}` });
  const { magicLink: link } = await account.mint();
  return { account, link };
}

async function agentOf(link: string, credential: string, seed: number): Promise<Agent> {
  const key = signerFromSeed(new Uint8Array(32).fill(seed));
  const agent = await Agent.connect({ link, credential, key });
  agents.push(agent);
  return agent;
}

async function pair() {
  const { account, link } = await conversation();
  const { credential } = account;
  const [a, b] = await Promise.all([agentOf(link, credential, 1), agentOf(link, credential, 2)]);
  await a.define(ORDER);
  return { a, b, link, credential, account };
}

const statusOf = async (agent: Agent, run: string) => (await agent.state(run)).status;

test("W13 an order is sent step by step, a remark in the middle loses nothing, shipping early is refused", async () => {
  const { a, b } = await pair();
  const { run } = await a.send({ sku: 7 }, { workflow: "order_processing" });
  await expect(b.send({}, { run, step: "ship" })).rejects.toMatchObject({ code: "step_order" });
  await b.note("and in blue, please", { run });
  await a.send({ amount: 12 }, { workflow: "order_processing" });
  await a.send({}, { workflow: "order_processing" });
  expect(await statusOf(a, run)).toBe("done");
  await expect(a.send({}, { run })).rejects.toMatchObject({ code: "no_ready_step" });
});

test("W13 handlers perform tasks, and compensations undo them in a rollback", async () => {
  const { a, b } = await pair();
  const done: string[] = [];
  for (const step of ["reserve", "charge"])
    a.on(step, async (task, { key }) => {
      done.push(`${task.step} ${key.length}`);
      return { ok: true };
    });
  b.compensate("refund", async (task) => {
    done.push(`refund ${task.attempt}`);
  });
  const run = await a.start("order_processing");
  await expect.poll(() => done.length, { timeout: 20_000 }).toBe(2);
  await expect.poll(async () => (await a.state(run)).ready, { timeout: 20_000 }).toEqual(["ship"]);
  const dag = await a.dag(run);
  const [first] = Array.isArray(dag.nodes) ? dag.nodes : [];
  await a.rollback({ run, to: String(Object(first).msg), reason: "changed their mind" });
  await expect.poll(async () => (await a.state(run)).epoch, { timeout: 20_000 }).toBe(1);
  expect(done.slice(0, 3)).toEqual(["reserve 64", "charge 64", "refund 1"]);
});

test("W4, W13 two sub-agents and a merge", async () => {
  const { a, b, link, credential } = await pair();
  const c = await agentOf(link, credential, 3);
  const run = await a.start("order_processing");
  const fraud = await a.spawn("fraud", { run, agent: b.did });
  const stock = await a.spawn("stock", { run, agent: c.did, steps: ["reserve"] });
  await Promise.all([
    b.note("no sign of fraud", { run, branch: fraud }),
    c.send({ shelf: 3 }, { run, step: "reserve", branch: stock }),
  ]);
  await expect(a.note("not mine", { run, branch: "main/none" })).rejects.toMatchObject({
    code: "branch_unknown",
  });
  const merged = await a.merge([fraud, stock], { run });
  expect(merged.seq).toBeGreaterThan(0);
  await a.send({ amount: 1 }, { run });
  expect(Object.keys(Object((await a.state(run)).branches))).toEqual(["main"]);
});

test("W7 a stop aborts handlers, and a person's word in the conversation is one", async () => {
  const { a, b, link } = await pair();
  let aborted = false;
  const begun = new Promise<void>((resolve) => {
    a.on("reserve", async (_task, { signal }) => {
      resolve();
      await new Promise<void>((done) => signal.addEventListener("abort", () => done()));
      aborted = true;
    });
  });
  const run = await b.start("order_processing");
  await begun;
  const { join: enter } = await import("@ams/client");
  const person = await enter(link, { guest: true, peerIdentity: { kind: "human" } });
  await person.send(" Stop! ");
  await expect.poll(() => aborted, { timeout: 20_000 }).toBe(true);
  await expect(b.send({}, { run, step: "reserve" })).rejects.toMatchObject({ code: "halted" });
  await person.close();
});

test("W12.1 after kill −9 of the service the log goes on where it was, and the agent proves it", async () => {
  const { account, link } = await conversation();
  const key = signerFromFile(join(folder, "agent.key"));
  const history = historyInFile(join(folder, "seen.json"));
  const { credential } = account;
  const agent = await Agent.connect({ link, credential, key, history });
  agents.push(agent);
  await agent.define(ORDER);
  const { run } = await agent.send({}, { workflow: "order_processing" });
  await ams.restart("SIGKILL");
  const again = await Agent.connect({ link, credential, key, history });
  agents.push(again);
  await again.send({}, { run });
  expect((await again.state(run)).ready).toEqual(["ship"]);
});

/** A stream of its own that speaks the frames of W9.1, and what the service says to it. */
async function frames(link: string, credential: string) {
  const { join: enter } = await import("@ams/client");
  const connection = await enter(link, { credential, streamMetadata: { workflow: 1 } });
  const heard: Loose[] = [];
  void (async () => {
    for await (const { data } of connection.tokens())
      if (data.startsWith('{"workflow":1')) heard.push(JSON.parse(data));
  })();
  const say = (frame: object) => connection.send(JSON.stringify({ workflow: 1, ...frame }));
  return { connection, heard, say };
}

test("W9.1 a body in pieces is committed once they are all there, and refused before", async () => {
  const { a, link, credential } = await pair();
  const run = await a.start("order_processing");
  const { connection, heard, say } = await frames(link, credential);
  const state: Loose = await a.state(run);
  const key = signerFromSeed(new Uint8Array(32).fill(1));
  const body = Buffer.from(JSON.stringify("x".repeat(100_000)));
  const header = buildHeader({
    id: "msg_01JTEST0000000000000000001",
    conversationId: a.conversationId,
    type: "note",
    op: "note",
    size: state.size,
    root: state.root,
    branch: "main",
    node: `main/${state.branches.main.next}`,
    parents: [state.branches.main.tip],
    did: key.did,
    run: { ...state, id: run },
    body,
    ts: 1,
  });
  const sig = writeSignature(key.signNow(signedBytes(header)));
  const piece = (i: number) =>
    say({
      t: "chunk",
      id: header.id,
      i,
      n: 3,
      data: body.subarray(i * 45_000, (i + 1) * 45_000).toString("base64url"),
    });
  const submit = () => say({ t: "submit", header, sig, chunked: true });
  await piece(2);
  await piece(0);
  await piece(0);
  await submit();
  const last = (t: string) => heard.filter((frame) => frame.t === t).at(-1);
  await expect.poll(() => last("reject")?.id, { timeout: 20_000 }).toBe(header.id);
  const { error, hash: errorHash } = last("reject");
  expect([ERRORS.chunks_missing[0], error.error, error.missing]).toEqual(
    // W11's row, as a refusal on the wire has no status.
    [400, "chunks_missing", [1]],
  );
  expect(errorHash).toBe(hash("error", error));
  expect(Object(await a.state(run)).size).toBe(state.size);
  await piece(1);
  await submit();
  const messages = () => heard.filter((frame) => frame.header?.id === header.id);
  await expect.poll(() => messages().length, { timeout: 20_000 }).toBe(1);
  // Larger than what goes along: it is fetched.
  expect(messages()[0].body_url).toContain(header.id);
  expect((await a.body(header.id)).value).toBe("x".repeat(100_000));
  await connection.close();
});

test("D5 with emit_to agents speak in another conversation, and commits go out in the space", async () => {
  const { a, credential, account } = await pair();
  const run = await a.start("order_processing");
  const { magicLink } = await account.mint();
  const open = (body: object, bearer = credential) =>
    fetch(`${ams.url}/workflow/v1/conversations`, {
      method: "POST",
      body: JSON.stringify({ magic_link: magicLink, ...body }),
      headers: { authorization: `Bearer ${bearer}` },
    });
  const stranger = await createAccount(ams.url);
  const emit_to = a.conversationId;
  expect((await open({ emit_to }, stranger.credential)).status).toBe(404);
  expect((await open({ emit_to })).status).toBe(201);
  const { connection, say } = await frames(magicLink, credential);
  await expect
    .poll(() => [...connection.peers.values()].some(({ metadata }) => metadata.edge), {
      timeout: 20_000,
    })
    .toBe(true);
  await say({ t: "stop", run });
  await expect.poll(async () => (await a.state(run)).halt, { timeout: 20_000 }).toBe("stop");
  await connection.close();
});

test("D11 a conversation that its owner closes takes no more writes, and is still read", async () => {
  const { a, b, link, credential, account } = await pair();
  const { run } = await a.send({}, { workflow: "order_processing" });
  const { pathname } = new URL(link);
  await account.close(pathname.split("/").at(-1) ?? "");
  const refused = async () => {
    const body = JSON.stringify({ type: "note" });
    const headers = { authorization: `Bearer ${credential}` };
    const at = `${ams.url}/workflow/v1/conversations/${a.conversationId}/runs/${run}/act`;
    const answer = await fetch(at, { method: "POST", body, headers });
    const { error }: Loose = await answer.json();
    return [answer.status, error];
  };
  await expect.poll(refused, { timeout: 20_000 }).toEqual([409, "space_closed"]);
  const before = await a.state(run);
  await expect(b.note("still there?", { run })).rejects.toMatchObject({ code: "space_closed" });
  expect(await a.state(run)).toEqual(before);
  expect(await a.stop(run)).toMatchObject({ accepted: true });
});

const go = [...(process.env.PATH ?? "").split(delimiter), "/usr/local/go/bin"]
  .map((path) => join(path, "go"))
  .find((path) => existsSync(path));

test.skipIf(go === undefined)(
  "P4 Go's sumdb/note and tlog verify checkpoint, tiles and every proof",
  async () => {
    const { a, credential } = await pair();
    for (let order = 0; order < 3; order += 1) {
      const run = await a.start("order_processing");
      for (const step of ["reserve", "charge"]) await a.send({ order }, { run, step });
    }
    const log = `${ams.url}/workflow/v1/conversations/${a.conversationId}/log`;
    const about: unknown = await (await fetch(`${log}/key`)).json();
    const { did, origin } = Object(about);
    const service = resolveDidKey(did);
    if (!service.ok) throw new Error(service.fault);
    const verifier = noteVerifierKey(origin, service.key.bytes);
    const { stdout } = await promisify(execFile)(go ?? "", ["run", ".", log, verifier], {
      cwd: join(repositoryRoot(), "test/workflow/verifier"),
      env: { ...process.env, AMS_CREDENTIAL: credential, GOFLAGS: "-mod=mod" },
    });
    expect(stdout).toBe("verified 10 leaves\n");
  },
  240_000,
);

describe.skipIf(findChromium() === null)("the page of a run", () => {
  test("W5.8 draws the graph live, says who, and stops the run by its button", async () => {
    const { a, link } = await pair();
    const { run } = await a.send({}, { workflow: "order_processing" });
    const token = new URL(link).searchParams.get("t") ?? "";
    const at = `${ams.url}/workflow/v1/conversations/${a.conversationId}/runs/${run}?t=${token}`;
    const browser = await openBrowser();
    try {
      const { page, faults } = await openPage(await browser.newContext(), ams.url);
      await page.goto(at);
      await page.locator('li[data-step="reserve"][data-status="done"]').waitFor();
      expect(await page.locator("circle").count()).toBe(2);
      await a.note("<img src=x onerror=alert(1)>", { run });
      await page.locator('circle[data-type="note"]').waitFor();
      await a.send({}, { run });
      await page.locator('li[data-step="charge"][data-status="done"]').waitFor();
      expect(await page.locator("svg .who").first().textContent()).toMatch(/^….{6}$/);
      const picture = process.env.AMS_PICTURE;
      if (picture !== undefined) await page.screenshot({ path: picture });
      await page.getByRole("button", { name: "Stop this run" }).click();
      await page.locator('body[data-halt="stop"]').waitFor();
      await expect(a.send({}, { run, step: "ship" })).rejects.toMatchObject({ code: "halted" });
      expect(faults).toEqual([]);
    } finally {
      await browser.close();
    }
  });
});

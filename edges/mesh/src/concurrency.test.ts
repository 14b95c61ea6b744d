// Two processes on one Redis (M12.2, M12.3): one effect of many copies, races in one of two orders,
// random money at once. AMS_MESH_WORK sets how many pieces of random work there are.
import { openJournals } from "@ams/journal";
import { applyEntry, decodeEntry, MeshState, verifyLedger } from "@ams/mesh-rules";
import { findRedisBinary, type RedisServer, startRedisServer } from "@ams/store/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  AT,
  agentNamed,
  CONVERSATION,
  type Desk,
  deliver,
  envelope,
  hire,
  newFolder,
  openDesk,
  openMesh,
  post,
  removeFolder,
  revokeOf,
  SETTLE,
  voteOn,
} from "./testing/desk.ts";

const WORK = Number(process.env.AMS_MESH_WORK ?? 24);
const SEED = Number(process.env.AMS_SEED ?? 21);
const [alice, bob] = [agentNamed("alice"), agentNamed("bob")];
const agents = Array.from({ length: 4 }, (_, at) => agentNamed(`worker-${at}`));

describe.skipIf(findRedisBinary() === null)("two processes on one Redis", () => {
  let server: RedisServer;
  let folder: string;
  let desks: [Desk, Desk];
  const place = () => {
    return { kind: "redis", url: server.url, durability: { kind: "memory" } } as const;
  };

  beforeAll(async () => {
    folder = newFolder();
    server = await startRedisServer({ appendOnlyDir: folder });
    desks = [openDesk(place()), openDesk(place())];
    await openMesh(desks[0], [alice, bob, ...agents]);
    const deposit = { to: alice.did, amount: "1000000 USD", ref: "d-1" };
    expect((await desks[1].ask("POST", `${AT}/ledger/deposits`, deposit)).status).toBe(201);
  });

  afterAll(async () => {
    await Promise.all(desks.map((desk) => desk.stop()));
    await server.stop();
    removeFolder(folder);
  });

  const sizeOf = async (desk: Desk) => (await desk.ask("GET", AT)).body.log;

  test("M12.2 a hundred copies of one envelope over both: one receipt, one effect", async () => {
    const before = (await sizeOf(desks[0])).size;
    const intent = { kind: "intent", to: bob.did, intent: { action: "greet" }, settle: SETTLE };
    const signed = envelope(desks[0], alice, intent);
    const bearer = alice.did.slice(-12);
    const copies = Array.from({ length: 100 }, (_, at) =>
      (desks[at % 2] ?? desks[0]).ask("POST", `${AT}/envelopes`, signed, bearer),
    );
    const answers = await Promise.all(copies);
    expect(answers.map(({ status }) => status).filter((status) => status === 201)).toHaveLength(1);
    expect(
      new Set(answers.map(({ body }) => `${JSON.stringify(body.receipt)} ${body.sig}`)).size,
    ).toBe(1);
    for (const desk of desks) expect((await sizeOf(desk)).size).toBe(before + 1);
  });

  test("M12.2 a settlement racing a revocation: one of the two orders, never half of both", async () => {
    for (let round = 0; round < 6; round += 1) {
      const id = await hire(desks[0], alice, bob);
      const outcome = await deliver(desks[0], bob, id, "draft_ready");
      const vote = voteOn(outcome, "draft_ready", "pass");
      const race = [
        post(desks[0], "attest", alice, vote),
        post(desks[1], "revoke", alice, revokeOf(id)),
      ];
      const answers = await Promise.all(round % 2 === 0 ? race : race.reverse());
      expect(answers.map(({ status }) => status)).toEqual([201, 201]);
      const { body } = (await desks[round % 2]?.ask("GET", `${AT}/delegations/${id}`)) ?? {
        body: {},
      };
      // Delivered before the revocation in both orders: released, and the rest is refunded.
      expect(body).toMatchObject({
        state: "revoked",
        released_minor: 2_500,
        refunded_minor: 2_500,
      });
    }
  });

  test(`M12.3 random money over both, seed ${SEED}: sum zero, nobody below zero, replay is the state`, async () => {
    const one = async (worker: number, round: number): Promise<void> => {
      const desk = desks[(worker + round) % 2] ?? desks[0];
      const other = desks[(worker + round + 1) % 2] ?? desks[0];
      const agent = agents[worker] ?? bob;
      const settle = {
        ...SETTLE,
        amount: `${1 + ((SEED * 7 + round * 13 + worker) % 900)}.0${round % 10} USD`,
      };
      const id = await hire(desk, alice, agent, { settle });
      if ((worker + round) % 3 === 0) {
        await post(other, "revoke", alice, revokeOf(id));
        return;
      }
      const outcome = await deliver(other, agent, id, "draft_ready");
      const verdict = round % 4 === 0 ? "fail" : "pass";
      const { status } = await post(desk, "attest", alice, voteOn(outcome, "draft_ready", verdict));
      expect(status).toBe(201);
    };
    const workers = agents.map(async (_, worker) => {
      for (let round = worker; round < WORK; round += agents.length) await one(worker, round);
    });
    await Promise.all(workers);
    const logs = await Promise.all(desks.map(sizeOf));
    expect(logs[0]).toEqual(logs[1]);
    const verdict = (await desks[0].ask("GET", `${AT}/ledger/verify`)).body;
    expect(verdict).toMatchObject({ ok: true, sums: { USD: 0 }, negative: [] });
    const rebuilt = await rebuild();
    expect(rebuilt.root()).toBe(logs[0].root);
    expect(verifyLedger(rebuilt)).toMatchObject({ ok: true, head: verdict.head });
  }, 3_600_000);

  /** The state from the journal alone. */
  async function rebuild(): Promise<MeshState> {
    const opened = await openJournals(place());
    if (!opened.ok) throw new Error(opened.fault);
    const settings = {
      mesh: CONVERSATION,
      primeKey: "",
      openedAt: 0,
      nonceWindow: 256,
      appealS: 1,
    };
    const state = new MeshState(settings);
    for (;;) {
      const limit = { entries: 1_000, bytes: 16_000_000 };
      const page = await opened.value.read(`mesh:${CONVERSATION}`, state.size, limit);
      for (const { kind, bytes, at } of page.entries)
        applyEntry(state, decodeEntry(kind, bytes), at);
      if (state.size >= page.head) break;
    }
    await opened.value.close();
    state.growTree(state.size);
    return state;
  }

  test("M12.2 the store away: 503, nothing accepted, and the same bytes are taken afterwards", async () => {
    const before = (await sizeOf(desks[0])).size;
    const signed = envelope(desks[0], alice, {
      ...{ kind: "intent", to: bob.did, intent: { action: "greet" } },
    });
    const ask = () => desks[0].ask("POST", `${AT}/envelopes`, signed, alice.did.slice(-12));
    await server.stop();
    const answer = await ask();
    server = await startRedisServer({ appendOnlyDir: folder, port: server.port });
    expect([answer.status, answer.body.retryable]).toEqual([503, true]);
    await expect.poll(async () => (await ask()).status).toBeLessThan(300);
    // The other process connects again by itself, a little later.
    await expect.poll(async () => (await sizeOf(desks[1]))?.size).toBe(before + 1);
  });
});

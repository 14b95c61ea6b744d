// Crashes and concurrency (W12) in small seeded counts; the long suite runs the full ones.

import { openJournals } from "@ams/journal";
import { findRedisBinary, type RedisServer, startRedisServer } from "@ams/store/testing";
import { Conversation, decodeEntry } from "@ams/workflow-rules";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  AT,
  CONVERSATION,
  type Desk,
  type Loose,
  message,
  newFolder,
  openDesk,
  openRun,
  removeFolder,
} from "./testing/desk.ts";

const count = (name: string, small: number) => Number(process.env[name] ?? small);
const RUNS = count("AMS_WORKFLOW_RUNS", 8);
const STOPS = count("AMS_WORKFLOW_STOPS", 12);
const COMMITS = count("AMS_WORKFLOW_COMMITS", 12);
const SEED = count("AMS_WORKFLOW_SEED", 1);

/** Numbers from 0 to 1 that are the same for the same seed (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const DIAMOND = {
  name: "diamond",
  v: 1,
  steps: {
    a: {},
    b: { after: ["a"] },
    c: { after: ["a"] },
    d: { after: ["b", "c"] },
    e: { after: ["d"] },
  },
};
const MIXED = {
  name: "mixed",
  v: 1,
  steps: {
    a: { effect: "none", max_attempts: 3 },
    b: { effect: "none", after: ["a"], max_attempts: 3 },
    c: { effect: "none", after: ["a"], max_attempts: 3 },
    d: { effect: "none", after: ["b", "c"], join: "any", max_attempts: 3 },
    e: { effect: "none", after: ["d"], max_attempts: 3 },
  },
};

const post = (desk: Desk, given: unknown) => desk.ask("POST", `${AT}/messages`, given);
const runOf = async (desk: Desk, run: string) => (await desk.ask("GET", `${AT}/runs/${run}`)).body;
const act = (desk: Desk, run: string, body: unknown) =>
  desk.ask("POST", `${AT}/runs/${run}/act`, body);
const startOf = async (desk: Desk, workflow: string): Promise<string> =>
  (await desk.ask("POST", `${AT}/runs`, { workflow })).body.run;

function permutations(items: readonly string[]): string[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((first) =>
    permutations(items.filter((one) => one !== first)).map((rest) => [first, ...rest]),
  );
}

describe("one process", () => {
  let folder: string;
  let desk: Desk;
  beforeAll(() => {
    folder = newFolder();
    desk = openDesk({ kind: "embedded", folder, durability: { kind: "memory" } });
  });
  afterAll(async () => {
    await desk.stop();
    removeFolder(folder);
  });

  test("W12.2 of every order of a graph of 5 steps exactly the topological ones pass", async () => {
    await openRun(desk, DIAMOND);
    const passed: string[] = [];
    for (const order of permutations(["a", "b", "c", "d", "e"])) {
      const run = await startOf(desk, "diamond");
      let isThrough = true;
      for (const step of order) {
        const { status, body } = await act(desk, run, { step });
        if (status === 201) continue;
        expect(body.error).toBe("step_order");
        isThrough = false;
        break;
      }
      if (isThrough) passed.push(order.join(""));
    }
    expect(passed).toEqual(["abcde", "acbde"]);
  });

  test(`W12.2 ${RUNS} random runs (seed ${SEED}): the fold of the log is the state, and a rollback to any commit gives its state`, async () => {
    const random = randomOf(SEED);
    const pick = <Item>(items: readonly Item[]): Item => {
      const item = items[Math.floor(random() * items.length)];
      if (item === undefined) throw new Error("nothing to pick from");
      return item;
    };
    await openRun(desk, MIXED);
    for (let index = 0; index < RUNS; index += 1) {
      const run = await startOf(desk, "mixed");
      const seen: { msg: string; steps: Loose; status: string }[] = [];
      const remember = async (msg: string) => {
        const { state_value } = await runOf(desk, run);
        seen.push({ msg, steps: state_value.steps, status: state_value.status });
      };
      await remember((await runOf(desk, run)).branches.main.tip);
      for (let move = 0; move < 12; move += 1) {
        const step = pick(["a", "b", "c", "d", "e"]);
        const op = pick(["start", "done", "done", "fail"]);
        const note = random() < 0.2;
        const answer = await act(desk, run, note ? { type: "note" } : { step, op });
        if (answer.status === 201) await remember(answer.body.receipt.msg);
      }
      const target = pick(seen);
      const back = await desk.ask("POST", `${AT}/runs/${run}/rollback`, { to: target.msg });
      expect([back.status, back.body.epoch]).toEqual([200, 1]);
      const { state_value } = await runOf(desk, run);
      expect(state_value.steps).toEqual(target.steps);
    }
    const before: Loose[] = (await desk.ask("GET", `${AT}/runs?limit=1000`)).body.runs;
    const { root } = (await desk.ask("GET", `${AT}/log/head`)).body;
    await desk.stop();
    desk = openDesk({ kind: "embedded", folder, durability: { kind: "memory" } }, {}, desk.clock);
    expect((await desk.ask("GET", `${AT}/runs?limit=1000`)).body.runs).toEqual(before);
    expect((await desk.ask("GET", `${AT}/log/head`)).body.root).toBe(root);
  }, 3_600_000);
});

describe.skipIf(findRedisBinary() === null)("two processes on one Redis", () => {
  let server: RedisServer;
  let desks: readonly [Desk, Desk];
  const place = () => {
    return { kind: "redis", url: server.url, durability: { kind: "memory" } } as const;
  };
  beforeAll(async () => {
    server = await startRedisServer();
    desks = [openDesk(place()), openDesk(place())];
  });
  afterAll(async () => {
    await Promise.all(desks.map((desk) => desk.stop()));
    await server.stop();
  });

  async function entries(): Promise<Loose[]> {
    const all: Loose[] = [];
    for (let from: number | null = 0; from !== null; ) {
      const { messages, next }: Loose = (
        await desks[1].ask("GET", `${AT}/log/messages?from=${from}&limit=1000`)
      ).body;
      all.push(...messages);
      from = next;
    }
    return all;
  }

  test(`W12.1 8 clients, ${COMMITS} commits each: none lost, none doubled, no hole, the root is that of a rebuild`, async () => {
    await openRun(desks[0], DIAMOND);
    const ids = new Set<string>();
    const client = async (index: number) => {
      const desk = desks[index % 2] ?? desks[0];
      const run = await startOf(desk, "diamond");
      for (let n = 0; n < COMMITS; n += 1) {
        const note = await message(desk, run, { type: "note", op: "note", content: { index, n } });
        // Sent to both processes at once: it is committed once.
        const answers = await Promise.all(desks.map((one) => post(one, note)));
        const statuses = answers.map(({ status }) => status).sort((a, b) => a - b);
        expect(statuses).toEqual([200, 201]);
        expect(answers[0]?.body.receipt).toEqual(answers[1]?.body.receipt);
        ids.add(note.header.id);
      }
    };
    await Promise.all(Array.from({ length: 8 }, (_, index) => client(index)));
    const all = await entries();
    expect(all.map(({ seq }) => seq)).toEqual(all.map((_, index) => index));
    const notes = all.filter(({ header }) => header.type === "note");
    expect(new Set(notes.map(({ header }) => header.id))).toEqual(ids);
    expect(notes).toHaveLength(8 * COMMITS);
    const opened = await openJournals(place());
    if (!opened.ok) throw new Error(opened.fault);
    const rebuilt = new Conversation(CONVERSATION);
    const whole = { entries: 1_000, bytes: 64_000_000 };
    for (;;) {
      const page = await opened.value.read(`workflow:${CONVERSATION}`, rebuilt.size, whole);
      for (const { bytes, at } of page.entries) rebuilt.apply(decodeEntry(bytes), at);
      if (rebuilt.size >= page.head) break;
    }
    await opened.value.close();
    for (const desk of desks)
      expect((await desk.ask("GET", `${AT}/log/head`)).body.root).toBe(rebuilt.root());
  }, 3_600_000);

  test(`W12.3 ${STOPS} stops against 4 hot writers (seed ${SEED}): none is refused, and no step follows one`, async () => {
    const random = randomOf(SEED + 1);
    const steps = Object.fromEntries(
      Array.from({ length: 40 }, (_, index) => [`s${index}`, { max_attempts: 3 }]),
    );
    await openRun(desks[0], { name: "hot", v: 1, steps });
    for (let trial = 0; trial < STOPS; trial += 1) {
      const run = await startOf(desks[0], "hot");
      let isStopped = false;
      const writer = async (index: number) => {
        const desk = desks[index % 2] ?? desks[0];
        for (let n = 0; n < 1_000 && !isStopped; n += 1) {
          const step = `s${Math.floor(random() * 40)}`;
          const op = random() < 0.5 ? "start" : "done";
          const { body } = await act(desk, run, { step, op });
          if (body.error === "halted" || body.error === "run_closed") return;
        }
      };
      const writers = [0, 1, 2, 3].map(writer);
      const wanted = Math.floor(random() * 6);
      while ((await runOf(desks[0], run)).branches.main.next < wanted)
        await new Promise((resolve) => setImmediate(resolve));
      const desk = desks[trial % 2] ?? desks[0];
      const stop = await desk.ask("POST", `${AT}/runs/${run}/stop`, "");
      expect([stop.status, stop.body.accepted]).toEqual([200, true]);
      isStopped = true;
      await Promise.all(writers);
      await desks[1].ask("GET", `${AT}/runs/${run}`);
      const { nodes }: Loose = (await desks[1].ask("GET", `${AT}/runs/${run}/dag`)).body;
      const after = nodes.filter(({ type, seq }: Loose) => type === "step" && seq > stop.body.seq);
      expect(after).toEqual([]);
    }
  }, 7_200_000);
});

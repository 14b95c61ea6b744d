// Two processes of one provider over Redis: nothing that was accepted is lost, whichever is killed.

import { AmpError } from "@ams/amp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { freePort } from "../cluster/free-port.ts";
import { findRedisBinary } from "../cluster/redis-server.ts";
import { at, listen, newAgent } from "./agents.ts";
import { type AmpProcess, type AmpWorld, startAmpWorld, type TestProvider } from "./processes.ts";

/** Kills; `npm run test:long -- amp` has 1,000. */
const KILLS = Number(process.env.AMS_AMP_KILLS ?? 2);
const SEED = Number(process.env.AMS_AMP_SEED ?? 1);

describe.skipIf(findRedisBinary() === null)("two processes over Redis", () => {
  let world: AmpWorld;
  let provider: TestProvider;
  let one: AmpProcess;
  let two: AmpProcess;
  beforeAll(async () => {
    world = await startAmpWorld();
    const options = { domain: "example.test", processes: 2, db: 1 };
    provider = await world.start(options, await freePort());
    const [first, second] = provider.processes;
    if (first === undefined || second === undefined) throw new Error("no processes");
    [one, two] = [first, second];
  });
  afterAll(() => world.stop());

  test("AMP 18: registered on one, a socket on the other: delivered through the wire", async () => {
    const alice = await newAgent(one.endpoint, "alice");
    const bob = await newAgent(one.endpoint, "bob");
    const socket = await listen(at(bob, two.endpoint));
    const online = async () => (await alice.resolve("bob")).online;
    await expect.poll(online).toBe(true);
    // The first notification joins the inbox; the following ones find it joined.
    const send = () => alice.send({ to: "bob", subject: "Hi", message: "hello" });
    await send();
    await expect
      .poll(async () => (await send()).method, { timeout: 20_000, interval: 200 })
      .toBe("websocket");
    const { messages } = await bob.inbox(100);
    await expect.poll(() => socket.ids).toEqual(messages.map(({ id }) => id));
    socket.close();
  });

  test("AMP 18: an idempotency key holds on every process", async () => {
    const alice = await newAgent(one.endpoint, "ida");
    const bob = await newAgent(two.endpoint, "idb");
    const { address } = bob.identity;
    const body = JSON.stringify({
      to: address,
      subject: "Once",
      payload: { type: "a", message: "b" },
      idempotency_key: "once",
    });
    const calls = [one, two, one, two].map(({ endpoint }) =>
      at(alice, endpoint).call("POST", "/route", body),
    );
    const ids = new Set((await Promise.all(calls)).map(({ id }) => id));
    expect(ids.size).toBe(1);
    expect((await bob.inbox(10)).messages).toHaveLength(1);
  });

  test("AMP 13: a key revoked on one process closes sockets of the other within seconds", async () => {
    const carl = await newAgent(one.endpoint, "carl");
    const socket = await listen(at(carl, two.endpoint));
    await carl.call("DELETE", "/auth/revoke-key");
    await socket.closed;
    await expect(at(carl, two.endpoint).inbox(1)).rejects.toThrow("valid key");
  });

  test(
    `AMP 18: ${KILLS} kills between accept and delivery: none lost, none acked twice, order kept`,
    async () => {
      const random = generator(SEED);
      const alice = await newAgent(provider.endpoint, "sender");
      const bob = await newAgent(provider.endpoint, "reader");
      const accepted = new Set<string>();
      const acked = new Map<string, number>();
      const delivered: string[] = [];
      let isDone = false;
      const either = () => (random() < 0.5 ? one : two);
      const sending = (async () => {
        for (let n = 0; !isDone; n += 1) {
          const key = `key-${n}`;
          const id = await sendOnce(alice, either, bob.identity.address, key);
          accepted.add(id);
          if (n % 10 === 0) await pause(5);
        }
      })();
      let isSent = false;
      const reading = (async () => {
        while (!isSent || (await depthOf(bob, either)) > 0)
          await readAll(bob, either, delivered, acked);
      })();
      for (let kill = 0; kill < KILLS; kill += 1) {
        await pause(100 + random() * 400);
        const victim = either();
        await victim.kill("SIGKILL");
        await pause(random() * 100);
        await victim.restart();
      }
      isDone = true;
      await sending;
      isSent = true;
      await reading;
      expect(accepted.size).toBeGreaterThan(KILLS);
      expect([...accepted].filter((id) => !delivered.includes(id))).toEqual([]);
      expect([...acked].filter(([, times]) => times > 1)).toEqual([]);
      // Each message first came after those that were accepted before it.
      const firsts = [...new Set(delivered)].filter((id) => accepted.has(id));
      expect(firsts).toEqual([...accepted]);
    },
    60_000 + KILLS * 10_000,
  );

  test("AMP 18: while Redis is away nothing changes, and after it everything goes on", async () => {
    const alice = await newAgent(one.endpoint, "ra");
    const bob = await newAgent(one.endpoint, "rb");
    const socket = await listen(at(bob, two.endpoint));
    await world.redis.kill();
    await expect(
      alice.send({ to: bob.identity.address, subject: "a", message: "b" }),
    ).rejects.toMatchObject({ status: 503 });
    const health = await fetch(`${one.endpoint}/health`);
    expect(health.status).toBe(503);
    expect(await health.json()).toMatchObject({ status: "unhealthy" });
    await expect
      .poll(async () => (await fetch(`${one.adminUrl}/readyz`)).status, { timeout: 10_000 })
      .toBe(503);
    await world.redis.restart();
    const send = () =>
      alice.send({ to: bob.identity.address, subject: "a", message: "b" }).catch(() => null);
    await expect.poll(send, { timeout: 20_000 }).not.toBeNull();
    await expect.poll(() => socket.ids.length, { timeout: 20_000 }).toBe(1);
    socket.close();
  });
});

type Either = () => AmpProcess;
type Client = Awaited<ReturnType<typeof newAgent>>;

/** Tries until some process says that it has it; the key makes it one message. */
async function sendOnce(client: Client, either: Either, to: string, key: string): Promise<string> {
  const body = JSON.stringify({
    to,
    subject: key,
    payload: { type: "a", message: key },
    idempotency_key: key,
  });
  for (;;) {
    try {
      const { id } = await at(client, either().endpoint).call("POST", "/route", body);
      return String(id);
    } catch (error) {
      // A killed process answers nothing, and one that waits for a claim says 503.
      if (!(error instanceof AmpError) || ![null, 503].includes(error.status)) throw error;
      await pause(20);
    }
  }
}

async function readAll(
  client: Client,
  either: Either,
  delivered: string[],
  acked: Map<string, number>,
): Promise<void> {
  try {
    const { messages } = await at(client, either().endpoint).inbox(50);
    for (const { id } of messages) if (!delivered.includes(id)) delivered.push(id);
    // Two readers race for each ack.
    const racing = messages.flatMap(({ id }) =>
      [either(), either()].map(async ({ endpoint }) => {
        await at(client, endpoint).ack(id);
        acked.set(id, (acked.get(id) ?? 0) + 1);
      }),
    );
    await Promise.allSettled(racing);
    if (messages.length === 0) await pause(20);
  } catch {
    await pause(20);
  }
}

async function depthOf(client: Client, either: Either): Promise<number> {
  try {
    const { count } = await at(client, either().endpoint).call("GET", "/messages/pending/count");
    return Number(count);
  } catch {
    return 1;
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** mulberry32: the same numbers for the same seed. */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

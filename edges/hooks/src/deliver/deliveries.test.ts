// Many deliveries against a receiver that fails, hangs, lies and redirects. `npm test` makes a few;
// `npm run test:long -- deliveries` makes 10,000.
import { createHash } from "node:crypto";
import { findRedisBinary, startRedisServer } from "@ams/store/testing";
import { expect, test, vi } from "vitest";
import { openRedisStore } from "../store/redis/redis-store.ts";
import { OK, type Receiver, startReceiver } from "../testing/receiver.ts";
import { openWorld, SIGNING } from "../testing/world.ts";

const EVENTS = Number(process.env.AMS_TEST_DELIVERIES ?? 300);
/** Events up to which the queue is a file. */
const FILE_EVENTS_MAX = 1_000;
const WEBHOOKS = 10;
/** Milliseconds by which the clock is ahead at the end: within the 300 s of the verifier. */
const AHEAD_MS = 240_000;
const STEP_MS = 10_000;

test(`§2.15.5 ${EVENTS} events arrive, each verified, though one in four fails, hangs or lies at first`, {
  timeout: 600_000,
}, async () => {
  const receiver = await startReceiver(SIGNING);
  misbehave(receiver);
  // A file is written to disk at each step, which a machine may do a hundred times a second.
  const redis = EVENTS > FILE_EVENTS_MAX && findRedisBinary() ? await startRedisServer() : null;
  const store = redis === null ? undefined : () => openRedisStore(redis.url);
  const world = await openWorld([new URL(receiver.url).host], store);
  const accounts = Array.from({ length: WEBHOOKS }, (_, index) => `acc_${index}`);
  for (const account of accounts) world.control.webhooks.set(account, [world.hook(receiver.url)]);
  const ids = Array.from({ length: EVENTS }, (_, index) =>
    world.control.push({ account_id: accounts[index % WEBHOOKS] ?? "" }),
  );
  const ahead = setInterval(() => {
    if (world.clock.aheadMs < AHEAD_MS) world.clock.aheadMs += STEP_MS;
  }, 1_000);
  const delivered = () =>
    world.control.reported.filter(({ delivery }) => delivery.status === "delivered");
  await vi.waitFor(() => expect(delivered()).toHaveLength(EVENTS), {
    timeout: 580_000,
    interval: 200,
  });
  clearInterval(ahead);
  expect(receiver.refused).toBe(0);
  expect(new Set(delivered().map(({ delivery }) => delivery.message_id))).toEqual(new Set(ids));
  expect(ids.filter((id) => !receiver.accepted.has(id))).toEqual([]);
  expect(world.control.reported.filter(({ delivery }) => delivery.status === "dead")).toEqual([]);
  expect(receiver.attempts.size).toBe(EVENTS);
  const attempts = [...receiver.attempts.values()].reduce((sum, one) => sum + one, 0);
  expect(attempts).toBeGreaterThan(EVENTS);
  await world.close();
  await receiver.close();
  await redis?.stop();
});

/** By the id, so that the same events fail in each run. */
function misbehave(receiver: Receiver): void {
  receiver.behave = (response, attempt, id) => {
    const dice = createHash("sha256").update(id).digest().readUInt16BE(0) % 200;
    if (attempt === 1 && dice === 0) return; // It never answers.
    if (attempt === 1 && dice < 10) return void response.destroy();
    if (attempt === 1 && dice < 20) {
      // It says that more will come, and cuts.
      response.writeHead(200, { "content-length": "100" });
      return void response.write("x", () => response.destroy());
    }
    if (attempt === 1 && dice < 25) {
      return void response.writeHead(301, { location: "http://10.0.0.1/" }).end();
    }
    if (attempt <= 2 && dice < 50) return void response.writeHead(500).end("no");
    OK(response, attempt, id);
  };
}

import { createServer, type Server } from "node:net";
import { createSealer } from "@ams/process";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { OK, type Receiver, startReceiver } from "../testing/receiver.ts";
import { OLD_SIGNING, openWorld, SECRET, SIGNING, type World } from "../testing/world.ts";

const WAIT = { timeout: 30_000, interval: 50 };

let world: World;
let receiver: Receiver;

beforeEach(async () => {
  receiver = await startReceiver(SIGNING);
  world = await openWorld([hostOf(receiver.url)]);
});
afterEach(async () => {
  await world.close();
  await receiver.close();
});

const statuses = () => world.control.reported.map(({ delivery }) => delivery.status);

test("§2.15.5 an event is one signed POST that the verifier of Standard Webhooks accepts", async () => {
  world.control.webhooks.set("acc_1", [world.hook(receiver.url)]);
  const id = world.control.push({ account_id: "acc_1" });
  world.control.push({ account_id: "acc_1", type: "stream.left" }); // Not asked for.
  await vi.waitFor(() => expect(world.control.reported).toHaveLength(1), WAIT);
  expect([...receiver.accepted]).toEqual([[id, 1]]);
  expect(receiver.refused).toBe(0);
  expect(JSON.parse(receiver.bodies.get(id) ?? "")).toMatchObject({
    type: "stream.joined",
    timestamp: expect.stringMatching(/Z$/),
    data: { namespace: "porter", alias: "standup", number: 1 },
  });
  expect(world.control.reported[0]).toMatchObject({
    account_id: "acc_1",
    disables: false,
    delivery: { message_id: id, status: "delivered", attempt: 1, http_status: 204 },
  });
  expect(world.control.waiting()).toBe(0);
  const said = world.lines.join("\n");
  for (const secret of [SIGNING, SECRET, "standup"]) expect(said).not.toContain(secret);
});

test("§2.15.2 while a secret is replaced both sign, so a receiver with either accepts", async () => {
  const { seal } = createSealer([SECRET], "ams webhook secrets 1");
  const secrets = [seal(SIGNING), seal(OLD_SIGNING)];
  world.control.webhooks.set("acc_1", [world.hook(receiver.url, { secrets })]);
  for (const secret of [SIGNING, OLD_SIGNING]) {
    receiver.secret = secret;
    const id = world.control.push({ account_id: "acc_1" });
    await vi.waitFor(() => expect(receiver.accepted.get(id)).toBe(1), WAIT);
  }
  expect(receiver.refused).toBe(0);
});

test("§2.15.5 what fails is tried again, later each time, and dead after three days", async () => {
  receiver.behave = (response) => response.writeHead(503).end();
  world.control.webhooks.set("acc_1", [world.hook(receiver.url)]);
  world.control.push({ account_id: "acc_1" });
  const delays: number[] = [];
  for (let attempt = 1; statuses().at(-1) !== "dead"; attempt += 1) {
    await vi.waitFor(() => expect(world.control.reported).toHaveLength(attempt), WAIT);
    const { at, next_attempt_at } = world.control.reported.at(-1)?.delivery ?? {};
    if (next_attempt_at === null || next_attempt_at === undefined) break;
    delays.push(Date.parse(next_attempt_at) - Date.parse(at ?? ""));
    world.clock.aheadMs += delays.at(-1) ?? 0;
  }
  expect(delays[0]).toBeGreaterThanOrEqual(5_000);
  expect(delays[0]).toBeLessThan(9_000);
  expect(delays.length).toBeGreaterThan(10);
  expect(Math.max(...delays)).toBeGreaterThanOrEqual(28_800_000);
  expect(statuses().at(-1)).toBe("dead");
  // The verifier refuses what is signed more than 5 minutes ahead of its own clock.
  const [accepted = 0] = receiver.attempts.values();
  expect(accepted + receiver.refused).toBe(delays.length + 1);
}, 120_000);

test("§2.15.6 410 disables at once; a disabled or removed webhook gets nothing", async () => {
  receiver.behave = (response) => response.writeHead(410).end();
  const hook = world.hook(receiver.url);
  world.control.webhooks.set("acc_1", [hook]);
  world.control.push({ account_id: "acc_1" });
  await vi.waitFor(() => expect(world.control.reported).toHaveLength(1), WAIT);
  expect(world.control.reported[0]).toMatchObject({ disables: true, delivery: { status: "dead" } });
  world.control.webhooks.set("acc_1", [{ ...hook, enabled: false }]);
  world.clock.aheadMs += 10_000;
  world.control.push({ account_id: "acc_1" });
  await vi.waitFor(() => expect(world.control.waiting()).toBe(0), WAIT);
  expect(receiver.attempts.size).toBe(1);
});

test("§2.15.5 a redirect is not followed, an endless answer is cut, a late one is a failure", async () => {
  const inside = await startReceiver(SIGNING);
  receiver.behave = (response, attempt) => {
    if (attempt === 1) response.writeHead(307, { location: inside.url }).end();
    else {
      response.writeHead(200);
      const flood = setInterval(() => response.write("x".repeat(65_536)), 1);
      response.on("close", () => clearInterval(flood));
    }
  };
  world.control.webhooks.set("acc_1", [world.hook(receiver.url)]);
  world.control.push({ account_id: "acc_1" });
  await vi.waitFor(() => expect(statuses()).toEqual(["failed"]), WAIT);
  expect(world.control.reported[0]?.delivery.http_status).toBe(307);
  world.clock.aheadMs += 10_000;
  await vi.waitFor(() => expect(statuses()).toEqual(["failed", "delivered"]), WAIT);
  expect(inside.attempts.size).toBe(0);
  await inside.close();
});

test("§2.15.1 a target that leads inside when it is sent is refused, and named in the log of attempts", async () => {
  const url = receiver.url.replace("127.0.0.1", "localhost");
  const hooks = [url, "https://10.0.0.1/", "https://[::ffff:127.0.0.1]/", "https://0x7f000001/"];
  world.control.webhooks.set(
    "acc_1",
    hooks.map((one) => world.hook(one)),
  );
  world.control.push({ account_id: "acc_1" });
  await vi.waitFor(() => expect(world.control.reported).toHaveLength(hooks.length), WAIT);
  for (const { delivery } of world.control.reported) {
    expect(delivery).toMatchObject({ status: "failed", http_status: null, error: "refused" });
  }
  expect(receiver.attempts.size).toBe(0);
});

test("§2.15.5 a webhook that hangs with many events delays no other", async () => {
  const sockets = new Set<{ destroy(): void }>();
  const hanging: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
  });
  await new Promise<void>((resolve) => hanging.listen(0, "127.0.0.1", resolve));
  const address = hanging.address();
  const port = typeof address === "object" ? address?.port : 0;
  await world.close();
  world = await openWorld([hostOf(receiver.url), `127.0.0.1:${port}`]);
  world.control.webhooks.set("acc_dead", [world.hook(`http://127.0.0.1:${port}/`)]);
  world.control.webhooks.set("acc_live", [world.hook(receiver.url)]);
  for (let count = 0; count < 300; count += 1) world.control.push({ account_id: "acc_dead" });
  await vi.waitFor(() => expect(sockets.size).toBe(4), WAIT);
  const ids = Array.from({ length: 20 }, () => world.control.push({ account_id: "acc_live" }));
  await vi.waitFor(() => expect(new Set(receiver.accepted.keys())).toEqual(new Set(ids)), WAIT);
  // No attempt at the one that hangs has even ended.
  expect(sockets.size).toBeLessThanOrEqual(8);
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => hanging.close(resolve));
}, 60_000);

test("§2.15.5 what waits is sent after a restart, and while control is away nothing is lost", async () => {
  receiver.behave = (response, attempt) => response.writeHead(attempt === 1 ? 500 : 200).end();
  world.control.webhooks.set("acc_1", [world.hook(receiver.url)]);
  const id = world.control.push({ account_id: "acc_1" });
  await vi.waitFor(() => expect(receiver.attempts.get(id)).toBe(1), WAIT);
  world.control.isAway = true;
  await world.restart();
  world.clock.aheadMs += 10_000;
  const later = world.control.push({ account_id: "acc_1" });
  world.control.isAway = false;
  receiver.behave = OK;
  world.clock.aheadMs += 10_000;
  await vi.waitFor(() => expect([...receiver.accepted.keys()]).toEqual([id, later]), WAIT);
}, 60_000);

test("§2.15.8 a replay sends the same id and body once more, to its own account's webhook only", async () => {
  const hook = world.hook(receiver.url);
  world.control.webhooks.set("acc_1", [hook]);
  const id = world.control.push({ account_id: "acc_1" });
  await vi.waitFor(() => expect(receiver.accepted.get(id)).toBe(1), WAIT);
  const body = receiver.bodies.get(id);
  const data = { webhook_id: hook.webhook_id, message_id: id };
  world.control.push({ account_id: "acc_other", type: "replay", data });
  world.control.push({ account_id: "acc_1", type: "replay", data });
  await vi.waitFor(() => expect(receiver.accepted.get(id)).toBe(2), WAIT);
  expect(receiver.bodies.get(id)).toBe(body);
  await vi.waitFor(() => expect(statuses()).toEqual(["delivered", "delivered"]), WAIT);
});

function hostOf(url: string): string {
  return new URL(url).host;
}

/** A whole deployment sends webhooks: events and messages of a conversation, to a real receiver. */
import { type Account, createAccount, join } from "@ams/client";
import { startReceiver } from "@ams/hooks/testing";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { findRedisBinary } from "../cluster/redis-server.ts";
import { startCluster } from "../cluster.ts";
import { type Standalone, startStandalone } from "../standalone.ts";

const WAIT = { timeout: 30_000, interval: 100 };
type Receiver = Awaited<ReturnType<typeof startReceiver>>;

let ams: Standalone;
let receiver: Receiver;
let account: Account;

beforeAll(async () => {
  receiver = await startReceiver("whsec_");
  ams = await startStandalone({
    AMS_HOOKS_SECRET: "a-secret-of-whoever-sends-webhooks-0",
    AMS_HOOKS_ALLOW: new URL(receiver.url).host,
  });
  account = await createAccount(ams.url);
});
afterAll(async () => {
  await ams?.stop();
  await receiver?.close();
});

async function ask(method: string, path: string, body?: object) {
  const response = await fetch(`${ams.url}${path}`, {
    method,
    headers: { authorization: `Bearer ${account.credential}` },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, json: JSON.parse((await response.text()) || "null") };
}

const bodies = () => [...receiver.bodies.values()].map((body) => JSON.parse(body));
const types = (): readonly string[] => bodies().map(({ type }) => type);
const sorted = (all: readonly string[]) => [...all].sort((a, b) => a.localeCompare(b));

test("§2.15.3, §2.15.9 who comes, what a turn said, who leaves: each once, signed, and in the log", async () => {
  const events = ["conversation.opened", "conversation.empty", "stream.joined", "stream.left"];
  const wanted = [...events, "conversation.closed", "message"];
  const made = await ask("POST", "/v1/account/webhooks", { url: receiver.url, types: wanted });
  expect(made.status).toBe(201);
  receiver.secret = made.json.secret;
  const conversation = await account.mint();
  const path = new URL(conversation.magicLink).pathname;
  const opted = await ask("POST", `/v1${path}/webhooks`, { messages: true });
  expect(opted).toEqual({ status: 200, json: { messages: true } });
  const reader = await join(conversation.magicLink, { streamName: "reader", guest: true });
  await reader.peer((peer) => peer.streamName.startsWith("hooks-"));
  const writer = await join(conversation.magicLink, { streamName: "writer", guest: true });
  for (const word of ["Hel", "lo, ", "w\u00f6rld"]) await writer.send(word);
  await writer.endTurn();
  await vi.waitFor(() => expect(types()).toContain("message"), WAIT);
  await writer.close();
  await reader.close();
  await vi.waitFor(() => expect(types()).toContain("conversation.empty"), WAIT);
  await ask("DELETE", `/v1${path}`);
  await vi.waitFor(() => expect(types()).toContain("conversation.closed"), WAIT);
  await vi.waitFor(() => expect(types()).toHaveLength(8), WAIT);
  expect(sorted(types())).toEqual(sorted([...wanted, "stream.joined", "stream.left"]));
  const message = bodies().find(({ type }) => type === "message");
  expect(message.data).toMatchObject({
    stream_name: "writer",
    text: "Hello, w\u00f6rld",
    truncated: false,
  });
  expect([...receiver.accepted.values()]).toEqual(Array(8).fill(1));
  expect(receiver.refused).toBe(0);
  const at = `/v1/account/webhooks/${made.json.webhook_id}/deliveries`;
  await vi.waitFor(async () => {
    const { json } = await ask("GET", at);
    expect(json.deliveries).toHaveLength(8);
    expect(new Set(json.deliveries.map((one: { status: string }) => one.status))).toEqual(
      new Set(["delivered"]),
    );
  }, WAIT);
  const [id = ""] = receiver.accepted.keys();
  expect((await ask("POST", `${at}/${id}/replay`)).status).toBe(202);
  await vi.waitFor(() => expect(receiver.accepted.get(id)).toBe(2), WAIT);
}, 120_000);

test.runIf(findRedisBinary() !== null)(
  "§2.15.5 two senders and two gateways over Redis: each event arrives, kept once in the queue",
  async () => {
    const other = await startReceiver("whsec_");
    const env = { AMS_HOOKS_ALLOW: new URL(other.url).host };
    const cluster = await startCluster({ gateways: 2, edges: { hooks: 2 }, env });
    const owner = await createAccount(cluster.url);
    const headers = { authorization: `Bearer ${owner.credential}` };
    const post = (path: string, body: object) =>
      fetch(`${cluster.url}${path}`, { method: "POST", headers, body: JSON.stringify(body) });
    const made = await post("/v1/account/webhooks", { url: other.url });
    other.secret = (await made.json()).secret;
    const conversation = await owner.mint();
    await post(`/v1${new URL(conversation.magicLink).pathname}/webhooks`, {});
    for (let round = 0; round < 5; round += 1) {
      const guests = await Promise.all(
        [0, 1, 2].map(() => join(conversation.magicLink, { guest: true })),
      );
      await Promise.all(guests.map((guest) => guest.close()));
    }
    const named = (type: string) =>
      [...other.bodies.values()].filter((body) => JSON.parse(body).type === type);
    await vi.waitFor(() => expect(named("stream.left")).toHaveLength(15), WAIT);
    await vi.waitFor(() => expect(named("stream.joined")).toHaveLength(15), WAIT);
    await vi.waitFor(() => expect(named("conversation.empty").length).toBeGreaterThan(0), WAIT);
    expect(other.refused).toBe(0);
    expect([...other.accepted.values()].filter((times) => times > 1)).toEqual([]);
    await cluster.stop();
    await other.close();
  },
  120_000,
);

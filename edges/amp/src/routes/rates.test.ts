// Rates that no setting changes: of other providers, of their recipients, of admin tokens.
import { createServer } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Agent, startWorld, type World } from "../testing/world.ts";

const TOKEN = "an-admin-token-of-some-length-000";
const MINUTE_MS = 60_000;

let a: World;
let b: World;
let alice: Agent;
let bob: Agent;
let nowMs = 1_800_000_000_000;

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
}

beforeAll(async () => {
  const [portA, portB] = [await freePort(), await freePort()];
  const now = () => nowMs;
  const env = (own: string, other: string, port: number) => ({
    AMS_AMP_DOMAIN: own,
    AMS_AMP_PEERS: `${other}=http://127.0.0.1:${port}`,
    AMS_AMP_ADMIN_TOKENS: TOKEN,
  });
  a = await startWorld({ port: portA, env: env("a.test", "b.test", portB), now });
  b = await startWorld({ port: portB, env: env("b.test", "a.test", portA), now });
  alice = await a.register("alice");
  bob = await b.register("bob");
});
afterAll(async () => {
  await a.stop();
  await b.stop();
});

/** A delivery that a.test signs; its body is none, so that nothing but the rate is met. */
async function deliver() {
  const raw = "{}";
  const headers = a.provider.peers.signedHeaders({ body: raw });
  return b.call("POST", "/federation/deliver", { raw, headers });
}

test("AMP 14: a provider delivers 100 times a minute, and reads when to come back", async () => {
  nowMs += MINUTE_MS;
  for (let sent = 0; sent < 100; sent += 1) expect((await deliver()).status).toBe(400);
  const over = await deliver();
  expect([over.status, over.body.error, over.body.accepted]).toEqual([429, "rate_limited", false]);
  expect(Number(over.headers.get("retry-after"))).toBeGreaterThan(0);
  // What is not signed by a provider is refused before it is counted.
  const forged = { ...a.provider.peers.signedHeaders({ body: "{}" }), "x-amp-signature": "AAAA" };
  const unsigned = await b.call("POST", "/federation/deliver", { raw: "{}", headers: forged });
  expect(unsigned.status).toBe(401);
  nowMs += MINUTE_MS;
  expect((await deliver()).status).toBe(400);
});

test("AMP 14: a recipient gets 20 a minute from other providers; the rest waits and arrives", async () => {
  nowMs += MINUTE_MS;
  for (let sent = 0; sent < 20; sent += 1)
    expect((await alice.send(bob.address)).body).toMatchObject({ basis: "peer_accepted" });
  expect((await alice.send(bob.address)).body).toMatchObject({ status: "queued", basis: "queued" });
  expect(await bob.pending()).toHaveLength(20);
  nowMs += MINUTE_MS;
  await expect.poll(async () => (await bob.pending()).length, { timeout: 20_000 }).toBe(21);
});

test("AMP 17: an admin token asks 60 times a minute", async () => {
  nowMs += MINUTE_MS;
  const ask = () => b.call("GET", "/admin/quarantine", { key: TOKEN });
  for (let asked = 0; asked < 60; asked += 1) expect((await ask()).status).toBe(200);
  const over = await ask();
  expect([over.status, over.body.error]).toEqual([429, "rate_limited"]);
  expect(over.headers.get("x-ratelimit-limit")).toBe("60");
  expect((await b.call("GET", "/admin/quarantine", { key: `${TOKEN}x` })).status).toBe(401);
});

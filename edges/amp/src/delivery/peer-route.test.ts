import { createServer } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Agent, newKey, signIn, startWorld, type World } from "../testing/world.ts";

let a: World;
let b: World;
let alice: Agent;
let bob: Agent;
let shiftMs = 0;
let startB: () => Promise<World>;

/** A port that is free, and stays so between the stop and the start of a provider. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
}

beforeAll(async () => {
  const [portA, portB] = [await freePort(), await freePort()];
  const now = () => Date.now() + shiftMs;
  const env = (own: string, other: string, port: number) => ({
    AMS_AMP_DOMAIN: own,
    AMS_AMP_PEERS: `${other}=http://127.0.0.1:${port}`,
  });
  a = await startWorld({ port: portA, env: env("a.test", "b.test", portB), now });
  startB = () => startWorld({ port: portB, env: env("b.test", "a.test", portA), now });
  b = await startB();
  alice = await a.register("alice");
  bob = await b.register("bob");
});
afterAll(async () => {
  await a.stop();
  await b.stop();
});

test("AMP 14: a message for another provider is signed by both, and external there", async () => {
  const sent = await alice.send(bob.address);
  expect(sent.body).toMatchObject({ status: "queued", method: "relay", basis: "peer_accepted" });
  const [got] = await bob.pending();
  expect(got).toMatchObject({
    id: sent.body.id,
    sender_public_key: alice.pem,
    local: { verified: true, security: { trust: "external" } },
  });
  const socket = await signIn(bob);
  await socket.next();
  const live = await alice.send(bob.address);
  expect(live.body).toMatchObject({ status: "delivered", method: "websocket" });
  socket.socket.close();
  const found = await alice.call("GET", `/agents/resolve/${bob.address}`);
  expect(found.body).toMatchObject({ address: bob.address, public_key: bob.pem });
});

test("AMP 14: refusals of the other provider are reported at once", async () => {
  expect((await alice.send("nobody@acme.b.test")).body.error).toBe("not_found");
  expect((await alice.send("x@y.c.test")).body.error).toBe("external_provider");
  expect((await alice.send(bob.address, { signature: null })).body.error).toBe("signature_missing");
  const communication_policy = { mode: "restricted", allow: [] };
  await bob.call("PATCH", "/agents/me", { body: { communication_policy } });
  const refused = await alice.send(bob.address);
  expect(refused.body).toMatchObject({
    error: "external_provider",
    details: { error: "forbidden" },
  });
  await bob.call("PATCH", "/agents/me", { body: { communication_policy: null } });
});

test("AMP 13: a rotated key is taken from its home; an unknown one is a mismatch", async () => {
  const { signText } = await import("@ams/amp");
  const next = newKey();
  const body = {
    new_public_key: next.pem,
    key_algorithm: "Ed25519",
    proof: signText(alice.key, next.pem),
  };
  expect((await alice.call("POST", "/auth/rotate-keys", { body })).status).toBe(200);
  const { agentOf } = await import("../testing/world.ts");
  const rotated = agentOf(a.endpoint, next, { ...alice.body });
  expect((await rotated.send(bob.address)).body.basis).toBe("peer_accepted");
  expect((await bob.pending()).at(-1)).toMatchObject({ sender_public_key: next.pem });
  alice = rotated;
});

test("AMP 14: messages for a provider that is down wait, arrive once, or fail when they expire", async () => {
  await b.stop();
  const socket = await signIn(alice);
  const sent = await alice.send(bob.address);
  expect(sent.body).toMatchObject({ status: "queued", basis: "queued" });
  b = await startB();
  bob = await b.register("bob");
  shiftMs += 31_000;
  await expect.poll(async () => (await bob.pending()).length, { timeout: 15_000 }).toBe(1);
  expect((await bob.pending())[0]).toMatchObject({ id: sent.body.id });
  await b.stop();
  const expires_at = new Date(Date.now() + shiftMs + 20_000).toISOString();
  const late = await alice.send(bob.address, { more: { expires_at } });
  shiftMs += 31_000;
  expect(await socket.next()).toMatchObject({
    type: "message.failed",
    data: { id: late.body.id, to: bob.address, error: "expired" },
  });
  socket.socket.close();
  b = await startB();
});

// Two providers with different domains, each with two processes: messages both ways.
import { generateKeyPairSync } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type AmpClient, readJson, signMessage, signText, timedBody } from "@ams/amp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { freePort } from "../cluster/free-port.ts";
import { findRedisBinary } from "../cluster/redis-server.ts";
import { listen, newAgent } from "./agents.ts";
import { type AmpWorld, startAmpWorld, type TestProvider } from "./processes.ts";

describe.skipIf(findRedisBinary() === null)("two providers", () => {
  let world: AmpWorld;
  let a: TestProvider;
  let b: TestProvider;
  let alice: AmpClient;
  let bob: AmpClient;
  const { privateKey: providerKey } = generateKeyPairSync("ed25519");
  beforeAll(async () => {
    world = await startAmpWorld();
    const [portA, portB] = [await freePort(), await freePort()];
    const keyFile = join(world.folder, "a.pem");
    writeFileSync(keyFile, providerKey.export({ type: "pkcs8", format: "pem" }));
    const peers = (domain: string, port: number) => ({
      AMS_AMP_PEERS: `${domain}=http://127.0.0.1:${port}`,
    });
    const envA = { ...peers("b.test", portB), AMS_AMP_PROVIDER_KEY_FILE: keyFile };
    a = await world.start({ domain: "a.test", processes: 2, db: 1, env: envA }, portA);
    b = await world.start(
      { domain: "b.test", processes: 2, db: 2, env: peers("a.test", portA) },
      portB,
    );
    alice = await newAgent(a.endpoint, "alice");
    bob = await newAgent(b.endpoint, "bob");
  });
  afterAll(() => world.stop());

  const draft = (over: object = {}, payload = '{"type":"a","message":"b"}') => {
    const envelope = {
      version: "amp/0.1",
      id: `msg_${Math.floor(Date.now() / 1_000)}_${Math.random().toString(16).slice(2)}`,
      from: alice.identity.address,
      to: bob.identity.address,
      subject: "Hi",
      priority: "normal",
      timestamp: new Date().toISOString(),
      in_reply_to: null,
      ...over,
    };
    const read = readJson(payload);
    if (!read.ok) throw new Error(read.fault);
    const signature = signMessage(alice.identity.key, envelope, read.json.root);
    return { envelope: { ...envelope, signature }, payload: JSON.parse(payload) };
  };
  const pem = async () => String((await bob.resolve(alice.identity.address)).public_key);
  const post = async (body: object, at = Math.floor(Date.now() / 1_000), headers: object = {}) => {
    const text = JSON.stringify(body);
    const response = await fetch(`${b.endpoint}/federation/deliver`, {
      method: "POST",
      body: text,
      headers: {
        "X-AMP-Provider": "a.test",
        "X-AMP-Timestamp": String(at),
        "X-AMP-Signature": signText(providerKey, timedBody(String(at), text)),
        ...headers,
      },
    });
    const answer: Record<string, unknown> = JSON.parse(await response.text());
    return { status: response.status, body: answer };
  };

  test("AMP 14: messages go both ways, signed end to end, and a socket makes them delivered", async () => {
    const there = await alice.send({ to: bob.identity.address, subject: "Hi", message: "hello" });
    expect(there).toMatchObject({ status: "queued", basis: "peer_accepted" });
    const [got] = (await bob.inbox(10)).messages;
    expect(got).toMatchObject({ id: there.id, from: alice.identity.address, trust: "external" });
    expect(got?.shown).toContain('<external-content source="agent"');
    const socket = await listen(alice);
    const back = await bob.send({
      to: alice.identity.address,
      subject: "Re: Hi",
      message: "hi",
      in_reply_to: String(there.id),
    });
    expect(back.basis).toBe("peer_accepted");
    await expect.poll(() => socket.ids).toEqual([back.id]);
    const [reply] = (await alice.inbox(10)).messages;
    expect(reply).toMatchObject({ thread_id: there.id });
    await expect(
      alice.send({ to: "nobody@acme.b.test", subject: "a", message: "b" }),
    ).rejects.toMatchObject({ code: "not_found" });
    socket.close();
  });

  test("AMP 14: replays, forged keys, skewed clocks and strangers are refused, in order", async () => {
    const sender_public_key = await pem();
    const body = { ...draft(), sender_public_key };
    expect(await post(body)).toMatchObject({ status: 200, body: { accepted: true } });
    expect(await post(body)).toMatchObject({ status: 409, body: { error: "duplicate_message" } });
    const now = Math.floor(Date.now() / 1_000);
    const error = async (...args: Parameters<typeof post>) => {
      const { status, body: answer } = await post(...args);
      expect(answer.accepted).toBe(false);
      return [status, answer.error];
    };
    const fresh = () => ({ ...draft(), sender_public_key });
    expect(await error(fresh(), now - 301)).toEqual([400, "timestamp_expired"]);
    expect(await error(fresh(), now + 62)).toEqual([400, "timestamp_future"]);
    const signature = { "X-AMP-Signature": "AAAA" };
    expect(await error(fresh(), now, signature)).toEqual([401, "unauthorized"]);
    const stranger = { "X-AMP-Provider": "c.test" };
    expect(await error(fresh(), now, stranger)).toEqual([403, "provider_not_trusted"]);
    const forged = generateKeyPairSync("ed25519").publicKey;
    const other = forged.export({ type: "spki", format: "pem" }).toString();
    expect(await error({ ...fresh(), sender_public_key: other })).toEqual([
      403,
      "signature_invalid",
    ]);
    const old = draft({ timestamp: new Date(Date.now() - 8 * 86_400_000).toISOString() });
    expect(await error({ ...old, sender_public_key })).toEqual([400, "timestamp_expired"]);
    const ahead = draft({ timestamp: new Date(Date.now() + 120_000).toISOString() });
    expect(await error({ ...ahead, sender_public_key })).toEqual([400, "timestamp_future"]);
    const wrongHome = { ...draft({ from: "x@y.b.test" }), sender_public_key };
    expect(await error(wrongHome)).toEqual([403, "forbidden"]);
    const nobody = { ...draft({ to: "no@acme.b.test" }), sender_public_key };
    expect(await error(nobody)).toEqual([404, "recipient_not_found"]);
    const unsigned = { ...fresh(), envelope: { ...draft().envelope, signature: null } };
    expect(await error(unsigned)).toEqual([422, "signature_missing"]);
  });

  // It waits for the retry after 30 s: `npm run test:long -- amp`. With a clock that is set, the
  // provider's own tests do the same.
  if (process.env.AMS_AMP_DOWN === "1")
    test("AMP 14: a provider that is down gets its messages when it is back", async () => {
      await Promise.all(b.processes.map((one) => one.kill("SIGKILL")));
      const sent = await alice.send({
        to: bob.identity.address,
        subject: "Later",
        message: "wait",
      });
      expect(sent).toMatchObject({ status: "queued", method: "relay", basis: "queued" });
      await Promise.all(b.processes.map((one) => one.restart()));
      const arrived = async () => (await bob.inbox(100)).messages.some(({ id }) => id === sent.id);
      await expect.poll(arrived, { timeout: 50_000, interval: 1_000 }).toBe(true);
    }, 90_000);
});

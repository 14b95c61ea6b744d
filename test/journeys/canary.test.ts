/**
 * Secrets are planted by every way in and searched for wherever they must not be (§8.1, §8.2).
 */
import { randomBytes } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join as joinPath } from "node:path";
import { Redis } from "ioredis";
import { expect, test } from "vitest";
import type { Cluster } from "../cluster.ts";
import {
  createAccount,
  http,
  mint,
  renewLink,
  tokenOf,
  tryMint,
  until,
} from "../conformance/driver.ts";
import { base64, dial, join, type Subscriber } from "../conformance/subscriber.ts";
import { inCluster, metricsOf, onRedis, readiness } from "./journey.ts";

/** An address that no test has by itself (RFC 5737). */
const ADDRESS = "203.0.113.77";

/** What is said to nobody but readers: no log, metric, error or key may hold it. By what it is. */
const secrets = new Map<string, string>();

/** What the store keeps by design, but no log, metric or error may hold. */
const values = new Map<string, string>();

/** Keeps what a refused request was answered. */
type Keep = (answer: ReturnType<typeof http>) => Promise<void>;

/** A text that nothing else contains. */
function plant(into: Map<string, string>, what: string): string {
  const text = `canary${randomBytes(12).toString("hex")}`;
  into.set(what, text);
  return text;
}

/** A secret of this form, as if somebody used it in a wrong place. */
function wrong(what: string, prefix: string): string {
  const text = prefix + randomBytes(32).toString("base64url");
  secrets.set(what, text);
  return text;
}

onRedis("two gateways, control and Redis", () => {
  const env = { AMS_LOG_LEVEL: "debug", AMS_ACCOUNTS_PER_MINUTE: "1000" };
  const cluster = inCluster({ gateways: 2, env });

  test("§8.1 §8.2 no secret is in any log line, metric, error or key, whatever goes wrong", async () => {
    const errors: string[] = [];
    const keep: Keep = async (answer) => {
      const { status, text, headers } = await answer;
      expect(status).toBeGreaterThanOrEqual(400);
      errors.push(`${status} ${text} ${JSON.stringify([...headers])}`);
    };
    const { minted, owner, sockets } = await useEverything();
    await provokeOverHttp(cluster(), keep, { minted, owner });
    errors.push(...(await provokeOverSockets({ minted, owner })));
    const metrics = [await allMetrics(cluster())];
    await loseRedis(cluster(), keep, sockets);
    metrics.push(await allMetrics(cluster()));

    const store = await dump(cluster().redisUrl);
    const written = await filesOf(joinPath(cluster().folder, "redis"));
    await http("DELETE", minted.path, { bearer: owner.credential });
    await http("DELETE", "/v1/account", { bearer: owner.credential });
    await cluster().gateways[0]?.stop();
    const logs = await cluster().logs();

    expect(new Set(Object.keys(logs))).toEqual(
      new Set(["control", "gateway-1", "gateway-2", "redis"]),
    );
    expect(logs["gateway-1"], "there is something to search").toMatch(/directory_lost|bus_lost/);
    expect(store.length).toBeGreaterThan(10);
    expect(errors.length).toBeGreaterThan(20);
    expect(secrets.size).toBeGreaterThan(10);
    const said = { ...logs, metrics: metrics.join("\n"), errors: errors.join("\n") };
    expect(finds({ ...said }, [...secrets, ...values])).toEqual([]);
    expect(finds({ store: store.join("\n"), written }, [...secrets])).toEqual([]);
    expect(written, "the search would find it").toContain(values.get("conversation metadata"));
  });
});

/** Which of the planted texts is in which of these. */
function finds(
  places: Readonly<Record<string, string>>,
  planted: readonly (readonly [string, string])[],
): string[] {
  return Object.entries(places).flatMap(([place, text]) =>
    planted.filter(([, secret]) => text.includes(secret)).map(([what]) => `${what} in ${place}`),
  );
}

/** Accounts, a conversation, links and streams, with a secret in everything that may hold one. */
async function useEverything() {
  const owner = await createAccount();
  secrets.set("credential", owner.credential);
  const rotated = await http("POST", "/v1/account/credential", {
    bearer: owner.credential,
    body: { grace_s: 600 },
  });
  secrets.set("rotated credential", /ams_sk_[\w-]+/.exec(rotated.text)?.[0] ?? expect.fail());
  secrets.set("address", ADDRESS);
  const first = await mint(owner, {
    metadata: { title: plant(values, "conversation metadata") },
    stream_metadata: { role: plant(values, "stream metadata at the mint") },
  });
  secrets.set("first link", first.magic_link);
  secrets.set("first link token", first.t);
  const minted = await renewLink(owner, first, { keep_connected: true });
  secrets.set("link", minted.magic_link);
  secrets.set("link token", minted.t);
  const bearer = owner.credential;
  const limited = await http("POST", `${minted.path}/links`, { bearer, body: { read_only: true } });
  secrets.set("limited link token", /[?]t=([\w-]{43})/.exec(limited.text)?.[1] ?? expect.fail());
  const wish = { name: "canary", scopes: ["join"] };
  const key = await http("POST", "/v1/account/keys", { bearer, body: wish });
  secrets.set("key", /ams_sk_[\w-]+/.exec(key.text)?.[0] ?? expect.fail());
  const canonical = await mint(owner, {
    id_kind: "jcs-sha256",
    canonical_input: { ticket: plant(secrets, "canonical input") },
  });
  secrets.set("canonical link token", tokenOf(canonical.magic_link));
  const headers = {
    "x-ams-stream-metadata": base64({ mood: plant(values, "stream metadata") }),
    "x-forwarded-for": ADDRESS,
  };
  const ann = await join(minted, { as: owner, name: "ann", headers, at: 0 });
  const bob = await join(minted, {
    protocols: ["ams.v1", `ams.bearer.${owner.credential}`],
    query: { stream_name: "bob" },
    at: 1,
  });
  const data = plant(secrets, "token");
  ann.say(data);
  await bob.token(data);
  ann.send({ type: "set_metadata", metadata: { mood: plant(values, "metadata that was set") } });
  await bob.next("stream_metadata");
  return { owner, minted, sockets: [ann, bob] };
}

type Used = Pick<Awaited<ReturnType<typeof useEverything>>, "owner" | "minted">;

/** Refusals of the control plane, each of which is shown a secret. */
async function provokeOverHttp(
  { control }: Cluster,
  keep: Keep,
  { minted, owner }: Used,
): Promise<void> {
  const bearer = owner.credential;
  const mints = `/v1/${owner.namespace}/conversations`;
  const stranger = wrong("wrong credential", "ams_sk_");
  const link = wrong("wrong link token", "");
  await keep(http("GET", "/v1/account", { bearer: stranger }));
  await keep(http("POST", "/v1/no-such-namespace/conversations", { bearer }));
  await keep(http("GET", `${minted.path}?t=${link}`));
  await keep(http("GET", `${mints}/no-such-alias?t=${minted.t}`));
  await keep(http("GET", `/no/such/path?t=${minted.t}`, { bearer }));
  await keep(http("PUT", `${minted.path}?t=${minted.t}`, { bearer }));
  const text = plant(secrets, "text of a broken body");
  await keep(http("POST", mints, { bearer, raw: `{"metadata": "${text}` }));
  await keep(http("POST", mints, { bearer, raw: text.repeat(36_000) }));
  const wishes = {
    alias: `${plant(secrets, "bad alias")}!`,
    stream_name: `${plant(secrets, "bad stream name")}!`,
    metadata: plant(secrets, "bad metadata"),
    stream_metadata: [plant(secrets, "bad stream metadata")],
    expires_in_s: plant(secrets, "bad expiry"),
    max_joins: plant(secrets, "bad max_joins"),
    replay: { ttl_s: plant(secrets, "bad replay") },
    id_kind: plant(secrets, "bad id kind"),
    canonical_input: plant(secrets, "canonical input out of place"),
  };
  for (const [member, value] of Object.entries(wishes)) {
    await keep(tryMint(owner, { [member]: value }));
  }
  await keep(http("GET", `${mints}?cursor=${plant(secrets, "bad cursor")}`, { bearer }));
  // Past the entry, which would put its own address there.
  const answer = await fetch(`${control.url}/v1/accounts`, {
    method: "POST",
    headers: { "x-forwarded-for": ADDRESS, "content-type": "application/json" },
    body: JSON.stringify({ namespace: "addressed" }),
  });
  expect(answer.status).toBe(201);
  secrets.set("addressed credential", /ams_sk_[\w-]+/.exec(await answer.text())?.[0] ?? "");
}

/**
 * Refused connects and faulty frames, each of which is shown a secret; returns the refusals.
 */
async function provokeOverSockets({ minted, owner }: Used): Promise<string[]> {
  const as = owner;
  const bad = (header: string, what: string) => ({
    as,
    headers: { [header]: plant(secrets, what) },
  });
  const refused = [
    dial(minted, { as: { ...owner, credential: wrong("refused credential", "ams_sk_") } }),
    dial({ magic_link: minted.magic_link.replace(minted.t, wrong("refused link", "")) }, { as }),
    dial(minted, { as, name: `${plant(secrets, "refused name")}!` }),
    dial(minted, bad("x-ams-stream-metadata", "refused stream metadata")),
    dial(minted, bad("x-ams-peer-identity", "refused identity")),
    dial(minted, bad("x-ams-subscribe-streams", "refused selection")),
  ];
  const said = [
    `{"type":"token","data":"${plant(secrets, "broken token")}`,
    JSON.stringify({ type: plant(secrets, "unknown frame type") }),
    JSON.stringify({ type: "token", data: { no: plant(secrets, "token that is no string") } }),
    JSON.stringify({ type: "set_metadata", metadata: plant(secrets, "metadata, no object") }),
    JSON.stringify({ type: "token", data: plant(secrets, "long token").repeat(3_000) }),
  ];
  const faulty = await Promise.all(said.map((_, n) => join(minted, { as, name: `faulty-${n}` })));
  for (const [index, one] of faulty.entries()) one.send(said[index] ?? "");
  const ends = await Promise.all([...refused, ...faulty].map((one) => one.ended()));
  for (const { code } of ends) expect(code).toBeGreaterThanOrEqual(4000);
  return ends.map(({ code, reason }) => `${code} ${reason}`);
}

/** Redis goes while everything is in use: each command that fails then carries a secret. */
async function loseRedis(
  cluster: Cluster,
  keep: Keep,
  [ann, bob]: readonly Subscriber[],
): Promise<void> {
  await cluster.redis?.kill();
  ann?.say(plant(secrets, "token without Redis"));
  const metadata = { mood: plant(values, "metadata without Redis") };
  ann?.send({ type: "set_metadata", metadata });
  await ann?.drained();
  bob?.leave();
  const namespace = `x${randomBytes(5).toString("hex")}`;
  await keep(http("POST", "/v1/accounts", { body: { namespace } }));
  for (const member of [...cluster.gateways, cluster.control]) {
    await until(
      () => readiness(member),
      (status) => status === 503,
    );
  }
  await cluster.redis?.restart();
  for (const member of [...cluster.gateways, cluster.control]) {
    await until(
      () => readiness(member),
      (status) => status === 200,
    );
  }
}

async function allMetrics({ gateways, control }: Cluster): Promise<string> {
  return (await Promise.all([...gateways, control].map(metricsOf))).join("\n");
}

/** Every key with all that it holds. */
async function dump(url: string): Promise<string[]> {
  const redis = new Redis(url);
  try {
    const keys: string[] = [];
    for await (const batch of redis.scanStream({ count: 1_000 })) keys.push(...batch);
    const held = async (key: string) => `${key} ${JSON.stringify(await heldBy(redis, key))}`;
    return await Promise.all(keys.map(held));
  } finally {
    redis.disconnect();
  }
}

async function heldBy(redis: Redis, key: string): Promise<unknown> {
  const type = await redis.type(key);
  switch (type) {
    case "string":
      return redis.get(key);
    case "hash":
      return redis.hgetall(key);
    case "set":
      return redis.smembers(key);
    case "zset":
      return redis.zrange(key, 0, -1, "WITHSCORES");
    case "list":
      return redis.lrange(key, 0, -1);
    case "stream":
      return redis.xrange(key, "-", "+");
    case "none":
      return null; // It has ended meanwhile.
    default:
      throw new Error(`${key} is of type ${type}, which this test can't read`);
  }
}

/** All that Redis has written to its files since it began. */
async function filesOf(folder: string): Promise<string> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const texts = files.map(({ parentPath, name }) => readFile(joinPath(parentPath, name), "latin1"));
  return (await Promise.all(texts)).join("\n");
}

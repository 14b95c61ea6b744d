/**
 * The directory on Redis: the contract on a private server, what only Redis can show, and one pass
 * over a Cluster.
 */

import { connectRedis, openSubscriber, type RedisConnection, whenReady } from "@ams/store";
import { findRedisBinary, type RedisServer, startRedisServer } from "@ams/store/testing";
import type { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { partitionOf } from "../channels.ts";
import {
  faultOf,
  fresh,
  name,
  newAccount,
  newClaim,
  newConversation,
  slotOf,
  value,
  whereOf,
} from "../contract/world.ts";
import { directoryContract } from "../directory.contract.ts";
import { DirectoryUnavailable } from "../directory.ts";
import { hash, newCredential, newLinkToken } from "../secrets.ts";
import { PENDING_ACCOUNT_S } from "./keys.ts";
import { openRedisDirectory } from "./redis-directory.ts";
import { connect, dump, KEYS, openWorld, populateAt, READY_MS } from "./redis-world.ts";

describe.runIf(findRedisBinary() !== null)("on a private redis-server", () => {
  directoryContract("redis", openWorld);

  test("§2.7 a gateway that missed the end of links is notified again where it asks for what it missed", async () => {
    const world = await openWorld();
    const { directory } = world;
    const account = value(await directory.createAccount(newAccount(), fresh("hash")));
    const conversation = newConversation(account);
    value(await directory.mint({ conversation, linkHash: fresh("link") }));
    value(await directory.replaceLinks(conversation, fresh("link"), false));
    value(await directory.replaceLinks(conversation, fresh("link"), true));
    await directory.snapshot(whereOf(conversation), { mark: "plain", tails: false });
    await directory.snapshot(whereOf(conversation), { mark: "missed", tails: true });
    const heard = (await world.heard()).map(({ event }) => event);
    const revoked = { kind: "links_revoked", up_to: 1 };
    expect(heard).toEqual([
      revoked,
      { kind: "mark", mark: "plain", tails: false },
      revoked,
      { kind: "mark", mark: "missed", tails: true },
    ]);
    await world.close();
  });

  test("§2.7.7 links that were revoked alone are announced again too, until all are replaced", async () => {
    const world = await openWorld();
    const { directory } = world;
    const account = value(await directory.createAccount(newAccount(), fresh("hash")));
    const conversation = newConversation(account);
    value(await directory.mint({ conversation, linkHash: fresh("link") }));
    const created_at = conversation.created_at;
    const terms = { name: null, read_only: false, stream_name: null, max_joins: null };
    for (const hash of ["0b", "0c"]) {
      value(
        await directory.createLink(conversation, hash, {
          ...terms,
          expires_at_ms: null,
          created_at,
        }),
      );
    }
    for (const number of [2, 3]) value(await directory.revokeLink(conversation, number));
    await directory.snapshot(whereOf(conversation), { mark: "missed", tails: true });
    value(await directory.replaceLinks(conversation, fresh("link"), false));
    await directory.snapshot(whereOf(conversation), { mark: "later", tails: true });
    const heard = (await world.heard()).map(({ event }) => event);
    expect(heard).toEqual([
      { kind: "link_revoked", links: [2] },
      { kind: "link_revoked", links: [3] },
      { kind: "link_revoked", links: [3, 2] },
      { kind: "mark", mark: "missed", tails: true },
      { kind: "links_revoked", up_to: 3 },
      { kind: "links_revoked", up_to: 3 },
      { kind: "mark", mark: "later", tails: true },
    ]);
    await world.close();
  });

  describe("what only Redis shows", () => {
    let server: RedisServer;
    let client: Redis;
    beforeAll(async () => {
      server = await startRedisServer();
      client = await connect(server.url, "command");
    });
    afterAll(async () => {
      client.disconnect();
      await server.kill();
    });

    const open = () => openRedisDirectory({ commands: client, sharded: false });
    const populate = (credentialHash?: string, linkHash?: string) =>
      populateAt(open(), credentialHash, linkHash);

    test("every key carries the hash tag of a partition, and none but the departed has an expiry", async () => {
      const { directory, claim } = await populate();
      await directory.leave(claim.where, claim, { n: 1, ts: claim.joined_at });
      const keys = await client.keys("*");
      expect(keys.filter((key) => !/^ams:[a-z]+:\{p\d{1,3}\}/.test(key))).toEqual([]);
      const ttls = await Promise.all(keys.map((key) => client.ttl(key)));
      const expiring = keys.filter((_, index) => (ttls[index] ?? -1) >= 0);
      expect(expiring.every((key) => key.endsWith(":departed"))).toBe(true);
    });

    test("§8.2 no credential and no link token is in any key or value", async () => {
      const [credential, token] = [newCredential(), newLinkToken()];
      const pepper = "p".repeat(32);
      await populate(hash(pepper, credential), hash(pepper, token));
      const all = (await dump(client)).join("\n");
      expect(all).toContain(hash(pepper, credential));
      expect(all).toContain(hash(pepper, token));
      const secret = credential.slice("ams_sk_".length);
      for (const canary of [credential, secret, token, pepper]) {
        for (const form of ["utf8", "hex", "base64"] as const) {
          expect(all).not.toContain(Buffer.from(canary).toString(form));
        }
      }
    });

    test("§5.6.1 what a sweeper began and didn't end another one ends", async () => {
      await open().sweep();
      const { directory, claim } = await populate();
      await client.zrem(KEYS.gateways, claim.gateway);
      await client.zadd(KEYS.sweeping, Date.now() - 4_000, claim.gateway);
      expect(await directory.sweep()).toBe(0);
      await client.zadd(KEYS.sweeping, Date.now() - 6_000, claim.gateway);
      expect(await directory.sweep()).toBe(1);
      expect(await client.zscore(KEYS.sweeping, claim.gateway)).toBeNull();
      expect(await client.keys(`ams:held:*:${claim.gateway}`)).toEqual([]);
    });

    test("a gateway that ends its lease leaves nothing, whatever it forgot", async () => {
      const { directory, claim } = await populate();
      await directory.heartbeat(claim.gateway, 600_000);
      await directory.endLease(claim.gateway);
      expect(await directory.sweep()).toBe(1);
      expect((await dump(client)).filter((line) => line.includes(claim.gateway))).toEqual([]);
    });

    test("what a displaced gateway held is forgotten there at once", async () => {
      const { directory, account, claim } = await populate();
      value(await directory.claim(newClaim(claim.where, account, { gateway: fresh("next") })));
      const { namespace, alias } = claim.where.address;
      const key = KEYS.held(partitionOf(`${namespace}/${alias}`), claim.gateway);
      const held = await client.smembers(key);
      expect(held.filter((member) => member.includes('"kind":"stream"'))).toEqual([]);
    });

    test("§4.6.1 an epoch that a failover forgot is not given out again a second later", async () => {
      const { directory, account, claim } = await populate();
      const [record = ""] = (await client.keys("ams:conversation:*")).filter((key) =>
        key.endsWith(`/${claim.where.address.alias}`),
      );
      const pass = async (ms: number) => {
        const zero = Number(await client.hget(record, "epoch_zero_ms"));
        await client.hset(record, "epoch_zero_ms", zero - ms);
      };
      await pass(60_000);
      const { entry } = value(await directory.claim(newClaim(claim.where, account)));
      await client.hset(record, "claims", 0);
      await pass(1_000);
      const again = newClaim(claim.where, account, { stream_name: name("again") });
      expect(value(await directory.claim(again)).entry.epoch).toBeGreaterThan(entry.epoch);
    });

    test("§5.9 departed streams are remembered two thousand at most; one that is forgotten can't be claimed again", async () => {
      const { directory, account, claim } = await populate();
      const first = newClaim(claim.where, account, { stream_name: name("first") });
      const { entry } = value(await directory.claim(first));
      await directory.leave(claim.where, first, { n: 0, ts: first.joined_at });
      const steps = Array.from({ length: 2_000 }, (_, left) => {
        const one = newClaim(claim.where, account, { stream_name: name(`s${left}`) });
        const last = { n: 0, ts: one.joined_at };
        return [directory.claim(one), directory.leave(claim.where, one, last)];
      });
      await Promise.all(steps.flat());
      const [key = ""] = (await client.keys("*:departed")).filter((departed) =>
        departed.includes(claim.where.address.alias),
      );
      expect(await client.hlen(key)).toBe(1_000);
      expect(faultOf(await directory.reclaim(claim.where, entry))).toBe("claim_forgotten");
    });

    test("a list entry whose record is gone is passed over, and taken out once it is old", async () => {
      const { directory, account } = await populate();
      const key = `ams:namespace:{p${partitionOf(account.namespace)}}:${account.namespace}:conversations`;
      const orphan = newConversation(account);
      const listing = `${orphan.created_at} ${orphan.conversation_id} ${orphan.alias}`;
      await client.zadd(key, 0, listing);
      const page = value(
        await directory.listConversations(account.namespace, { cursor: null, limit: 1 }),
      );
      expect(page.conversations).toHaveLength(1);
      expect(page.next_cursor).toBeNull();
      expect(await client.zscore(key, listing)).toBeNull();
    });

    test("scripts that the server has forgotten are sent again", async () => {
      const { directory, claim } = await populate();
      await client.script("FLUSH");
      expect(await directory.roster(claim.where)).toHaveLength(1);
    });
  });

  test("§5.9 while Redis is away every method rejects at once as unavailable, and works again when it is back", async () => {
    const server = await startRedisServer();
    const client = await connect(server.url, "command");
    const directory = openRedisDirectory({ commands: client, sharded: false });
    const account = newAccount();
    const conversation = newConversation(account);
    const claim = newClaim(whereOf(conversation), account);
    value(await directory.createAccount(account, "hash"));
    await server.kill();
    const attempts = [
      () => directory.createAccount(newAccount(), "h"),
      () => directory.account(account.account_id),
      () => directory.accountByCredential(["hash"]),
      () => directory.mint({ conversation, linkHash: "l" }),
      () => directory.admission(conversation),
      () => directory.reserve(slotOf(claim), { credential: "hash", slotsMax: 1 }),
      () => directory.claim(claim),
      () => directory.leave(claim.where, claim, { n: 1, ts: claim.joined_at }),
      () => directory.heartbeat(claim.gateway, 1_000),
      () => directory.sweep(),
      () => directory.ping(),
    ];
    for (const attempt of attempts)
      await expect(attempt()).rejects.toBeInstanceOf(DirectoryUnavailable);
    const back = await startRedisServer({ port: server.port });
    await whenReady({ kind: "single", client }, READY_MS);
    value(await directory.createAccount(account, "hash"));
    client.disconnect();
    await back.kill();
  });

  test("an error says what failed and repeats nothing that was sent", async () => {
    const server = await startRedisServer({ args: ["--rename-command", "EVAL", ""] });
    const client = await connect(server.url, "command");
    const directory = openRedisDirectory({ commands: client, sharded: false });
    const failed = directory.createAccount(newAccount(), "secret-hash");
    await expect(failed).rejects.toThrow(/^Redis did not do amsWriteAccount: ERR$/);
    client.disconnect();
    await server.kill();
  });

  test("a creation that ends half-way leaves nothing that doesn't end by itself", async () => {
    const server = await startRedisServer({ args: ["--rename-command", "PERSIST", ""] });
    const client = await connect(server.url, "command");
    const directory = openRedisDirectory({ commands: client, sharded: false });
    const failed = directory.createAccount(newAccount(), "hash");
    await expect(failed).rejects.toBeInstanceOf(DirectoryUnavailable);
    const keys = await client.keys("*");
    expect(keys).toHaveLength(4);
    for (const key of keys) {
      const ttl = await client.ttl(key);
      expect(ttl).toBeGreaterThan(0);
      expect(ttl).toBeLessThanOrEqual(PENDING_ACCOUNT_S);
    }
    client.disconnect();
    await server.kill();
  });

  test("a user, password and database are used; a wrong password is unavailable, and in no error", async () => {
    const user = ["--user", "ams", "on", ">s3cret/@", "~*", "&*", "+@all"];
    const server = await startRedisServer({ args: user });
    const at = `127.0.0.1:${server.port}/3`;
    const right = value(connectRedis(`redis://ams:s3cret%2F%40@${at}`, "command"));
    await whenReady(right, READY_MS);
    const directory = openRedisDirectory({ commands: right.client, sharded: false });
    value(await directory.createAccount(newAccount(), "hash"));
    expect(await right.client.info("keyspace")).toContain("db3:");
    const wrong = value(connectRedis(`redis://ams:wr0ng@${at}`, "command"));
    const refused = new Promise<Error>((resolve) => wrong.client.once("error", resolve));
    expect(`${await refused}`).not.toContain("wr0ng");
    const stranger = openRedisDirectory({ commands: wrong.client, sharded: false });
    const failure: unknown = await stranger.ping().catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(DirectoryUnavailable);
    expect(`${failure}`).not.toContain("wr0ng");
    disconnect(wrong);
    disconnect(right);
    await server.kill();
  });
});

function disconnect(connection: RedisConnection): void {
  connection.client.disconnect();
}

describe.runIf(findRedisBinary() !== null)("on a Redis Cluster of 6 nodes", () => {
  test("streams are claimed in every slot and announced by sharded pub/sub", async () => {
    const { startRedisCluster } = await import("@ams/store/testing");
    const cluster = await startRedisCluster();
    const commands = value(connectRedis(cluster.url, "command"));
    const ears = value(connectRedis(cluster.url, "subscriber"));
    await Promise.all([whenReady(commands, READY_MS), whenReady(ears, READY_MS)]);
    const directory = openRedisDirectory({ commands: commands.client, sharded: true });
    const account = value(await directory.createAccount(newAccount(), "hash"));
    const heard = new Map<string, string[]>();
    const subscriber = openSubscriber(ears, {
      payload: (channel, event) => {
        const { kind } = JSON.parse(event.toString());
        heard.set(channel, [...(heard.get(channel) ?? []), kind]);
      },
      lost: () => undefined,
      again: () => undefined,
    });
    const channels: string[] = [];
    for (let made = 0; made < 12; made += 1) {
      const conversation = newConversation(account);
      value(await directory.mint({ conversation, linkHash: "x" }));
      const channel = KEYS.channels.conversation(whereOf(conversation));
      channels.push(channel);
      await subscriber.subscribe(channel);
      const claim = newClaim(whereOf(conversation), account, { gateway: "dead" });
      if (made === 0) await directory.heartbeat("dead", 600_000);
      value(await directory.reserve(slotOf(claim), { credential: "hash", slotsMax: 100 }));
      value(await directory.claim(claim));
      await directory.snapshot(claim.where, { mark: "m", tails: false });
    }
    await directory.heartbeat("dead", 0);
    expect(await directory.sweep()).toBe(12);
    await expect
      .poll(() => channels.map((channel) => heard.get(channel)))
      .toEqual(channels.map(() => ["claimed", "mark", "left"]));
    const page = value(
      await directory.listConversations(account.namespace, { cursor: null, limit: 20 }),
    );
    expect(page.conversations).toHaveLength(12);
    await directory.deleteAccount(account.account_id);
    await expect
      .poll(() => channels.map((channel) => heard.get(channel)?.at(-1)))
      .toEqual(channels.map(() => "closed"));
    disconnect(commands);
    subscriber.close();
    await cluster.stop();
  }, 60_000);
});

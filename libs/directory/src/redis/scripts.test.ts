/**
 * What every script keeps: it touches the keys that it is given, and one that frees works when
 * memory is used up.
 */
import { findRedisBinary, type RedisServer, startRedisServer } from "@ams/store/testing";
import type { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { newClaim, newConversation, slotOf, value, whereOf } from "../contract/world.ts";
import { openRedisDirectory } from "./redis-directory.ts";
import { connect, populateAt } from "./redis-world.ts";
import { SCRIPTS } from "./scripts.ts";

/**
 * The first argument of each command that a script calls, but for publishes, whose channel is no
 * key.
 */
const CALLS = /redis\.call\((?:'[A-Z]+'), ([^,)]*)/g;

/** Names that a script gives to its keys. */
const NAMES = /local ([\w, ]+) = (?:unpack\(KEYS\)|(?:KEYS\[\d\](?:, )?)+)/g;

test.each(SCRIPTS.map((script) => [script.name, script] as const))(
  "%s touches no key that it isn't given",
  (_, { lua }) => {
    const named = [...lua.matchAll(NAMES)].flatMap((match) => (match[1] ?? "").split(", "));
    const touched = [...lua.matchAll(CALLS)].map((match) => (match[1] ?? "").trim());
    const passed = ["key", "slots", "floor", "credentials"];
    const known = (one: string) =>
      /^(?:KEYS\[\d\]|unpack\(KEYS)$/.test(one) || named.includes(one) || passed.includes(one);
    expect(touched.filter((one) => one !== "" && !known(one))).toEqual([]);
    expect(lua).not.toContain("heldPrefix");
  },
);

describe.runIf(findRedisBinary() !== null)("on a redis-server whose memory is used up", () => {
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

  test("§2.7 links, streams, quota slots, conversations and accounts end, and leases are renewed", async () => {
    const directory = openRedisDirectory({ commands: client, sharded: false });
    const { account, conversation, claim } = await populateAt(directory);
    const canonical = newConversation(account, {
      id_kind: "jcs-sha256",
      conversation_id: `conv_${"a".repeat(64)}` as typeof conversation.conversation_id,
    });
    value(await directory.mint({ conversation: canonical, linkHash: "x" }));
    const dead = newClaim(whereOf(canonical), account, { gateway: "dead" });
    await directory.heartbeat("dead", 600_000);
    value(await directory.claim(dead));
    await directory.heartbeat(claim.gateway, 600_000);
    await client.config("SET", "maxmemory", "1");
    const refused = directory.mint({ conversation: newConversation(account), linkHash: "x" });
    await expect(refused).rejects.toMatchObject({ message: /OOM/, isFull: true });
    const grace = { ms: 60_000, untilUsed: true };
    const rotation = directory.rotateCredential(account.account_id, "rotated", grace);
    await expect(rotation).rejects.toMatchObject({ isFull: true });
    expect(await directory.credentialEnds(account.account_id)).toHaveLength(1);

    expect(await directory.heartbeat(claim.gateway, 600_000)).toBe("renewed");
    expect(value(await directory.replaceLinks(conversation, "new", false)).number).toBe(2);
    expect((await directory.admission(conversation))?.links).toEqual([{ number: 2, hash: "new" }]);
    expect(await directory.leave(claim.where, claim, { n: 1, ts: claim.joined_at })).toBe(true);
    await directory.release(slotOf(claim));
    await directory.endLease("dead");
    expect(await directory.sweep()).toBe(1);
    value(await directory.deleteConversation(canonical));
    await directory.deleteAccount(account.account_id);
    expect(await directory.account(account.account_id)).toBeNull();
    expect(await directory.admission(conversation)).toBeNull();
    await client.config("SET", "maxmemory", "0");
  });
});

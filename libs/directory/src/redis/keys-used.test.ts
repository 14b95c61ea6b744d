/**
 * The table of keys.ts is the whole layout: a life cycle, by a user of Redis who may touch nothing
 * else, leaves no other key.
 */

import { readFileSync } from "node:fs";
import { findRedisBinary, startRedisServer } from "@ams/store/testing";
import type { Redis } from "ioredis";
import { describe, expect, test } from "vitest";
import { PARTITIONS } from "../channels.ts";
import { STORE_FORMAT } from "../check-values.ts";
import { newClaim, newConversation, slotOf, value, whereOf } from "../contract/world.ts";
import { DEPLOYMENT_LIMITS } from "../limits.ts";
import { newKeyId, newOperatorKeyId } from "../new-ids.ts";
import { openRedisDirectory } from "./redis-directory.ts";
import { connect, KEYS, populateAt } from "./redis-world.ts";

const USER = ["--user", "ams", "on", ">secret", "~ams:*", "&ams:*", "+@all"];

/** What each parameter of a key in the table stands for. */
const PARAMETERS: Readonly<Record<string, string>> = {
  "{pN}": "\\{p\\d{1,3}\\}",
  "{p0}": "\\{p0\\}",
  "<ns>": "[a-z0-9-]+",
  "<alias>": "[a-z0-9-]+",
  "<id>": "acc_[0-9A-Z]{26}",
  "<hash>": "[0-9a-z-]+",
  "<account>": "acc_[0-9A-Z]{26}",
  "<gateway>": "[0-9a-z-]+",
  "<owner>": "[a-z0-9-]+|acc_[0-9A-Z]{26}",
};

type Row = {
  readonly key: string;
  readonly form: RegExp;
  readonly type: string;
  readonly ends: string;
};

/** The rows of the table, one for each key that a row names. */
function tableRows(): readonly Row[] {
  const source = readFileSync(new URL("./keys.ts", import.meta.url), "utf8");
  const lines = source.split("\n").filter((line) => line.startsWith(" * | `ams:"));
  return lines.flatMap((line) => {
    const [keys = "", type = "", , ends = ""] = line.slice(5).split(" | ");
    return [...keys.matchAll(/`([^`]+)`/g)].map(([, key = ""]) => {
      const form = key.replace(
        /\{p[N0]\}|<\w+>/g,
        (parameter) => `(?:${PARAMETERS[parameter] ?? ""})`,
      );
      return { key, form: new RegExp(`^${form}$`), type: type.split(",")[0] ?? "", ends };
    });
  });
}

/** Rows whose keys end by themselves when they are left alone. */
const TIMED = /unused|grace|its minute/;

async function keysOf(client: Redis): Promise<ReadonlyMap<string, readonly [string, number]>> {
  const keys = await client.keys("*");
  const about = keys.map(async (key) => [await client.type(key), await client.ttl(key)] as const);
  return new Map((await Promise.all(about)).map((one, index) => [keys[index] ?? "", one]));
}

describe.runIf(findRedisBinary() !== null)("the table of keys", () => {
  test("has every key that a life cycle makes, with its type, and says of each that has an expiry that it has one", async () => {
    const server = await startRedisServer({ args: USER });
    const client = await connect(server.url.replace("//", "//ams:secret@"), "command");
    const all = await connect(server.url, "command");
    const directory = openRedisDirectory({ commands: client, sharded: false });
    const pepper = ["p".repeat(32)] as const;
    value(await directory.confirmPeppers({ credential: pepper, link: pepper }));
    const { account, conversation, claim } = await populateAt(directory, "hash-1");
    const expiring = newConversation(account, { expires_at_ms: Date.now() + 60_000 });
    const canonical = newConversation(account, {
      id_kind: "jcs-sha256",
      conversation_id: `conv_${"a".repeat(64)}` as typeof conversation.conversation_id,
    });
    for (const made of [expiring, canonical]) {
      value(await directory.mint({ conversation: made, linkHash: "x" }));
    }
    const guest = { ...slotOf(claim), kind: "guest" as const, connection: "guest" };
    value(await directory.reserve(guest, { credential: null, slotsMax: 10 }));
    const heir = newClaim(claim.where, account, { gateway: "heir" });
    value(await directory.claim(heir));
    const gone = newClaim(whereOf(expiring), account, { gateway: "dead" });
    value(await directory.claim(gone));
    await directory.leave(gone.where, gone, { n: 1, ts: gone.joined_at });
    await directory.heartbeat("dead", 600_000);
    await directory.heartbeat("heir", 600_000);
    await directory.endLease("dead");
    value(
      await directory.rotateCredential(account.account_id, "hash-2", {
        ms: 60_000,
        untilUsed: false,
      }),
    );

    const key = { key_id: newKeyId(0), name: "k", scopes: ["join"] as const, used_at_ms: null };
    const expiry = { expires_at_ms: null, created_at: account.created_at };
    value(await directory.createKey(account.account_id, "hash-3", { ...key, ...expiry }));
    await directory.recordEvent(account.account_id, {
      action: "key_created",
      at: account.created_at,
      actor: "credential",
      target: key.key_id,
      request_id: null,
    });

    const webhook = {
      webhook_id: "wh",
      url: "https://example.com/",
      types: [],
      secrets: [],
      rotated_at: null,
      created_at: account.created_at,
      disabled: null,
    };
    value(await directory.putWebhook(account.account_id, webhook, null));
    await directory.appendToOutbox(account.account_id, "replay", {});
    const at = account.created_at;
    const done = { status: "delivered", http_status: 204, error: null, took_ms: 1 } as const;
    const attempt = { message_id: "m", type: "t", attempt: 1, at, next_attempt_at: null };
    await directory.recordDeliveries(account.account_id, [
      { webhook_id: "wh", ...attempt, ...done },
    ]);
    const counts = { tokens_in: 1, bytes_in: 1, deliveries: 1, bytes_out: 1 };
    const rates = { frames: 1, bytes: 1, deliveries: 1 };
    await directory.handIn("gateway", 1, [
      {
        account_id: account.account_id,
        hour: 1,
        counts: { ...counts, connection_ms: 1, replay_bytes: 1 },
        rates,
      },
    ]);
    value(await directory.setPlan({ name: "small", limits: DEPLOYMENT_LIMITS }));
    const operator = { key_id: newOperatorKeyId(0), name: "ida", role: "admin" as const };
    value(await directory.createOperatorKey("hash-4", { ...operator, created_at: at }));
    value(await directory.setSuspension(account.account_id, { at, reason: "" }));
    const suspended = { action: "suspended", at, actor: "ida", target: null };
    await directory.recordOperatorEvent({ ...suspended, request_id: null, detail: null });
    await directory.report("heir", "{}", 60_000);

    const rows = tableRows();
    const used = new Set<string>();
    for (const [key, [type, ttl]] of await keysOf(all)) {
      const [row, ...others] = rows.filter(({ form }) => form.test(key));
      expect([key, row?.type, others]).toEqual([key, type, []]);
      if (row === undefined) continue;
      used.add(row.key);
      if (ttl >= 0) expect([key, row.ends]).toEqual([key, expect.stringMatching(TIMED)]);
    }
    const unused = rows.filter(({ key }) => !used.has(key)).map(({ key }) => key);
    expect(unused.filter((key) => !key.startsWith("ams:rate:"))).toEqual([]);

    const waiting = await directory.readOutbox(100);
    await directory.removeFromOutbox(waiting.map((one) => one.at));
    value(await directory.removePlan("small"));
    await directory.sweep();
    for (let step = 0; step < PARTITIONS; step += 1) await directory.removeExpired();
    await directory.deleteAccount(account.account_id);
    await directory.release(guest);
    await directory.release(slotOf(claim));
    await directory.endLease("heir");
    await directory.endLease(claim.gateway);
    await directory.sweep();
    const left = [...(await keysOf(all)).keys()].map(
      (key) => rows.find(({ form }) => form.test(key))?.key ?? key,
    );
    // What an outbox held was fetched; its last entry's id is kept, and ends unused.
    const forOperators = ["operator-keys", "audit", "suspended"].map((name) => `ams:${name}:{p0}`);
    expect(new Set(left)).toEqual(
      new Set([
        "ams:namespace:{pN}:<ns>",
        "ams:outbox:{pN}:<owner>",
        "ams:peppers:{p0}",
        "ams:report:{p0}:<gateway>",
        ...forOperators,
      ]),
    );
    // Of the suspensions only the count of their changes is left.
    expect(Object.keys(await all.hgetall(KEYS.suspended))).toEqual(["version"]);
    for (const one of [client, all]) one.disconnect();
    await server.kill();
  });
});

describe.runIf(findRedisBinary() !== null)("a store of another version", () => {
  test("a later version's is refused, and nothing is written", async () => {
    const server = await startRedisServer({});
    const client = await connect(server.url, "command");
    const directory = openRedisDirectory({ commands: client, sharded: false });
    const pepper = ["p".repeat(32)] as const;
    const peppers = { credential: pepper, link: pepper };
    value(await directory.confirmPeppers(peppers));
    const key = "ams:peppers:{p0}";
    expect(await client.hget(key, "format")).toBe(String(STORE_FORMAT));
    await client.hset(key, "format", STORE_FORMAT + 1);
    const before = await client.hgetall(key);
    expect(await directory.confirmPeppers(peppers)).toEqual({ ok: false, fault: "format" });
    expect(await client.hgetall(key)).toEqual(before);
    client.disconnect();
    await server.stop();
  });
});

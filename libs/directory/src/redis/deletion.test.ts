/** A deletion on Redis takes several steps: what is left when it ends between two of them. */
import { findRedisBinary, type RedisServer, startRedisServer } from "@ams/store/testing";
import type { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { faultOf, newClaim, newConversation, value, whereOf } from "../contract/world.ts";
import { newGeneration } from "../new-ids.ts";
import type { Conversation } from "../records.ts";
import { openRedisDirectory } from "./redis-directory.ts";
import { connect, KEYS, populateAt } from "./redis-world.ts";

describe.runIf(findRedisBinary() !== null)("a deletion on Redis", () => {
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

  const populate = () => populateAt(openRedisDirectory({ commands: client, sharded: false }));

  /** What a deletion leaves that ends after its first step. */
  async function halfClose(record: string): Promise<void> {
    await client.hset(record, "closed", (await client.hget(record, "generation")) ?? "");
    await client.hdel(record, "generation");
  }

  test.each([
    ["was begun", (_: Conversation, record: string) => halfClose(record)],
    [
      "has unregistered it",
      async (conversation: Conversation, record: string) => {
        await halfClose(record);
        const { canonical } = KEYS.namespace(conversation.namespace);
        const { conversation_id } = conversation;
        await client.hdel(canonical, conversation_id);
        await client.hset(canonical, "claims_floor", 7, "links_floor", 1);
      },
    ],
    [
      "was overtaken by a mint that had read its registration before",
      async (conversation: Conversation) => {
        const { canonical } = KEYS.namespace(conversation.namespace);
        const there = `${conversation.alias} another`;
        await client.hset(canonical, conversation.conversation_id, there, "claims_floor", 7);
      },
    ],
  ])(
    "§2.7.4 a deletion that ended when it %s is ended by the next mint, or deletion",
    async (_, interrupt) => {
      for (const next of ["mint", "delete"]) {
        const { directory, account } = await populate();
        const id = next === "mint" ? "a".repeat(64) : "b".repeat(64);
        const conversation = newConversation(account, {
          id_kind: "jcs-sha256",
          conversation_id: `conv_${id}` as Conversation["conversation_id"],
        });
        value(await directory.mint({ conversation, linkHash: "old" }));
        const claim = newClaim(whereOf(conversation), account);
        await directory.heartbeat(claim.gateway, 600_000);
        for (let turn = 0; turn < 7; turn += 1) value(await directory.claim(claim));
        const { record, roster } = KEYS.conversation(conversation);
        await interrupt(conversation, record);
        if (next === "delete") value(await directory.deleteConversation(conversation));
        const again = { ...conversation, generation: newGeneration() };
        const minted = value(await directory.mint({ conversation: again, linkHash: "new" }));
        expect(minted.created).toBe(true);
        expect(minted.conversation.generation).not.toBe(conversation.generation);
        expect(await client.hlen(roster)).toBe(0);
        const admission = await directory.admission(again);
        expect(admission?.links).toEqual([{ number: 2, hash: "new" }]);
        const where = whereOf(minted.conversation);
        const next_ = value(await directory.claim(newClaim(where, account, { link: 2 })));
        expect(next_.entry.epoch).toBe(8);
      }
    },
  );

  test("§2.7.4 of a deletion that was begun and not ended nothing is admitted, claimed or listed", async () => {
    const { directory, account, conversation, claim } = await populate();
    await halfClose(KEYS.conversation(conversation).record);
    expect(await directory.admission(conversation)).toBeNull();
    expect(faultOf(await directory.claim(claim))).toBe("conversation_not_found");
    expect(await directory.snapshot(claim.where, { mark: "m", tails: false })).toBeNull();
    expect(faultOf(await directory.replaceLinks(conversation, "x", false))).toBe("not_found");
    const page = await directory.listConversations(account.namespace, { cursor: null, limit: 9 });
    expect(value(page).conversations).toEqual([]);
    const heir = newConversation(account, { alias: conversation.alias });
    expect(value(await directory.mint({ conversation: heir, linkHash: "x" })).created).toBe(true);
  });
});

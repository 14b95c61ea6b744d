/**
 * A canonical conversation that is deleted and minted again while a gateway hears nothing: nobody
 * of the old one is in the new one.
 */
import { Redis } from "ioredis";
import { expect, test } from "vitest";
import { type Account, createAccount, http, type Minted, mint } from "../conformance/driver.ts";
import { dial, join } from "../conformance/subscriber.ts";
import { gatewayOf, inCluster, onRedis } from "./journey.ts";

onRedis(
  "a gateway that is frozen and cut off while a conversation is deleted and minted again",
  () => {
    const cluster = inCluster({ gateways: 2 });
    const [FROZEN, OTHER] = [0, 1];

    /** The connection that listens to most channels: it has that of the only conversation too. */
    async function subscriberOfConversation(admin: Redis): Promise<string> {
      const list = String(await admin.client("LIST", "TYPE", "PUBSUB"));
      const most = list
        .trim()
        .split("\n")
        .map((line) => ({ id: /^id=(\d+)/.exec(line)?.[1], count: / sub=(\d+)/.exec(line)?.[1] }))
        .sort((a, b) => Number(b.count) - Number(a.count))[0];
      return most?.id ?? expect.fail(`no such connection: ${list}`);
    }

    /**
     * Deletes the conversation and mints it again while the gateway is frozen; its subscriber
     * connection is gone when it wakes.
     */
    async function mintAgainUnheard(
      owner: Account,
      minted: Minted,
      body: Readonly<Record<string, unknown>>,
    ) {
      const { pid } = gatewayOf(cluster(), FROZEN);
      const admin = new Redis(cluster().redisUrl);
      process.kill(pid, "SIGSTOP");
      try {
        await admin.client("KILL", "ID", await subscriberOfConversation(admin));
        expect((await http("DELETE", minted.path, { bearer: owner.credential })).status).toBe(204);
        const again = await mint(owner, body);
        expect(again.conversation_id).toBe(minted.conversation_id);
        const emitter = await join(again, { as: owner, name: "emitter", at: OTHER });
        return { again, emitter };
      } finally {
        process.kill(pid, "SIGCONT");
        admin.disconnect();
      }
    }

    test("§2.7.4 closes the old sockets, lets in no old link, and its old sockets hear nothing of the new conversation", async () => {
      const owner = await createAccount();
      const body = { id_kind: "jcs-sha256", canonical_input: { case: 6 }, alias: "again" };
      const minted = await mint(owner, body);
      const old = await join(minted, { as: owner, name: "old", at: FROZEN });

      const { again, emitter } = await mintAgainUnheard(owner, minted, body);
      emitter.say("for the new conversation");

      expect(await old.ended()).toEqual({ code: 4005, reason: "conversation_closed" });
      expect(old.heard).toEqual([]);
      expect([...old.peers]).toEqual([]);
      for (const at of [FROZEN, OTHER]) {
        const refused = dial(minted, { as: owner, name: "old", at });
        expect(await refused.settled()).toBe(false);
        expect([4001, 4005]).toContain((await refused.ended()).code);
      }
      const reader = await join(again, { as: owner, name: "old", at: FROZEN });
      expect(reader.joined.epoch).toBeGreaterThan(old.joined.epoch);
      expect(emitter.joined.epoch).toBeGreaterThan(old.joined.epoch);
      emitter.say("and again");
      await reader.token("and again");
    });
  },
);

/** Expired conversations are removed (§2.3.5). */

import { EXPIRED_KEPT_S } from "@ams/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { PARTITIONS } from "../channels.ts";
import { EXPIRED_AGAIN_MS } from "../directory.ts";
import type { Account, Conversation } from "../records.ts";
import {
  faultOf,
  fresh,
  newAccount,
  newClaim,
  newConversation,
  value,
  type World,
  whereOf,
} from "./world.ts";

export function expiryContract(open: () => Promise<World>): void {
  describe("expiry", () => {
    let world: World;
    let account: Account;
    beforeAll(async () => {
      world = await open();
      account = value(await world.directory.createAccount(newAccount(), fresh("hash")));
    });
    afterAll(() => world.close());

    /** As many steps as see everything, by two directories at a time. */
    async function removeAll(): Promise<number> {
      let removed = 0;
      for (let step = 0; step < PARTITIONS; step += 1) {
        const both = [world.directory.removeExpired(), world.other.removeExpired()];
        for (const one of await Promise.all(both)) removed += one;
      }
      return removed;
    }

    async function mint(over: Partial<Conversation>): Promise<Conversation> {
      const conversation = newConversation(account, over);
      value(await world.directory.mint({ conversation, linkHash: "x" }));
      return conversation;
    }

    test("§2.3.5 one that expired a day ago goes with all that hangs on it, once no socket is left, and one time only", async () => {
      const { directory, clock } = world;
      const expires_at_ms = clock.ms + 1_000;
      const id = `conv_${"9".repeat(64)}` as Conversation["conversation_id"];
      const empty = await mint({ expires_at_ms, id_kind: "jcs-sha256", conversation_id: id });
      const held = await mint({ expires_at_ms, max_joins: 5 });
      const stays = await mint({});
      const later = await mint({ expires_at_ms: expires_at_ms + 1 });
      const claim = newClaim(whereOf(held), account);
      await directory.heartbeat(claim.gateway, 600_000);
      value(await directory.claim(claim));
      clock.ms = expires_at_ms + EXPIRED_KEPT_S * 1_000 - 1;
      expect(await removeAll()).toBe(0);
      expect(await directory.admission(empty)).not.toBeNull();

      clock.ms += 1;
      expect(await removeAll()).toBe(1);
      expect(await directory.admission(empty)).toBeNull();
      expect(await directory.roster(whereOf(held))).toHaveLength(1);
      const free = newConversation(account, { alias: empty.alias });
      expect(value(await directory.mint({ conversation: free, linkHash: "x" })).created).toBe(true);
      const again = { ...empty, alias: later.alias, expires_at_ms: null, generation: "again" };
      const taken = await directory.mint({ conversation: again, linkHash: "x" });
      expect(faultOf(taken)).toBe("alias_taken");

      await directory.leave(claim.where, claim, { n: 0, ts: claim.joined_at });
      clock.ms += EXPIRED_AGAIN_MS;
      expect(await removeAll()).toBe(2);
      expect(faultOf(await directory.claim(claim))).toBe("conversation_not_found");
      const page = await directory.listConversations(account.namespace, { cursor: null, limit: 9 });
      const listed = value(page).conversations.map(({ alias }) => alias);
      expect([...listed].sort()).toEqual([stays.alias, free.alias].sort());
      for (const gone of [empty, held, later]) {
        const left = (await world.dump()).filter((line) => line.includes(gone.generation));
        expect(left).toEqual([]);
      }
    });

    test("§2.3.5 one that was deleted and minted again is not taken for the one that expired", async () => {
      const { directory, clock } = world;
      const old = await mint({ expires_at_ms: clock.ms });
      value(await directory.deleteConversation(old));
      const heir = await mint({ alias: old.alias });
      clock.ms += EXPIRED_KEPT_S * 1_000;
      expect(await removeAll()).toBe(0);
      expect((await directory.admission(heir))?.conversation).toEqual(heir);
    });
  });
}

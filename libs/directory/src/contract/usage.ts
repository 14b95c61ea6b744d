/** What accounts have used: counted once, over all gateways. */
import type { AccountId } from "@ams/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { HOUR_MS, USAGE_KEPT_HOURS, type UsageDelta } from "../usage.ts";
import {
  fresh,
  newAccount,
  newClaim,
  newConversation,
  START_MS,
  slotOf,
  value,
  type World,
  whereOf,
} from "./world.ts";

const HOUR = START_MS / HOUR_MS;

function delta(account_id: AccountId, tokens_in: number, hour = HOUR): UsageDelta {
  const bytes = { bytes_in: tokens_in * 10, bytes_out: 5, connection_ms: 1_000, replay_bytes: 0 };
  const rates = { frames: tokens_in, bytes: 7, deliveries: 3 };
  return { account_id, hour, counts: { tokens_in, deliveries: 2, ...bytes }, rates };
}

export function usageContract(open: () => Promise<World>): void {
  describe("usage", () => {
    let world: World;
    beforeAll(async () => {
      world = await open();
    });
    afterAll(() => world.close());

    async function account() {
      const hash = fresh("hash");
      const made = value(await world.directory.createAccount(newAccount(), hash));
      return { account: made, id: made.account_id, hash };
    }

    test("§2.10.5 what gateways hand in adds up, by hour, and a repeated hand-in counts once", async () => {
      const { directory, other } = world;
      const { id } = await account();
      await directory.handIn("one", 1, [delta(id, 5)]);
      await directory.handIn("one", 1, [delta(id, 5)]);
      await other.handIn("two", 1, [delta(id, 7)]);
      await directory.handIn("one", 2, [delta(id, 1), delta((await account()).id, 9)]);
      await directory.handIn("one", 3, [delta(id, 4, HOUR + 1)]);
      await directory.handIn("one", 2, [delta(id, 1)]);
      const hours = await other.usageOf(id, HOUR);
      expect(hours).toMatchObject([
        { hour: HOUR, tokens_in: 13, bytes_in: 130, deliveries: 6, connection_ms: 3_000 },
        { hour: HOUR + 1, tokens_in: 4, bytes_out: 5 },
      ]);
      expect(await other.usageOf(id, HOUR + 1)).toHaveLength(1);
    });

    test("§2.10.5 the most streams of an hour are those that were live when something was handed in", async () => {
      const { directory } = world;
      const { account: owner, id, hash } = await account();
      const conversation = newConversation(owner);
      value(await directory.mint({ conversation, linkHash: "x" }));
      const slots = ["a", "b"].map((name) =>
        slotOf(newClaim(whereOf(conversation), owner, { stream_name: name as never })),
      );
      const terms = { credential: hash, slotsMax: 10 };
      for (const slot of slots) value(await directory.reserve(slot, terms));
      await directory.handIn("one", 1, [delta(id, 1)]);
      for (const slot of slots) await directory.release(slot);
      await directory.handIn("one", 2, [delta(id, 1)]);
      expect(await directory.usageOf(id, HOUR)).toMatchObject([{ peak_streams: 2, tokens_in: 2 }]);
    });

    test("§2.2.11 what is used per second is the sum of what gateways measured within seconds", async () => {
      const { directory, other } = world;
      const { id } = await account();
      await directory.handIn("one", 1, [delta(id, 5)]);
      await directory.handIn("two", 1, [delta(id, 7)]);
      expect((await other.accountUse(id))?.rates).toEqual({ frames: 12, bytes: 14, deliveries: 6 });
      world.clock.ms += 4_000;
      await directory.handIn("two", 2, [delta(id, 2)]);
      expect((await directory.accountUse(id))?.rates).toMatchObject({ frames: 2 });
      world.clock.ms += 4_000;
      expect((await directory.accountUse(id))?.rates).toMatchObject({ frames: 0, bytes: 0 });
    });

    test("§2.10.5 use is kept for 35 days, goes with its account, and does not come back", async () => {
      const { directory } = world;
      const { id } = await account();
      await directory.handIn("one", 1, [delta(id, 5)]);
      await directory.handIn("one", 2, [delta(id, 5, HOUR + USAGE_KEPT_HOURS)]);
      expect(await directory.usageOf(id, 0)).toHaveLength(2);
      await directory.handIn("one", 3, [delta(id, 5, HOUR + USAGE_KEPT_HOURS + 1)]);
      expect((await directory.usageOf(id, 0)).map(({ hour }) => hour)).toEqual([
        HOUR + USAGE_KEPT_HOURS,
        HOUR + USAGE_KEPT_HOURS + 1,
      ]);
      await directory.deleteAccount(id);
      await directory.handIn("one", 4, [delta(id, 5)]);
      expect(await directory.usageOf(id, 0)).toEqual([]);
    });

    test("§4.10 a notice is announced, to one account or to all", async () => {
      const { directory } = world;
      const { id } = await account();
      const before = (await world.heard()).length;
      await directory.announceNotice({ account_id: null, level: "info", text: "all" });
      await directory.announceNotice({ account_id: id, level: "warning", text: "one" });
      const heard = (await world.heard()).slice(before);
      expect(heard.map(({ event }) => event)).toEqual([
        { kind: "notice", account_id: null, level: "info", text: "all" },
        { kind: "notice", account_id: id, level: "warning", text: "one" },
      ]);
    });
  });
}

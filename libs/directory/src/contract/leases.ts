/** Leases, sweeps, and coming back. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Held, HeldPage, Where } from "../directory.ts";
import type { Account } from "../records.ts";
import {
  faultOf,
  fresh,
  name,
  newAccount,
  newClaim,
  newConversation,
  START_MS,
  slotOf,
  value,
  type World,
  whereOf,
} from "./world.ts";

/** Long enough for any test. */
const LIVE_MS = 600_000;

export function leasesContract(open: () => Promise<World>): void {
  describe("leases", () => {
    let world: World;
    let account: Account;
    let credential: string;
    let where: Where;
    beforeAll(async () => {
      world = await open();
    });
    afterAll(() => world.close());
    beforeEach(async () => {
      credential = fresh("hash");
      account = value(await world.directory.createAccount(newAccount(), credential));
      const conversation = newConversation(account);
      value(await world.directory.mint({ conversation, linkHash: "x" }));
      where = whereOf(conversation);
      await world.directory.sweep();
    });

    const terms = (slotsMax: number) => ({ credential, slotsMax });

    async function eventsAt(at: Where) {
      const channel = world.directory.channels.conversation(at);
      return (await world.heard())
        .filter((heard) => heard.channel === channel)
        .map(({ event }) => event);
    }

    /** All pages of what a gateway holds. */
    async function heldBy(gateway: string): Promise<readonly Held[]> {
      const held: Held[] = [];
      let cursor: string | null = null;
      do {
        const page: HeldPage = await world.other.heldBy(gateway, cursor);
        held.push(...page.held);
        cursor = page.next;
      } while (cursor !== null);
      return held;
    }

    /** A gateway that holds one stream and its quota slot, and whose lease is over. */
    async function deadGateway() {
      const claim = newClaim(where, account, { gateway: fresh("dead") });
      expect(await world.directory.heartbeat(claim.gateway, 0)).toBe("lapsed");
      value(await world.directory.reserve(slotOf(claim), terms(1)));
      return { claim, entry: value(await world.directory.claim(claim)).entry };
    }

    test("a lease is new, then renewed, then over", async () => {
      const gateway = fresh("gateway");
      expect(await world.directory.heartbeat(gateway, LIVE_MS)).toBe("lapsed");
      expect(await world.other.heartbeat(gateway, LIVE_MS)).toBe("renewed");
      expect(await world.directory.sweep()).toBe(0);
      expect(await world.directory.heartbeat(gateway, 0)).toBe("renewed");
      await world.directory.sweep();
      expect(await world.directory.heartbeat(gateway, LIVE_MS)).toBe("lapsed");
      await world.directory.endLease(gateway);
      await world.directory.sweep();
      expect(await world.directory.heartbeat(gateway, LIVE_MS)).toBe("lapsed");
    });

    test("§5.6.1 what a dead gateway held is announced as left, once, whoever sweeps; its quota slot is free; others stay", async () => {
      const { directory, other } = world;
      const gateway = fresh("live");
      await directory.heartbeat(gateway, LIVE_MS);
      const survivor = newClaim(where, newAccount(), { gateway, stream_name: name("survivor") });
      const kept = value(await directory.claim(survivor)).entry;
      const { entry } = await deadGateway();
      const next = slotOf(newClaim(where, account, { stream_name: name("next") }));
      expect(faultOf(await directory.reserve(next, terms(1)))).toBe("account_concurrency_limit");
      const swept = await Promise.all([
        directory.sweep(),
        other.sweep(),
        directory.sweep(),
        other.sweep(),
      ]);
      expect(swept.reduce((sum, count) => sum + count)).toBe(1);
      const left = (await eventsAt(where)).filter((event) => event.kind === "left");
      const ts = new Date(START_MS).toISOString();
      expect(left).toEqual([
        { kind: "left", stream_id: entry.stream_id, epoch: entry.epoch, n: null, ts },
      ]);
      expect(await directory.roster(where)).toEqual([kept]);
      value(await directory.reserve(next, terms(1)));
      expect((await world.dump()).filter((line) => line.includes(entry.gateway))).toEqual([]);
    });

    test("a sweep leaves alone what another connection has taken over", async () => {
      const { directory } = world;
      await deadGateway();
      const gateway = fresh("live");
      await directory.heartbeat(gateway, LIVE_MS);
      const holder = value(await directory.claim(newClaim(where, account, { gateway }))).entry;
      expect(await directory.sweep()).toBe(0);
      expect(await directory.roster(where)).toEqual([holder]);
    });

    test("§5.9 a swept stream is claimed again under its epoch, and announced; later epochs are above it", async () => {
      const { directory } = world;
      const { entry } = await deadGateway();
      await directory.sweep();
      const back = { ...entry, gateway: fresh("reborn") };
      await directory.heartbeat(back.gateway, LIVE_MS);
      expect(value(await directory.reclaim(where, back))).toEqual(back);
      expect(await directory.roster(where)).toEqual([back]);
      const events = await eventsAt(where);
      expect(events.map(({ kind }) => kind)).toEqual(["claimed", "left", "claimed"]);
      expect(events.at(-1)).toEqual({ kind: "claimed", entry: back, displaced: null });
      expect(value(await directory.claim(newClaim(where, account))).entry.epoch).toBeGreaterThan(
        entry.epoch,
      );
    });

    test("a stream that nobody has swept yet is claimed again in silence, and the old gateway's sweep spares it", async () => {
      const { directory } = world;
      const { entry } = await deadGateway();
      const back = { ...entry, gateway: fresh("reborn") };
      await directory.heartbeat(back.gateway, LIVE_MS);
      value(await directory.reclaim(where, back));
      expect(await directory.sweep()).toBe(0);
      expect(await directory.roster(where)).toEqual([back]);
      expect(await eventsAt(where)).toHaveLength(1);
      expect(await directory.heartbeat(back.gateway, 0)).toBe("renewed");
      expect(await directory.sweep()).toBe(1);
    });

    test("§5.9 a stream that somebody took over is displaced, also after that one has left again", async () => {
      const { directory } = world;
      const { entry } = await deadGateway();
      await directory.sweep();
      const gateway = fresh("live");
      await directory.heartbeat(gateway, LIVE_MS);
      const successor = newClaim(where, account, { gateway });
      value(await directory.claim(successor));
      const back = { ...entry, gateway: fresh("reborn") };
      expect(faultOf(await directory.reclaim(where, back))).toBe("displaced");
      await directory.leave(where, successor, { n: 1, ts: successor.joined_at });
      expect(faultOf(await directory.reclaim(where, back))).toBe("displaced");
      expect(await directory.roster(where)).toEqual([]);
      value(await directory.deleteConversation(where.address));
      expect(faultOf(await directory.reclaim(where, back))).toBe("conversation_not_found");
    });

    test("a claim counter that the store forgot is raised by what is claimed again", async () => {
      const { directory } = world;
      const { entry } = value(await directory.claim(newClaim(where, account)));
      await directory.leave(where, entry, { n: 1, ts: entry.joined_at });
      const far = { ...entry, epoch: 2 ** 52 };
      expect(value(await directory.reclaim(where, far)).epoch).toBe(2 ** 52);
      const events = await eventsAt(where);
      expect(events.at(-1)).toEqual({ kind: "claimed", entry: far, displaced: null });
      const next = value(await directory.claim(newClaim(where, account)));
      expect(next.entry.epoch).toBe(2 ** 52 + 1);
      expect(await directory.roster(where)).toEqual([next.entry]);
    });

    test("§5.9 a store that forgot a takeover gives the stream to the later claim, and says whom it displaces", async () => {
      const { directory } = world;
      const { entry } = value(await directory.claim(newClaim(where, account)));
      const later = { ...entry, epoch: entry.epoch + 5, connection: fresh("later") };
      expect(value(await directory.reclaim(where, later))).toEqual(later);
      expect(await directory.roster(where)).toEqual([later]);
      const { gateway, connection, epoch } = entry;
      const displaced = { gateway, connection, epoch };
      const last = (await eventsAt(where)).at(-1);
      expect(last).toEqual({ kind: "claimed", entry: later, displaced });
      expect(faultOf(await directory.reclaim(where, entry))).toBe("displaced");
    });

    test("§3.3.9 what a gateway holds is listed, and what is given back is free, announced once, and held no more", async () => {
      const { directory, other } = world;
      const { claim, entry } = await deadGateway();
      const { gateway } = claim;
      const slot = slotOf(claim);
      const guest = { ...slot, kind: "guest" as const, connection: fresh("connection") };
      value(await directory.reserve(guest, { credential: null, slotsMax: 1 }));
      const { stream_name, connection } = claim;
      const stream = { kind: "stream", where, stream_name, connection } as const;
      const held = await heldBy(gateway);
      expect(held).toHaveLength(3);
      expect(held).toEqual(
        expect.arrayContaining([
          stream,
          { kind: "quota_slot", slot },
          { kind: "quota_slot", slot: guest },
        ]),
      );
      expect(await heldBy(fresh("another"))).toEqual([]);
      for (const one of [...held, ...held]) await other.letGo(gateway, one);
      expect(await heldBy(gateway)).toEqual([]);
      const left = (await eventsAt(where)).filter((event) => event.kind === "left");
      expect(left).toMatchObject([{ stream_id: entry.stream_id, epoch: entry.epoch, n: null }]);
      const next = newClaim(where, account, { stream_name: name("next") });
      value(await directory.reserve(slotOf(next), terms(1)));
      value(await directory.reserve(guest, { credential: null, slotsMax: 1 }));
    });

    test("§3.5.1 giving back does nothing to a stream or quota slot that another connection has by now", async () => {
      const { directory } = world;
      const { claim } = await deadGateway();
      const held = await heldBy(claim.gateway);
      const heir = newClaim(where, account, { gateway: fresh("live") });
      value(await directory.reserve(slotOf(heir), terms(1)));
      const { entry } = value(await directory.claim(heir));
      await directory.keepSlot(slotOf(heir));
      for (const one of held) await directory.letGo(claim.gateway, one);
      expect(await directory.roster(where)).toEqual([entry]);
      const next = slotOf(newClaim(where, account, { stream_name: name("next") }));
      expect(faultOf(await directory.reserve(next, terms(1)))).toBe("account_concurrency_limit");
      expect(await heldBy(heir.gateway)).toHaveLength(2);
    });

    test("§3.3.9 a reservation that is made after its release is listed, and given back", async () => {
      const { directory } = world;
      const slot = slotOf(newClaim(where, account, { gateway: fresh("gateway") }));
      await directory.release(slot);
      value(await directory.reserve(slot, terms(1)));
      expect(await heldBy(slot.gateway)).toEqual([{ kind: "quota_slot", slot }]);
      await directory.letGo(slot.gateway, { kind: "quota_slot", slot });
      const next = slotOf(newClaim(where, account, { stream_name: name("next") }));
      value(await directory.reserve(next, terms(1)));
    });

    test("the store answers a ping", async () => {
      expect(await world.directory.ping()).toBeGreaterThanOrEqual(0);
    });
  });
}

/** Who is here: quota slots, claims, leaves, snapshots. */
import { trustJsonText } from "@ams/protocol";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Where } from "../directory.ts";
import { DEPLOYMENT_LIMITS } from "../limits.ts";
import type { Account, RosterEntry } from "../records.ts";
import { LOSSLESS } from "./conversations.ts";
import {
  faultOf,
  fresh,
  graceOf,
  name,
  newAccount,
  newClaim,
  newConversation,
  slotOf,
  streamId,
  value,
  type World,
  whereOf,
} from "./world.ts";

const TS = "2026-01-01T00:00:01.000Z";

export function presenceContract(open: () => Promise<World>): void {
  describe("presence", () => {
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
      where = await mint({});
    });

    async function mint(over: Parameters<typeof newConversation>[1]): Promise<Where> {
      const conversation = newConversation(account, over);
      value(await world.directory.mint({ conversation, linkHash: "x" }));
      return whereOf(conversation);
    }

    const terms = (slotsMax: number) => ({ credential, slotsMax });

    async function eventsAt(at: Where) {
      const channel = world.directory.channels.conversation(at);
      return (await world.heard())
        .filter((heard) => heard.channel === channel)
        .map(({ event }) => event);
    }

    test("a claim puts the stream on the roster and announces the very same entry", async () => {
      const claim = newClaim(where, account, {
        metadata: trustJsonText(LOSSLESS),
        peer_identity: trustJsonText('{"kind":"agent","model":",\\"metadata\\":\\"x"}'),
      });
      const claimed = value(await world.directory.claim(claim));
      const {
        stream_id,
        stream_name,
        owner_account_id,
        metadata,
        peer_identity,
        joined_at,
        gateway,
        connection,
        link,
      } = claim;
      const entry = {
        stream_id,
        stream_name,
        owner_account_id,
        metadata,
        peer_identity,
        joined_at,
        epoch: 1,
        metadata_n: 0,
        gateway,
        connection,
        link,
      };
      expect(claimed).toEqual({ entry, resumed: false, metadataChanged: false });
      expect(await world.other.roster(where)).toEqual([entry]);
      expect(await eventsAt(where)).toEqual([{ kind: "claimed", entry, displaced: null }]);
    });

    test("§3.5 the same account and name take the stream over: id, joined_at and peer identity stay, metadata unless given", async () => {
      const { directory } = world;
      const peer_identity = trustJsonText('{"kind":"human"}');
      const metadata = trustJsonText(LOSSLESS);
      const first = newClaim(where, account, { metadata, peer_identity });
      const before = value(await directory.claim(first)).entry;
      const second = newClaim(where, account, {
        joined_at: TS,
        peer_identity: trustJsonText('{"kind":"agent"}'),
        gateway: "bbbbbbbbbbbbbbbb",
      });
      const taken = value(await directory.claim(second));
      const entry = { ...before, epoch: 2, gateway: second.gateway, connection: second.connection };
      expect(taken).toEqual({ entry, resumed: true, metadataChanged: false });
      const displaced = { gateway: first.gateway, connection: first.connection, epoch: 1 };
      expect((await eventsAt(where)).at(-1)).toEqual({ kind: "claimed", entry, displaced });
      const third = value(
        await directory.claim(newClaim(where, account, { metadata: trustJsonText('{"n":1}') })),
      );
      expect(third.metadataChanged).toBe(true);
      expect(third.entry).toMatchObject({ epoch: 3, metadata: '{"n":1}', peer_identity });
      expect(await directory.roster(where)).toEqual([third.entry]);
    });

    test("§3.4 of 50 concurrent claims of one stream name by different accounts exactly one wins", async () => {
      const outcomes = await Promise.all(
        Array.from({ length: 50 }, (_, index) =>
          (index % 2 ? world.directory : world.other).claim(newClaim(where, newAccount())),
        ),
      );
      expect(outcomes.filter((outcome) => outcome.ok)).toHaveLength(1);
      expect(
        outcomes.filter((outcome) => faultOf(outcome) === "stream_name_conflict"),
      ).toHaveLength(49);
      expect(await eventsAt(where)).toHaveLength(1);
    });

    test("§3.3 a conversation's limit counts streams, not takeovers; its own limit beats the deployment's", async () => {
      const { directory } = world;
      const claim = (stream: string, subscribersMax: number, at = where) =>
        directory.claim(newClaim(at, account, { stream_name: name(stream), subscribersMax }));
      value(await claim("a", 2));
      value(await claim("b", 2));
      expect(faultOf(await claim("c", 2))).toBe("conversation_subscriber_limit");
      expect(value(await claim("a", 2)).resumed).toBe(true);
      const narrow = await mint({ subscribers_max: 1 });
      value(await claim("a", 100, narrow));
      expect(faultOf(await claim("b", 100, narrow))).toBe("conversation_subscriber_limit");
    });

    test("§2.3.6 max_joins counts stream ids when they are claimed, and each once", async () => {
      const { directory } = world;
      const limited = await mint({ max_joins: 2 });
      const claim = (stream: string) => newClaim(limited, account, { stream_name: name(stream) });
      const a = claim("a");
      value(await directory.claim(a));
      value(await directory.claim(claim("a")));
      value(await directory.claim(claim("b")));
      expect((await directory.admission(limited.address))?.joins).toBe(2);
      expect(faultOf(await directory.claim(claim("c")))).toBe("invalid_magic_link");
      await directory.leave(limited, claim("b"), { n: 0, ts: TS });
      expect(value(await directory.claim(claim("a"))).resumed).toBe(true);
      expect((await directory.admission(limited.address))?.joins).toBe(2);
    });

    test("faults come in their order: conversation, link, name, limit", async () => {
      const { directory } = world;
      value(await directory.claim(newClaim(where, account)));
      const stranger = newAccount();
      const wrong = { link: 9, subscribersMax: 1 };
      const gone = whereOf({ ...newConversation(account), ...where.address });
      expect(faultOf(await directory.claim(newClaim(gone, stranger, wrong)))).toBe(
        "conversation_not_found",
      );
      expect(faultOf(await directory.claim(newClaim(where, stranger, wrong)))).toBe(
        "invalid_magic_link",
      );
      expect(faultOf(await directory.claim(newClaim(where, stranger, { subscribersMax: 1 })))).toBe(
        "stream_name_conflict",
      );
      const late = newClaim(where, stranger, { subscribersMax: 1, stream_name: name("z") });
      expect(faultOf(await directory.claim(late))).toBe("conversation_subscriber_limit");
      expect(await eventsAt(where)).toHaveLength(1);
    });

    test("§3.5.1 a late leave of a displaced connection does nothing; the holder's is announced once", async () => {
      const { directory } = world;
      const old = newClaim(where, account);
      const holder = newClaim(where, account);
      value(await directory.claim(old));
      const { entry } = value(await directory.claim(holder));
      expect(await directory.leave(where, old, { n: 5, ts: TS })).toBe(false);
      expect(await directory.leave(where, holder, { n: 7, ts: TS })).toBe(true);
      expect(await directory.leave(where, holder, { n: 7, ts: TS })).toBe(false);
      const events = await eventsAt(where);
      expect(events).toHaveLength(3);
      expect(events.at(-1)).toEqual({
        kind: "left",
        stream_id: entry.stream_id,
        epoch: 2,
        n: 7,
        ts: TS,
      });
      expect(await directory.roster(where)).toEqual([]);
      const next = value(await directory.claim(newClaim(where, newAccount())));
      expect(next.entry.epoch).toBeGreaterThan(2);
    });

    test("§4.6.2 a stream that comes back is never announced as joined before a leave that was announced", async () => {
      const { directory } = world;
      const left = "2026-01-01T00:00:09.000Z";
      const first = newClaim(where, account);
      const { entry: held } = value(await directory.claim(first));
      await directory.leave(where, first, { n: 0, ts: left });
      const late = newClaim(where, account, { joined_at: "2026-01-01T00:00:08.000Z" });
      expect(value(await directory.claim(late)).entry.joined_at).toBe(left);
      await directory.leave(where, late, { n: 0, ts: "2026-01-01T00:00:08.500Z" });
      const later = newClaim(where, account, { joined_at: "2026-01-01T00:00:10.000Z" });
      const { entry } = value(await directory.claim(later));
      expect(entry.joined_at).toBe(later.joined_at);
      await directory.leave(where, later, { n: null, ts: "2026-01-01T00:00:20.000Z" });
      expect(faultOf(await directory.reclaim(where, held))).toBe("displaced");
      const back = value(await directory.reclaim(where, entry));
      expect(back).toEqual({ ...entry, joined_at: "2026-01-01T00:00:20.000Z" });
      expect(await directory.roster(where)).toEqual([back]);
      expect((await eventsAt(where)).at(-1)).toMatchObject({
        kind: "claimed",
        entry: { joined_at: "2026-01-01T00:00:20.000Z" },
      });
    });

    test("metadata is kept for later joiners, verbatim, from the holder only", async () => {
      const { directory } = world;
      const claim = newClaim(where, account, { peer_identity: trustJsonText('{"kind":"human"}') });
      const { entry } = value(await directory.claim(claim));
      const metadata = trustJsonText(LOSSLESS);
      await directory.setStreamMetadata(where, claim, metadata, 4, 1_700_000_000_123);
      const another = { ...claim, connection: "another" };
      await directory.setStreamMetadata(where, another, trustJsonText("{}"), 5, 1);
      const kept = { ...entry, metadata, metadata_n: 4, metadata_ms: 1_700_000_000_123 };
      expect(await directory.roster(where)).toEqual([kept]);
      expect(value(await directory.reclaim(where, kept))).toEqual(kept);
      expect(await eventsAt(where)).toHaveLength(1);
    });

    test("§3.3 quota slots: counted once while shared, given back by their holder only, kept by who took over", async () => {
      const { directory } = world;
      const stream = (text: string) =>
        slotOf(newClaim(where, account, { stream_name: name(text) }));
      const [a, b, c] = [stream("a"), stream("b"), stream("c")];
      expect(value(await directory.reserve(a, terms(2))).shared).toBe(false);
      value(await directory.reserve(b, terms(2)));
      expect(faultOf(await directory.reserve(c, terms(2)))).toBe("account_concurrency_limit");
      const refused = stream("a");
      expect(value(await directory.reserve(refused, terms(2))).shared).toBe(true);
      await directory.release(refused);
      expect(faultOf(await directory.reserve(c, terms(2)))).toBe("account_concurrency_limit");
      const successor = stream("a");
      expect(value(await directory.reserve(successor, terms(2))).shared).toBe(true);
      await directory.keepSlot(successor);
      await directory.release(a);
      expect(faultOf(await directory.reserve(c, terms(2)))).toBe("account_concurrency_limit");
      await directory.release(successor);
      expect(value(await directory.reserve(c, terms(2))).shared).toBe(false);
    });

    test("§2.2.4 a quota slot is reserved for a live credential of its account only, and within the account's own limit", async () => {
      const { directory, clock } = world;
      const slot = (text: string) => slotOf(newClaim(where, account, { stream_name: name(text) }));
      expect(await directory.credentialHolder(["unknown", credential])).toEqual({
        account_id: account.account_id,
        credential,
      });
      expect(await directory.credentialHolder(["unknown"])).toBeNull();
      const next = fresh("hash");
      value(await directory.rotateCredential(account.account_id, next, graceOf(10_000)));
      value(await directory.reserve(slot("a"), terms(10)));
      clock.ms += 10_000;
      expect(faultOf(await directory.reserve(slot("b"), terms(10)))).toBe("invalid_credential");
      const stranger = fresh("hash");
      value(await directory.createAccount(newAccount(), stranger));
      const theirs = { credential: stranger, slotsMax: 10 };
      expect(faultOf(await directory.reserve(slot("b"), theirs))).toBe("invalid_credential");
      const ours = { credential: next, slotsMax: 10 };
      const limits = { ...DEPLOYMENT_LIMITS, streams_max: 2 };
      value(await directory.setAccountLimits(account.account_id, limits));
      value(await directory.reserve(slot("b"), ours));
      expect(faultOf(await directory.reserve(slot("c"), ours))).toBe("account_concurrency_limit");
    });

    test("a quota slot whose first holder leaves while another one is coming stays counted until that one lets go", async () => {
      const { directory } = world;
      const first = slotOf(newClaim(where, account));
      const second = slotOf(newClaim(where, account));
      const other = slotOf(newClaim(where, account, { stream_name: name("b") }));
      value(await directory.reserve(first, terms(1)));
      value(await directory.reserve(second, terms(1)));
      await directory.release(first);
      expect(faultOf(await directory.reserve(other, terms(1)))).toBe("account_concurrency_limit");
      await directory.release(second);
      value(await directory.reserve(other, terms(1)));
    });

    test("of 50 concurrent reservations of one account no more are given than it may hold", async () => {
      const outcomes = await Promise.all(
        Array.from({ length: 50 }, (_, index) => {
          const claim = newClaim(where, account, { stream_name: name(`s${index}`) });
          const slot = { ...slotOf(claim), stream_id: streamId(`acc${index}`, `${index}`) };
          return (index % 2 ? world.directory : world.other).reserve(slot, terms(10));
        }),
      );
      expect(outcomes.filter((outcome) => outcome.ok)).toHaveLength(10);
    });

    test("§3.3.9 guests count against their own limit of the conversation's owner, whose streams they leave alone", async () => {
      const { directory, other } = world;
      const guests = { credential: null, slotsMax: 2 };
      const guest = (text: string, at = where) => {
        const claim = newClaim(at, account, { stream_name: name(text) });
        return { ...slotOf(claim), kind: "guest" as const };
      };
      const stream = slotOf(newClaim(where, account, { stream_name: name("own") }));
      const [a, elsewhere] = [guest("a"), guest("b", await mint({}))];
      expect(value(await directory.reserve(a, guests)).shared).toBe(false);
      value(await other.reserve(elsewhere, guests));
      expect(faultOf(await directory.reserve(guest("c"), guests))).toBe(
        "account_concurrency_limit",
      );
      value(await directory.reserve(stream, terms(1)));
      const heir = guest("a");
      expect(value(await directory.reserve(heir, guests)).shared).toBe(true);
      await directory.keepSlot(heir);
      await directory.release(a);
      await directory.release({ ...heir, kind: "stream" });
      expect(faultOf(await directory.reserve(guest("c"), guests))).toBe(
        "account_concurrency_limit",
      );
      await directory.release(heir);
      value(await directory.reserve(guest("c"), guests));
      const limits = { ...DEPLOYMENT_LIMITS, guests_max: 3 };
      value(await directory.setAccountLimits(account.account_id, limits));
      value(await directory.reserve(guest("d"), guests));
      expect(faultOf(await directory.reserve(guest("e"), guests))).toBe(
        "account_concurrency_limit",
      );
      value(await directory.setAccountLimits(account.account_id, { ...limits, guests_max: 0 }));
      expect(value(await directory.reserve(guest("d"), guests)).shared).toBe(true);
      expect(faultOf(await directory.reserve(guest("e"), guests))).toBe(
        "account_concurrency_limit",
      );
      await directory.deleteAccount(account.account_id);
      expect(faultOf(await directory.reserve(guest("d"), guests))).toBe("conversation_not_found");
      await directory.keepSlot(heir);
      const left = (await world.dump()).filter((line) => line.includes(account.account_id));
      expect(left.filter((line) => !line.includes(" deleted"))).toEqual([]);
    });

    test("§5.6 a snapshot is the roster at exactly the position of its mark", async () => {
      const { directory, other } = world;
      const where = await mint({});
      const churn = async (directoryOf: typeof directory, stream: string) => {
        for (let round = 0; round < 20; round += 1) {
          const claim = newClaim(where, account, { stream_name: name(stream) });
          value(await directoryOf.claim(claim));
          if (round % 3 > 0) await directoryOf.leave(where, claim, { n: round, ts: TS });
        }
      };
      const snapshots = Array.from({ length: 15 }, async (_, index) => {
        const mark = `mark-${index}`;
        return { mark, entries: await other.snapshot(where, { mark, tails: index % 2 === 0 }) };
      });
      await Promise.all([
        ...["a", "b", "c", "d"].map((stream, index) =>
          churn(index % 2 ? directory : other, stream),
        ),
        ...snapshots,
      ]);
      const last = {
        mark: "last",
        entries: await directory.snapshot(where, { mark: "last", tails: false }),
      };
      const taken = new Map(
        [...(await Promise.all(snapshots)), last].map(({ mark, entries }) => [mark, entries]),
      );
      const replica = new Map<string, RosterEntry>();
      let marks = 0;
      for (const event of await eventsAt(where)) {
        apply(replica, event);
        if (event.kind !== "mark") continue;
        marks += 1;
        expect(byName(taken.get(String(event.mark)) ?? [])).toEqual(byName([...replica.values()]));
      }
      expect(marks).toBe(16);
      expect(byName(await directory.roster(where))).toEqual(byName([...replica.values()]));
    });
  });
}

function apply(replica: Map<string, RosterEntry>, event: Record<string, unknown>): void {
  if (event.kind === "claimed") {
    const entry = event.entry as RosterEntry;
    replica.set(entry.stream_id, entry);
  } else if (event.kind === "left") replica.delete(String(event.stream_id));
}

function byName(entries: readonly RosterEntry[]) {
  return [...entries].sort((a, b) => a.stream_name.localeCompare(b.stream_name));
}

/** Keys of accounts: made, used, limited to scopes, revoked. */
import { ACCOUNT_EVENTS_MAX, KEYS_MAX, type Scope } from "@ams/protocol";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { newKeyId } from "../new-ids.ts";
import { type Account, type AccountEvent, type AccountKey, KEY_USE_MS } from "../records.ts";
import {
  faultOf,
  fresh,
  graceOf,
  newAccount,
  newClaim,
  newConversation,
  START_MS,
  slotOf,
  value,
  type World,
  whereOf,
} from "./world.ts";

export function accountKeysContract(open: () => Promise<World>): void {
  describe("keys of accounts", () => {
    let world: World;
    let account: Account;
    let credential: string;
    beforeAll(async () => {
      world = await open();
    });
    afterAll(() => world.close());
    beforeEach(async () => {
      credential = fresh("hash");
      account = value(await world.directory.createAccount(newAccount(), credential));
    });

    const keyOf = (scopes: readonly Scope[], over: Partial<AccountKey> = {}): AccountKey => ({
      key_id: newKeyId(START_MS),
      name: "r\u00e9 } ' porter",
      scopes,
      expires_at_ms: null,
      created_at: new Date(START_MS).toISOString(),
      used_at_ms: null,
      ...over,
    });
    const make = async (scopes: readonly Scope[], over: Partial<AccountKey> = {}) => {
      const [hash, key] = [fresh("key"), keyOf(scopes, over)];
      value(await world.directory.createKey(account.account_id, hash, key));
      return { hash, key };
    };
    const endsOf = async () => {
      const heard = (await world.heard()).filter(
        ({ event }) => event.kind === "credentials_end" && event.account_id === account.account_id,
      );
      return heard.flatMap(({ event }) => event.ends as readonly { credential: string }[]);
    };

    test("§2.2.8 a key is listed as it was made, opens its account, and may do what its scopes say", async () => {
      const { directory, other } = world;
      const { hash, key } = await make(["mint", "read"]);
      expect(await directory.keysOf(account.account_id)).toEqual([key]);
      expect(await other.grantOf(["elsewhere", hash])).toEqual({
        account,
        scopes: ["mint", "read"],
        key_id: key.key_id,
      });
      expect(await directory.accountByCredential([hash])).toBeNull();
      expect(await directory.credentialHolder([hash])).toEqual({
        account_id: account.account_id,
        credential: hash,
      });
      expect(await directory.grantOf([credential])).toEqual({
        account,
        scopes: ["full"],
        key_id: null,
      });
      const full = await make(["full"]);
      expect(await directory.accountByCredential([full.hash])).toEqual(account);
      const nobody = newAccount().account_id;
      expect(await directory.keysOf(nobody)).toBeNull();
      expect(faultOf(await directory.createKey(nobody, fresh("key"), key))).toBe("not_found");
      expect(faultOf(await directory.revokeKey(nobody, key.key_id))).toBe("not_found");
    });

    test("§2.2.9 only keys that may join reserve a quota slot", async () => {
      const { directory } = world;
      const conversation = newConversation(account);
      value(await directory.mint({ conversation, linkHash: "x" }));
      const slot = slotOf(newClaim(whereOf(conversation), account));
      const reserve = (hash: string) => directory.reserve(slot, { credential: hash, slotsMax: 10 });
      const reader = await make(["read", "mint"]);
      expect(faultOf(await reserve(reader.hash))).toBe("insufficient_scope");
      const expires_at_ms = world.clock.ms + 60_000;
      const joiner = await make(["join"], { expires_at_ms });
      expect(value(await reserve(joiner.hash)).credentialEndsMs).toBe(expires_at_ms);
      const full = await make(["full"]);
      expect(value(await reserve(full.hash))).toEqual({ shared: true, credentialEndsMs: null });
    });

    test("§2.13.4 a key is found by its id to check what it signed, while it is live", async () => {
      const { directory, other, clock } = world;
      const expires_at_ms = clock.ms + 1_000;
      const public_key = "k".repeat(43);
      const { hash, key } = await make(["join", "read"], { expires_at_ms, public_key });
      const { account_id } = account;
      const signer = { credential: hash, public_key, scopes: ["join", "read"] };
      expect(await other.keySigner(account_id, key.key_id)).toEqual(signer);
      expect(await directory.keysOf(account_id)).toEqual([key]);
      const earlier = await make(["join"]);
      expect(await directory.keySigner(account_id, earlier.key.key_id)).toBeNull();
      expect(await directory.keySigner(account_id, newKeyId(START_MS))).toBeNull();
      expect(await directory.keySigner(newAccount().account_id, key.key_id)).toBeNull();
      clock.ms = expires_at_ms;
      expect(await other.keySigner(account_id, key.key_id)).toBeNull();
      const again = await make(["join"], { public_key });
      value(await directory.revokeKey(account_id, again.key.key_id));
      expect(await other.keySigner(account_id, again.key.key_id)).toBeNull();
    });

    test("§2.2.10 its last use is kept, to some seconds", async () => {
      const { directory, clock } = world;
      const { hash, key } = await make(["read"]);
      const usedAt = async () => (await directory.keysOf(account.account_id))?.[0]?.used_at_ms;
      const first = clock.ms;
      await directory.grantOf([hash]);
      clock.ms += KEY_USE_MS - 1;
      await directory.grantOf([hash]);
      expect(await usedAt()).toBe(first);
      clock.ms += 1;
      await directory.grantOf([hash]);
      expect(await usedAt()).toBe(first + KEY_USE_MS);
      expect(await directory.keysOf(account.account_id)).toMatchObject([
        { ...key, used_at_ms: clock.ms },
      ]);
    });

    test("§2.2.10 a revoked key opens nothing and is announced; a rotation ends no key", async () => {
      const { directory, other, clock } = world;
      const [gone, stays] = [await make(["join"]), await make(["join"])];
      value(await directory.revokeKey(account.account_id, gone.key.key_id));
      expect(faultOf(await other.revokeKey(account.account_id, gone.key.key_id))).toBe("not_found");
      expect(await directory.grantOf([gone.hash])).toBeNull();
      expect(await endsOf()).toEqual([{ credential: gone.hash, at_ms: clock.ms }]);
      value(await directory.rotateCredential(account.account_id, fresh("hash"), graceOf(0)));
      expect(await directory.grantOf([stays.hash])).not.toBeNull();
      const ends = (await directory.credentialEnds(account.account_id)) ?? [];
      expect(ends).toContainEqual({ credential: stays.hash, at_ms: null });
      expect(ends.map((end) => end.credential)).not.toContain(gone.hash);
      const dump = (await world.dump()).filter((entry) => entry.includes(gone.hash));
      expect(dump).toEqual([]);
    });

    test("§2.2.10 a reset ends every credential and key, announces them, and leaves one", async () => {
      const { directory, other, clock } = world;
      const keys = [await make(["full"]), await make(["join"])];
      const [rotated, newest] = [fresh("hash"), fresh("hash")];
      value(await other.rotateCredential(account.account_id, rotated, graceOf(60_000)));
      const before = (await endsOf()).length;
      value(await directory.resetCredential(account.account_id, newest));
      const ended = [credential, rotated, ...keys.map(({ hash }) => hash)];
      for (const hash of ended) expect(await other.grantOf([hash])).toBeNull();
      expect(await other.keysOf(account.account_id)).toEqual([]);
      const announced = (await endsOf()).slice(before);
      expect(announced).toHaveLength(ended.length);
      for (const hash of ended) {
        expect(announced).toContainEqual({ credential: hash, at_ms: clock.ms });
      }
      const left = [{ credential: newest, at_ms: null }];
      expect(await directory.credentialEnds(account.account_id)).toEqual(left);
      expect(await other.grantOf([newest])).toMatchObject({ scopes: ["full"], key_id: null });
      const dump = await world.dump();
      expect(dump.filter((entry) => ended.some((hash) => entry.includes(hash)))).toEqual([]);
      const nobody = newAccount().account_id;
      expect(faultOf(await directory.resetCredential(nobody, fresh("hash")))).toBe("not_found");
      value(await directory.createKey(account.account_id, fresh("key"), keyOf(["read"])));
    });

    test("§2.2.8 an expired key opens nothing; at 50 live ones another is refused, expired ones make way", async () => {
      const { directory, clock } = world;
      const brief = await make(["read"], { expires_at_ms: clock.ms + 1_000 });
      for (let count = 2; count <= KEYS_MAX; count += 1) await make(["read"]);
      const more = () => directory.createKey(account.account_id, fresh("key"), keyOf(["read"]));
      expect(faultOf(await more())).toBe("key_limit");
      expect(await directory.grantOf([brief.hash])).not.toBeNull();
      clock.ms += 1_000;
      expect(await directory.grantOf([brief.hash])).toBeNull();
      const ends = (await directory.credentialEnds(account.account_id)) ?? [];
      expect(ends.map((end) => end.credential)).not.toContain(brief.hash);
      value(await more());
      expect(faultOf(await more())).toBe("key_limit");
      expect(await directory.keysOf(account.account_id)).toHaveLength(KEYS_MAX);
    });

    test("§2.2.11 the use of an account counts what it holds, over all gateways, and falls again", async () => {
      const { directory, other } = world;
      const rates = { frames: 0, bytes: 0, deliveries: 0 };
      const none = { streams: 0, guests: 0, conversations: 0, keys: 0, rates };
      expect(await directory.accountUse(account.account_id)).toEqual(none);
      const made = [newConversation(account), newConversation(account)] as const;
      for (const conversation of made) value(await directory.mint({ conversation, linkHash: "x" }));
      await make(["read"]);
      const slots = made.map((conversation, index) =>
        slotOf(newClaim(whereOf(conversation), account, { gateway: `gateway-${index}` })),
      );
      const terms = { credential, slotsMax: 10 };
      for (const slot of slots) value(await other.reserve(slot, terms));
      const [first] = slots;
      if (first === undefined) throw new Error("no slot");
      const guest = { ...first, kind: "guest" as const };
      value(await directory.reserve(guest, { credential: null, slotsMax: 10 }));
      const use = { streams: 2, guests: 1, conversations: 2, keys: 1, rates };
      expect(await other.accountUse(account.account_id)).toEqual(use);
      for (const slot of slots) await directory.release(slot);
      await directory.release(guest);
      for (const conversation of made) value(await directory.deleteConversation(conversation));
      expect(await directory.accountUse(account.account_id)).toEqual({ ...none, keys: 1 });
      expect(await directory.accountUse(newAccount().account_id)).toBeNull();
    });

    test("§2.2.12 an account's log is the newest first, complete over pages, bounded, and ends with it", async () => {
      const { directory, other } = world;
      const { account_id } = account;
      const eventOf = (target: string): AccountEvent => ({
        action: "link_created",
        at: new Date(START_MS).toISOString(),
        actor: "credential",
        target,
        request_id: "req_1",
      });
      const page = (before: string | null, limit = 3) =>
        directory.eventsOf(account_id, { before, limit });
      expect(await page(null)).toEqual([]);
      for (let count = 1; count <= 7; count += 1) {
        await (count % 2 ? directory : other).recordEvent(account_id, eventOf(`a${count}`));
      }
      const targets: (string | null)[] = [];
      let before: string | null = null;
      for (let pages = 0; pages < 4; pages += 1) {
        const events = await page(before);
        targets.push(...events.map(({ target }) => target));
        before = events.at(-1)?.event_id ?? before;
      }
      expect(targets).toEqual(["a7", "a6", "a5", "a4", "a3", "a2", "a1"]);
      const [{ event_id, ...newest } = { event_id: "" }] = await page(null);
      expect(newest).toEqual(eventOf("a7"));
      expect(event_id).toMatch(/^\d{1,16}-\d{1,19}$/);
      for (let count = 0; count < ACCOUNT_EVENTS_MAX; count += 1) {
        await directory.recordEvent(account_id, eventOf("more"));
      }
      const kept = await page(null, 2 * ACCOUNT_EVENTS_MAX);
      expect(kept.length).toBeGreaterThanOrEqual(ACCOUNT_EVENTS_MAX);
      expect(kept.length).toBeLessThan(1.2 * ACCOUNT_EVENTS_MAX);
      await directory.deleteAccount(account_id);
      await directory.recordEvent(account_id, eventOf("late"));
      expect(await page(null)).toEqual([]);
    });

    test("§2.2.5 keys end with their account, and leave nothing", async () => {
      const { directory } = world;
      const { hash } = await make(["full"]);
      await directory.deleteAccount(account.account_id);
      expect(await directory.grantOf([hash])).toBeNull();
      expect((await world.dump()).filter((entry) => entry.includes(hash))).toEqual([]);
    });
  });
}

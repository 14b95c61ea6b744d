/** Webhooks of accounts, and what happens appended for them in the step that changes it. */
import { WEBHOOKS_MAX } from "@ams/protocol";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Account, Conversation } from "../records.ts";
import { DELIVERIES_MAX, type Delivery, OUTBOX_EVENTS_MAX, type Webhook } from "../webhooks.ts";
import {
  faultOf,
  fresh,
  name,
  newAccount,
  newClaim,
  newConversation,
  slotOf,
  value,
  type World,
  whereOf,
} from "./world.ts";

const CREATED = "2026-01-01T00:00:00.000Z";

export function outboxContract(open: () => Promise<World>): void {
  describe("webhooks and their events", () => {
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

    const hookOf = (over: Partial<Webhook> = {}): Webhook => ({
      webhook_id: fresh("wh"),
      url: "https://example.com/hook",
      types: ["stream.joined"],
      secrets: ["sealed"],
      rotated_at: null,
      created_at: CREATED,
      disabled: null,
      ...over,
    });
    const mint = async (observer: string | null | false = null) => {
      const conversation = newConversation(account);
      value(await world.directory.mint({ conversation, linkHash: "x" }));
      if (observer !== false) {
        value(await world.directory.optIn(conversation, { observer }));
      }
      return conversation;
    };
    const take = async () => {
      const entries = [];
      for (;;) {
        const some = await world.other.readOutbox(100);
        if (some.length === 0) break;
        await world.directory.removeFromOutbox(some.map(({ at }) => at));
        entries.push(...some);
      }
      return entries.filter(({ owner }) =>
        [account.namespace, account.account_id].includes(owner as never),
      );
    };
    const types = async () => (await take()).map(({ type }) => type);
    const join = async (conversation: Conversation, stream: string) => {
      const claim = newClaim(whereOf(conversation), account, { stream_name: name(stream) });
      value(await world.directory.claim(claim));
      return claim;
    };

    test("§2.15.3 a conversation that opted in says opened, joined, left, empty, closed, in that order", async () => {
      const { directory } = world;
      const conversation = await mint();
      expect(await directory.optedIn(conversation)).toEqual({ observer: null });
      const a = await join(conversation, "a");
      const b = await join(conversation, "b");
      await join(conversation, "b"); // A takeover is no join.
      await directory.leave(a.where, a, { n: null, ts: CREATED });
      expect(await types()).toEqual([
        "conversation.opened",
        "stream.joined",
        "stream.joined",
        "stream.left",
      ]);
      const [live] = await directory.roster(b.where);
      await directory.leave(b.where, { ...b, ...live }, { n: null, ts: CREATED });
      value(await directory.deleteConversation(conversation));
      const last = await take();
      expect(last.map(({ type }) => type)).toEqual([
        "stream.left",
        "conversation.empty",
        "conversation.closed",
      ]);
      const { conversation_id, alias } = conversation;
      const data = {
        stream_id: b.stream_id,
        stream_name: "b",
        owner_account_id: account.account_id,
      };
      expect(last[0]).toMatchObject({
        owner: account.namespace,
        data: { conversation_id, alias, ...data },
      });
      expect(last[2]?.data).toEqual({ conversation_id, alias });
      expect(Number.isSafeInteger(last[2]?.at_ms)).toBe(true);
    });

    test("§2.15.3 one that didn't opt in, or opted out again, appends nothing", async () => {
      const { directory } = world;
      const quiet = await mint(false);
      expect(await directory.optedIn(quiet)).toBeNull();
      await join(quiet, "a");
      const out = await mint();
      value(await directory.optIn(out, null));
      await join(out, "a");
      value(await directory.deleteConversation(out));
      expect(await take()).toEqual([]);
      expect(faultOf(await directory.optIn(newConversation(account), null))).toBe("not_found");
    });

    test("§2.15.3 the observer is no event, and keeps no conversation from being empty", async () => {
      const { directory } = world;
      const conversation = await mint("observer-x");
      await join(conversation, "observer-x");
      expect(await types()).toEqual([]);
      const a = await join(conversation, "a");
      await directory.leave(a.where, a, { n: null, ts: CREATED });
      expect(await types()).toEqual([
        "conversation.opened",
        "stream.joined",
        "stream.left",
        "conversation.empty",
      ]);
    });

    test("§2.15.3 a stream that a sweep removes has left, and one that is claimed again has joined", async () => {
      const { directory } = world;
      const conversation = await mint();
      const claim = newClaim(whereOf(conversation), account, { gateway: fresh("gateway") });
      await directory.heartbeat(claim.gateway, 0);
      const { entry } = value(await directory.claim(claim));
      expect(await directory.sweep()).toBe(1);
      value(await directory.reclaim(claim.where, entry));
      expect(await types()).toEqual([
        "conversation.opened",
        "stream.joined",
        "stream.left",
        "conversation.empty",
        "conversation.opened",
        "stream.joined",
      ]);
    });

    test("§2.15.3 a limit is reported once a minute, and only to an account with a webhook", async () => {
      const { directory, clock } = world;
      const conversation = await mint();
      const slot = slotOf(newClaim(whereOf(conversation), account));
      const full = () => directory.reserve(slot, { credential, slotsMax: 0 });
      expect(faultOf(await full())).toBe("account_concurrency_limit");
      expect(await take()).toEqual([]);
      const other = value(await directory.createAccount(newAccount(), fresh("hash")));
      clock.ms += 60_000;
      for (const { account_id } of [account, other]) {
        value(await directory.putWebhook(account_id, hookOf(), null));
      }
      for (let count = 0; count < 3; count += 1) {
        await directory.reportLimit(account.account_id, "messages_per_day", 5);
      }
      const reported = await take();
      expect(reported.map(({ type, data }) => [type, data])).toEqual([
        ["limit.reached", { limit: "messages_per_day", max: 5 }],
      ]);
      expect(reported[0]?.owner).toBe(account.account_id);
      const claim = newClaim(whereOf(conversation), account, { subscribersMax: 0 });
      for (let count = 0; count < 3; count += 1) {
        expect(faultOf(await directory.claim(claim))).toBe("conversation_subscriber_limit");
      }
      expect((await take()).map(({ data }) => data)).toMatchObject([
        { alias: conversation.alias, limit: "subscribers_max", max: 0 },
      ]);
    });

    test("§2.15.4 reading removes nothing; an owner with many events doesn't hide another's", async () => {
      const { directory } = world;
      value(await directory.putWebhook(account.account_id, hookOf(), null));
      for (let count = 0; count < 200; count += 1) {
        await directory.appendToOutbox(account.account_id, "replay", { count });
      }
      const quiet = value(await directory.createAccount(newAccount(), fresh("hash")));
      value(await directory.putWebhook(quiet.account_id, hookOf(), null));
      await directory.appendToOutbox(quiet.account_id, "replay", { quiet: true });
      const owners = new Set<string>();
      for (let read = 0; read < 20; read += 1) {
        for (const { owner } of await directory.readOutbox(60)) owners.add(owner);
      }
      expect([...owners].sort()).toEqual([account.account_id, quiet.account_id].sort());
      expect((await take()).map(({ data }) => data.count)).toEqual(
        Array.from({ length: 200 }, (_, count) => count),
      );
      expect(await directory.readOutbox(10)).toEqual([]);
    });

    test("§2.15.4 past its bound events are lost and counted, and none after that once it is read", async () => {
      const { directory } = world;
      value(await directory.putWebhook(account.account_id, hookOf(), null));
      const append = () => directory.appendToOutbox(account.account_id, "replay", {});
      for (let count = 0; count < OUTBOX_EVENTS_MAX; count += 1) expect(await append()).toBe(true);
      expect(await append()).toBe(false);
      expect(await append()).toBe(false);
      let [lost, removed] = [0, 0];
      for (;;) {
        const some = await directory.readOutbox(500);
        if (some.length === 0) break;
        lost += await directory.removeFromOutbox(some.map(({ at }) => at));
        removed += some.length;
      }
      expect([lost, removed]).toEqual([2, OUTBOX_EVENTS_MAX]);
      expect(await append()).toBe(true);
      await take();
      expect(await directory.appendToOutbox(newAccount().account_id, "replay", {})).toBe(false);
    });

    test("§2.15.1 webhooks are kept as they are, up to ten, and replaced only as they were", async () => {
      const { directory, other } = world;
      const id = account.account_id;
      expect(await directory.webhooksOf(id)).toEqual([]);
      expect(await directory.webhooksOf(newAccount().account_id)).toBeNull();
      const [first, ...more] = Array.from({ length: WEBHOOKS_MAX }, () => hookOf());
      if (first === undefined) throw new Error("no webhook");
      for (const one of [first, ...more]) value(await directory.putWebhook(id, one, null));
      expect(faultOf(await directory.putWebhook(id, hookOf(), null))).toBe("webhook_limit");
      const changed = { ...first, disabled: { at: CREATED, reason: "owner" as const } };
      value(await other.putWebhook(id, changed, first));
      expect(faultOf(await directory.putWebhook(id, first, first))).toBe("changed");
      expect(await directory.webhooksOf(id)).toContainEqual(changed);
      value(await directory.removeWebhook(id, first.webhook_id));
      expect(faultOf(await other.removeWebhook(id, first.webhook_id))).toBe("not_found");
      expect(faultOf(await directory.putWebhook(id, first, changed))).toBe("changed");
      expect(await directory.webhooksOf(id)).toHaveLength(WEBHOOKS_MAX - 1);
      const nobody = newAccount().account_id;
      expect(faultOf(await directory.putWebhook(nobody, hookOf(), null))).toBe("not_found");
      for (const { webhook_id } of more) value(await directory.removeWebhook(id, webhook_id));
      expect(await directory.appendToOutbox(id, "replay", {})).toBe(false);
    });

    test("§2.15.7 the log of attempts is by webhook, the newest first, complete over pages, bounded", async () => {
      const { directory, other } = world;
      const id = account.account_id;
      const attempt = (webhook_id: string, message_id: string): Delivery => ({
        message_id,
        webhook_id,
        type: "stream.joined",
        attempt: 1,
        at: CREATED,
        status: "delivered",
        http_status: 204,
        error: null,
        took_ms: 3,
        next_attempt_at: null,
      });
      for (let count = 1; count <= 7; count += 1) {
        await other.recordDeliveries(id, [attempt("a", `m${count}`), attempt("b", "other")]);
      }
      const seen: string[] = [];
      let before: string | null = null;
      for (let pages = 0; pages < 4; pages += 1) {
        const page = await directory.deliveriesOf(id, "a", { before, limit: 3 });
        seen.push(...page.map(({ message_id }) => message_id));
        before = page.at(-1)?.delivery_id ?? before;
      }
      expect(seen).toEqual(["m7", "m6", "m5", "m4", "m3", "m2", "m1"]);
      const many = Array.from({ length: 100 }, (_, index) => attempt("c", `n${index}`));
      for (let count = 0; count < 14; count += 1) await directory.recordDeliveries(id, many);
      const kept = await directory.deliveriesOf(id, "c", { before: null, limit: 5_000 });
      expect(kept.length).toBeGreaterThanOrEqual(DELIVERIES_MAX);
      expect(kept.length).toBeLessThan(DELIVERIES_MAX + 200);
      await directory.deleteAccount(id);
      await directory.recordDeliveries(id, many);
      expect(await directory.deliveriesOf(id, "c", { before: null, limit: 5 })).toEqual([]);
      expect((await world.dump()).filter((entry) => entry.includes(`${id}:`))).toEqual([]);
    });
  });
}

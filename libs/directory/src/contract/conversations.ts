/** Conversations, links, and listing. */
import { type Alias, type ConversationId, LINKS_MAX, trustJsonText } from "@ams/protocol";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Account, RosterEntry } from "../records.ts";
import {
  faultOf,
  fresh,
  name,
  newAccount,
  newClaim,
  newConversation,
  START_MS,
  value,
  type World,
  whereOf,
} from "./world.ts";

export const LOSSLESS =
  '{"a":12345678901234567890,"b":1.0,"__proto__":1,"c":[],"d":"\\ud83d\\ude00\\u0000/é😀"}';

export function conversationsContract(open: () => Promise<World>): void {
  describe("conversations", () => {
    let world: World;
    let account: Account;
    beforeAll(async () => {
      world = await open();
    });
    afterAll(() => world.close());
    beforeEach(async () => {
      account = value(await world.directory.createAccount(newAccount(), fresh("hash")));
    });

    test("§2.3.1 of 50 concurrent mints of one alias exactly one wins", async () => {
      const { directory, other } = world;
      const alias = fresh("one") as Alias;
      const outcomes = await Promise.all(
        Array.from({ length: 50 }, (_, index) => {
          const conversation = newConversation(account, { alias });
          return (index % 2 ? directory : other).mint({ conversation, linkHash: `h${index}` });
        }),
      );
      const won = outcomes.filter((outcome) => outcome.ok);
      expect(won).toHaveLength(1);
      const admission = await directory.admission({ namespace: account.namespace, alias });
      expect(admission?.conversation).toEqual(won[0]?.value.conversation);
      expect(admission?.links).toHaveLength(1);
      const page = value(
        await directory.listConversations(account.namespace, { cursor: null, limit: 10 }),
      );
      expect(page.conversations).toHaveLength(1);
    });

    test("§1.7 a conversation comes back as it was minted, its metadata digit for digit", async () => {
      const { directory } = world;
      const conversation = newConversation(account, {
        metadata: trustJsonText(LOSSLESS),
        max_joins: 5,
        subscribers_max: 9,
        expires_at_ms: START_MS + 1,
      });
      const minted = value(await directory.mint({ conversation, linkHash: "abc" }));
      expect(minted).toEqual({ conversation, created: true });
      expect(await directory.admission(conversation)).toEqual({
        conversation,
        links: [{ number: 1, hash: "abc" }],
        joins: 0,
      });
      expect(await directory.admission({ ...conversation, alias: "nowhere" as Alias })).toBeNull();
    });

    test("§2.6.3 minting the same canonical input again adds a link, whatever the alias; the 33rd ends the oldest", async () => {
      const { directory } = world;
      const first = canonical(account, "f".repeat(64));
      value(await directory.mint({ conversation: first, linkHash: "l1" }));
      for (let link = 2; link <= LINKS_MAX + 1; link += 1) {
        const conversation = {
          ...first,
          alias: fresh("asked") as Alias,
          created_at: new Date(START_MS + link).toISOString(),
        };
        const minted = value(await directory.mint({ conversation, linkHash: `l${link}` }));
        expect(minted).toEqual({ conversation: first, created: false });
      }
      const links = (await directory.admission(first))?.links ?? [];
      expect(links).toHaveLength(LINKS_MAX);
      expect(links[0]).toEqual({ number: 2, hash: "l2" });
      expect(links.at(-1)).toEqual({ number: 33, hash: "l33" });
      const page = value(
        await directory.listConversations(account.namespace, { cursor: null, limit: 10 }),
      );
      expect(page.conversations).toEqual([first]);
    });

    test("§2.6.1 concurrent mints of one canonical input make one conversation; after its end the input makes a new one", async () => {
      const { directory, other } = world;
      const id = "e".repeat(64);
      const minted = await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          (index % 2 ? directory : other).mint({
            conversation: canonical(account, id),
            linkHash: `h${index}`,
          }),
        ),
      );
      expect(minted.filter((outcome) => value(outcome).created)).toHaveLength(1);
      const aliases = new Set(minted.map((outcome) => value(outcome).conversation.alias));
      expect(aliases.size).toBe(1);
      const { conversation } = value(minted[0] ?? { ok: false, fault: "none" });
      expect((await directory.admission(conversation))?.links).toHaveLength(20);
      value(await directory.deleteConversation(conversation));
      const again = canonical(account, id);
      expect(value(await directory.mint({ conversation: again, linkHash: "x" }))).toEqual({
        conversation: again,
        created: true,
      });
    });

    test("§2.7.4 a conversation that is minted again is another one to whoever has the old one's channel, and its counters go on", async () => {
      const { directory } = world;
      const id = "f".repeat(64);
      let before: RosterEntry | null = null;
      for (let round = 1; round <= 3; round += 1) {
        const conversation = canonical(account, id);
        const minted = value(await directory.mint({ conversation, linkHash: `h${round}` }));
        expect(minted).toEqual({ conversation, created: true });
        const where = whereOf(conversation);
        const [link] = (await directory.admission(conversation))?.links ?? [];
        expect(link).toEqual({ number: 2 * round - 1, hash: `h${round}` });
        const claim = newClaim(where, account, { link: 2 * round - 1 });
        const { entry } = value(await directory.claim(claim));
        expect(entry.epoch).toBeGreaterThan(before?.epoch ?? 0);
        before = entry;
        value(await directory.deleteConversation(conversation));
        const again = { ...canonical(account, id), alias: conversation.alias };
        value(await directory.mint({ conversation: again, linkHash: "again" }));
        const channel = directory.channels.conversation(where);
        expect(directory.channels.conversation(whereOf(again))).not.toBe(channel);
        expect(await directory.snapshot(where, { mark: "m", tails: true })).toBeNull();
        expect(faultOf(await directory.reclaim(where, entry))).toBe("conversation_not_found");
        const late = newClaim(where, account, { link: 2 * round });
        expect(faultOf(await directory.claim(late))).toBe("conversation_not_found");
        expect(await directory.roster(whereOf(again))).toEqual([]);
        expect((await directory.admission(again))?.conversation).toEqual(again);
        value(await directory.deleteConversation(again));
      }
    });

    test("§2.3.6 a new link begins the count of joins anew, so that one that was used up by a guest is no end", async () => {
      const { directory } = world;
      const conversation = newConversation(account, { max_joins: 3 });
      value(await directory.mint({ conversation, linkHash: "x" }));
      const limited = whereOf(conversation);
      const join = (text: string, link: number) =>
        directory.claim(newClaim(limited, account, { stream_name: name(text), link }));
      for (const text of ["a", "b", "c"]) value(await join(text, 1));
      expect(faultOf(await join("d", 1))).toBe("invalid_magic_link");
      const { number } = value(await directory.replaceLinks(limited.address, "y", true));
      expect((await directory.admission(limited.address))?.joins).toBe(0);
      for (const text of ["d", "e", "f"]) value(await join(text, number));
      expect(faultOf(await join("g", number))).toBe("invalid_magic_link");
    });

    test("§2.3.9 of concurrent mints exactly as many are ok as the account may have, and an end frees one", async () => {
      const { directory, other } = world;
      const conversationsMax = 4;
      const made = Array.from({ length: 10 }, () => newConversation(account));
      const outcomes = await Promise.all(
        made.map((conversation, index) =>
          (index % 2 ? directory : other).mint({ conversation, linkHash: "x", conversationsMax }),
        ),
      );
      const faults = outcomes.map(faultOf).filter((fault) => fault !== null);
      expect(faults).toEqual(Array.from({ length: 6 }, () => "conversation_limit"));
      const [first] = outcomes.filter((outcome) => outcome.ok).map((one) => one.value.conversation);
      value(await directory.deleteConversation(first ?? newConversation(account)));
      const conversation = canonical(account, "c".repeat(64));
      const wanted = { conversation, linkHash: "x", conversationsMax };
      expect(value(await directory.mint(wanted)).created).toBe(true);
      const again = { ...conversation, generation: "another", alias: fresh("alias") as Alias };
      const linked = await directory.mint({ ...wanted, conversation: again });
      expect(value(linked)).toEqual({ conversation, created: false });
      const other_ = canonical(account, "b".repeat(64));
      const refused = await directory.mint({ ...wanted, conversation: other_ });
      expect(faultOf(refused)).toBe("conversation_limit");
      value(await directory.deleteConversation(conversation));
      expect(value(await directory.mint({ ...wanted, conversation: other_ })).created).toBe(true);
    });

    test("a canonical conversation does not take an alias that another one has", async () => {
      const { directory } = world;
      const there = newConversation(account);
      value(await directory.mint({ conversation: there, linkHash: "x" }));
      const wanted = { ...canonical(account, "d".repeat(64)), alias: there.alias };
      expect(faultOf(await directory.mint({ conversation: wanted, linkHash: "x" }))).toBe(
        "alias_taken",
      );
      const elsewhere = { ...wanted, alias: fresh("free") as Alias };
      expect(value(await directory.mint({ conversation: elsewhere, linkHash: "x" })).created).toBe(
        true,
      );
    });

    test("§2.4 a listing is oldest first, complete over pages, and its cursor is checked", async () => {
      const { directory } = world;
      const made = [5, 1, 4, 2, 3].map((second) =>
        newConversation(account, { created_at: new Date(START_MS + second * 1_000).toISOString() }),
      );
      for (const conversation of made) value(await directory.mint({ conversation, linkHash: "x" }));
      const sorted = [...made].sort((a, b) => a.created_at.localeCompare(b.created_at));
      const first = value(
        await directory.listConversations(account.namespace, { cursor: null, limit: 2 }),
      );
      expect(first.conversations).toEqual(sorted.slice(0, 2));
      value(await directory.deleteConversation(sorted[1] ?? made[0] ?? newConversation(account)));
      const second = value(
        await directory.listConversations(account.namespace, {
          cursor: first.next_cursor,
          limit: 3,
        }),
      );
      expect(second.conversations).toEqual(sorted.slice(2));
      expect(second.next_cursor).toBeNull();
      for (const cursor of ["", "x", Buffer.from("2026 conv_ a").toString("base64url")]) {
        const page = await directory.listConversations(account.namespace, { cursor, limit: 2 });
        expect(faultOf(page)).toBe("invalid_cursor");
      }
    });

    test("§2.7 a new link ends all earlier ones, and says so unless the sockets are kept", async () => {
      const { directory } = world;
      const conversation = newConversation(account);
      value(await directory.mint({ conversation, linkHash: "one" }));
      expect(value(await directory.replaceLinks(conversation, "two", true))).toEqual({
        number: 2,
        hash: "two",
      });
      expect(value(await directory.replaceLinks(conversation, "three", false))).toEqual({
        number: 3,
        hash: "three",
      });
      expect((await directory.admission(conversation))?.links).toEqual([
        { number: 3, hash: "three" },
      ]);
      const channel = directory.channels.conversation(whereOf(conversation));
      const events = (await world.heard()).filter((heard) => heard.channel === channel);
      expect(events.map(({ event }) => event)).toEqual([{ kind: "links_revoked", up_to: 2 }]);
      const late = newClaim(whereOf(conversation), account, { link: 1 });
      expect(faultOf(await directory.claim(late))).toBe("invalid_magic_link");
      const nowhere = { ...conversation, alias: "nowhere" as Alias };
      expect(faultOf(await directory.replaceLinks(nowhere, "x", false))).toBe("not_found");
    });

    test("§2.7.2 a deleted conversation leaves nothing, frees its alias and announces that it closed", async () => {
      const { directory } = world;
      const conversation = newConversation(account, { max_joins: 3 });
      value(await directory.mint({ conversation, linkHash: "x" }));
      const claim = newClaim(whereOf(conversation), account);
      value(await directory.claim(claim));
      value(await directory.deleteConversation(conversation));
      expect(faultOf(await directory.deleteConversation(conversation))).toBe("not_found");
      expect(await directory.roster(whereOf(conversation))).toEqual([]);
      expect(
        await directory.snapshot(whereOf(conversation), { mark: "m", tails: false }),
      ).toBeNull();
      expect(faultOf(await directory.claim(claim))).toBe("conversation_not_found");
      const left = (await world.dump()).filter((line) =>
        line.includes(conversation.conversation_id),
      );
      expect(left).toEqual([]);
      const channel = directory.channels.conversation(whereOf(conversation));
      const events = (await world.heard()).filter((heard) => heard.channel === channel);
      expect(events.at(-1)?.event).toEqual({ kind: "closed" });
      const again = newConversation(account, { alias: conversation.alias });
      expect(value(await directory.mint({ conversation: again, linkHash: "x" })).created).toBe(
        true,
      );
      expect(faultOf(await directory.claim(claim))).toBe("conversation_not_found");
      expect((await directory.admission(again))?.joins).toBe(0);
    });
  });
}

function canonical(account: Account, hex: string) {
  return newConversation(account, {
    id_kind: "jcs-sha256",
    conversation_id: `conv_${hex}` as ConversationId,
  });
}

/** Links with terms: made, used, counted, revoked alone. */
import { LINKS_MAX } from "@ams/protocol";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Account, type Conversation, type LinkTerms, NO_LINK } from "../records.ts";
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

const PLAIN: LinkTerms = {
  name: null,
  read_only: false,
  stream_name: null,
  expires_at_ms: null,
  max_joins: null,
  created_at: new Date(START_MS).toISOString(),
};

export function linksContract(open: () => Promise<World>): void {
  describe("links with terms", () => {
    let world: World;
    let account: Account;
    let conversation: Conversation;
    beforeAll(async () => {
      world = await open();
    });
    afterAll(() => world.close());
    beforeEach(async () => {
      account = value(await world.directory.createAccount(newAccount(), fresh("hash")));
      conversation = newConversation(account);
      value(await world.directory.mint({ conversation, linkHash: "0a" }));
    });

    const make = (terms: Partial<LinkTerms>, hash = fresh("b")) =>
      world.directory.createLink(conversation, hash, { ...PLAIN, ...terms });
    const claim = (stream: string, link: number, from = world.directory) =>
      from.claim(newClaim(whereOf(conversation), account, { stream_name: name(stream), link }));
    const events = async () => {
      const channel = world.directory.channels.conversation(whereOf(conversation));
      const heard = (await world.heard()).filter((one) => one.channel === channel);
      return heard.map(({ event }) => event);
    };

    test("§2.7.5 a link comes back with its terms, and earlier links stay", async () => {
      const { directory } = world;
      const terms: LinkTerms = {
        name: "fürs Publikum \u2028 } ~",
        read_only: true,
        stream_name: name("reader"),
        expires_at_ms: START_MS + 5_000,
        max_joins: 3,
        created_at: new Date(START_MS).toISOString(),
      };
      expect(value(await make(terms, "0b"))).toEqual({ number: 2, hash: "0b", terms });
      expect((await directory.admission(conversation))?.links).toEqual([
        { number: 1, hash: "0a" },
        { number: 2, hash: "0b", terms, joins: 0 },
      ]);
      const nowhere = newConversation(account);
      expect(faultOf(await directory.createLink(nowhere, "0c", PLAIN))).toBe("not_found");
      expect(faultOf(await directory.revokeLink(nowhere, 1))).toBe("not_found");
      expect(await directory.linkUses(nowhere)).toBeNull();
    });

    test("§2.7.5 of concurrent joins by a link of N exactly N streams come in; who was counted comes back", async () => {
      const { number } = value(await make({ max_joins: 3 }));
      const asked = Array.from({ length: 10 }, (_, index) =>
        claim(`s${index}`, number, index % 2 ? world.directory : world.other),
      );
      const outcomes = await Promise.all(asked);
      const won = outcomes.flatMap((outcome) => (outcome.ok ? [outcome.value.entry] : []));
      expect(won).toHaveLength(3);
      const faults = outcomes.map(faultOf).filter((fault) => fault !== null);
      expect(new Set(faults)).toEqual(new Set(["invalid_magic_link"]));
      const [first] = won;
      if (first === undefined) throw new Error("nobody came in");
      const last = { n: null, ts: new Date(START_MS).toISOString() };
      await world.directory.leave(whereOf(conversation), first, last);
      value(await claim(first.stream_name, number));
      expect(faultOf(await claim("another", number))).toBe("invalid_magic_link");
      value(await claim("another", 1)); // The plain link is not touched by it.
      const links = (await world.directory.admission(conversation))?.links ?? [];
      expect(links[1]).toMatchObject({ number, joins: 3 });
    });

    test("§2.7.5 the conversation's own max_joins holds beside that of a link", async () => {
      conversation = newConversation(account, { max_joins: 1 });
      value(await world.directory.mint({ conversation, linkHash: "0a" }));
      const { number } = value(await make({ max_joins: 5 }));
      value(await claim("a", number));
      expect(faultOf(await claim("b", number))).toBe("invalid_magic_link");
      expect((await world.directory.admission(conversation))?.links[1]?.joins).toBe(1);
    });

    test("§2.7.6 uses count connects of each link, plain ones too, with the time of the last", async () => {
      const { directory } = world;
      const { number } = value(await make({ name: "audience" }));
      expect(await directory.linkUses(conversation)).toEqual([
        { number: 1, uses: 0, used_at_ms: null },
        { number, uses: 0, used_at_ms: null },
      ]);
      for (const stream of ["a", "b", "a"]) value(await claim(stream, number));
      value(await claim("c", 1));
      const uses = (await directory.linkUses(conversation)) ?? [];
      expect(uses.map((use) => use.uses)).toEqual([1, 3]);
      for (const { used_at_ms } of uses) expect(used_at_ms).toBeGreaterThan(1_600_000_000_000);
    });

    test("§2.7.6 the 33rd link is refused, unless an expired one makes way; a mint ends a plain one first", async () => {
      const { directory, clock } = world;
      const made: number[] = [];
      for (let count = 2; count <= LINKS_MAX; count += 1) {
        const expires_at_ms = count === 5 ? clock.ms + 1_000 : null;
        made.push(value(await make({ expires_at_ms })).number);
      }
      expect(faultOf(await make({}))).toBe("link_limit");
      clock.ms += 1_001;
      const next = value(await make({}));
      const links = (await directory.admission(conversation))?.links ?? [];
      expect(links).toHaveLength(LINKS_MAX);
      const expected = [1, ...made.filter((number) => number !== 5), next.number];
      expect(links.map(({ number }) => number)).toEqual(expected);
    });

    test("§2.6.3 minting a canonical input past 32 links ends the oldest plain one, else the oldest", async () => {
      const { directory } = world;
      const conversation_id = `conv_${"a7".repeat(32)}` as Conversation["conversation_id"];
      conversation = newConversation(account, { id_kind: "jcs-sha256", conversation_id });
      const again = () =>
        directory.mint({
          conversation: { ...conversation, generation: fresh("g") },
          linkHash: fresh("0"),
        });
      value(await directory.mint({ conversation, linkHash: "0a" }));
      for (let count = 2; count < LINKS_MAX; count += 1) value(await make({}));
      value(await again());
      const numbers = async () => {
        const links = (await directory.admission(conversation))?.links ?? [];
        return links.map(({ number }) => number);
      };
      expect((await numbers()).slice(0, 2)).toEqual([1, 2]);
      value(await again()); // Ends 1.
      value(await again()); // Ends the plain one that was minted before.
      const left = await numbers();
      expect(left).toHaveLength(LINKS_MAX);
      expect(left[0]).toBe(2);
      expect(left.slice(-2)).toEqual([LINKS_MAX + 1, LINKS_MAX + 2]);
    });

    test("§2.7.7 a link is revoked alone, announced, and again to whoever asks what was missed", async () => {
      const { directory, other } = world;
      const { number } = value(await make({ max_joins: 2 }));
      const { number: stays } = value(await make({}));
      value(await claim("a", number));
      value(await directory.revokeLink(conversation, number));
      expect(faultOf(await other.revokeLink(conversation, number))).toBe("not_found");
      expect(faultOf(await claim("b", number))).toBe("invalid_magic_link");
      value(await claim("c", stays));
      value(await directory.revokeLink(conversation, 1));
      const links = (await directory.admission(conversation))?.links ?? [];
      expect(links.map((link) => link.number)).toEqual([stays]);
      const revoked = (await events()).filter(({ kind }) => kind === "link_revoked");
      expect(revoked).toEqual([
        { kind: "link_revoked", links: [number] },
        { kind: "link_revoked", links: [1] },
      ]);
    });

    test("§2.13.5 a claim without a link is granted, counts for the conversation, and is no use of a link", async () => {
      const { directory, other } = world;
      const { number } = value(await make({}));
      const limited = { ...newConversation(account), max_joins: 1 };
      value(await directory.mint({ conversation: limited, linkHash: "0d" }));
      value(await claim("a", NO_LINK));
      const uses = (await other.linkUses(conversation)) ?? [];
      expect(uses.find((use) => use.number === number)?.uses).toBe(0);
      const claimIn = (stream: string) => {
        const over = { stream_name: name(stream), link: NO_LINK };
        return directory.claim(newClaim(whereOf(limited), account, over));
      };
      value(await claimIn("a"));
      expect(faultOf(await claimIn("b"))).toBe("invalid_magic_link");
    });

    test("§2.7 replacing the links ends those with terms too, and leaves no trace of their use", async () => {
      const { directory } = world;
      const { number } = value(await make({ max_joins: 2 }));
      value(await claim("a", number));
      value(await directory.replaceLinks(conversation, "0c", false));
      expect(faultOf(await claim("b", number))).toBe("invalid_magic_link");
      expect(await directory.linkUses(conversation)).toEqual([
        { number: number + 1, uses: 0, used_at_ms: null },
      ]);
    });
  });
}

/** Accounts, credentials, and the end of an account. */
import type { AccountId } from "@ams/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { CredentialEnd } from "../directory.ts";
import { DEPLOYMENT_LIMITS } from "../limits.ts";
import {
  faultOf,
  fresh,
  graceOf,
  newAccount,
  newClaim,
  newConversation,
  slotOf,
  value,
  type World,
  whereOf,
} from "./world.ts";

const UNTIL_USED = { ms: 86_400_000, untilUsed: true };

export function accountsContract(open: () => Promise<World>): void {
  describe("accounts", () => {
    let world: World;
    beforeAll(async () => {
      world = await open();
    });
    afterAll(() => world.close());

    async function endsOf(id: AccountId): Promise<Record<string, number | null>> {
      const ends = (await world.other.credentialEnds(id)) ?? [];
      return Object.fromEntries(ends.map(({ credential, at_ms }) => [credential, at_ms]));
    }

    /** Every end of a credential of this account that was announced, in order. */
    async function endsHeard(id: AccountId): Promise<readonly CredentialEnd[]> {
      const events = (await world.heard())
        .filter(({ channel }) => channel === world.directory.channels.deployment)
        .map(({ event }) => event)
        .filter(({ kind, account_id }) => kind === "credentials_end" && account_id === id);
      return events.flatMap(({ ends }) => ends as readonly CredentialEnd[]);
    }

    test("§2.2.1 of 50 concurrent creates of one namespace exactly one wins", async () => {
      const { directory, other } = world;
      const { namespace } = newAccount();
      const outcomes = await Promise.all(
        Array.from({ length: 50 }, (_, index) => {
          const account = newAccount({ namespace });
          return (index % 2 ? directory : other).createAccount(account, fresh("hash"));
        }),
      );
      const won = outcomes.filter((outcome) => outcome.ok);
      expect(won).toHaveLength(1);
      expect(outcomes.filter((outcome) => faultOf(outcome) === "namespace_taken")).toHaveLength(49);
      expect(await directory.accountOf(namespace)).toEqual(won[0]?.value);
    });

    test("an account is found by id, namespace and any hash of its credential; a loser's credential opens nothing", async () => {
      const { directory } = world;
      const account = newAccount({ streams_max: 3 });
      const [held, lost] = [fresh("hash"), fresh("hash")];
      value(await directory.createAccount(account, held));
      expect(
        faultOf(
          await directory.createAccount({ ...newAccount(), namespace: account.namespace }, lost),
        ),
      ).toBe("namespace_taken");
      expect(await directory.account(account.account_id)).toEqual(account);
      expect(await directory.accountOf(account.namespace)).toEqual(account);
      expect(await directory.accountByCredential(["unknown", held])).toEqual(account);
      expect(await directory.accountByCredential([lost])).toBeNull();
      expect(await directory.account(newAccount().account_id)).toBeNull();
    });

    test("§2.2.4 a rotation with a grace keeps the credential in hand, though an earlier rotation's answer was lost", async () => {
      const { directory } = world;
      const first = fresh("hash");
      const { account_id } = value(await directory.createAccount(newAccount(), first));
      const [lost, next] = [fresh("hash"), fresh("hash")];
      value(await directory.rotateCredential(account_id, lost, UNTIL_USED));
      value(await directory.rotateCredential(account_id, next, graceOf(60_000)));
      expect(await directory.accountByCredential([next])).not.toBeNull();
      expect(await directory.accountByCredential([first])).not.toBeNull();
    });

    test("§2.2.4 a rotated credential ends at once, or after its grace, and a later grace never lengthens it", async () => {
      const { directory, clock } = world;
      const { account_id } = value(await directory.createAccount(newAccount(), "c0"));
      value(await directory.rotateCredential(account_id, "c1", graceOf(10_000)));
      value(await directory.rotateCredential(account_id, "c2", graceOf(60_000)));
      expect((await directory.accountByCredential(["c0"]))?.account_id).toBe(account_id);
      clock.ms += 10_000;
      expect(await directory.accountByCredential(["c0"])).toBeNull();
      expect((await directory.accountByCredential(["c1"]))?.account_id).toBe(account_id);
      value(await directory.rotateCredential(account_id, "c3", graceOf(0)));
      for (const old of ["c0", "c1", "c2"])
        expect(await directory.accountByCredential([old])).toBeNull();
      expect((await directory.accountByCredential(["c3"]))?.account_id).toBe(account_id);
      expect(
        faultOf(await directory.rotateCredential(newAccount().account_id, "c4", graceOf(0))),
      ).toBe("not_found");
      expect(await directory.accountByCredential(["c4"])).toBeNull();
    });

    test("§2.2.4 an earlier credential lives until a newer one is first used, and 24 h at most", async () => {
      const { directory, other, clock } = world;
      const [c0, c1, c2, c3] = [fresh("c"), fresh("c"), fresh("c"), fresh("c")];
      const { account_id } = value(await directory.createAccount(newAccount(), c0));
      const id = async (hash: string) => (await other.accountByCredential([hash]))?.account_id;
      value(await directory.rotateCredential(account_id, c1, UNTIL_USED));
      expect(await id(c0)).toBe(account_id);
      value(await directory.rotateCredential(account_id, c2, UNTIL_USED));
      expect(await id(c0), "the answer with c1 was lost, and so was that with c2").toBe(account_id);
      expect(await endsOf(account_id)).toEqual({
        [c0]: clock.ms + UNTIL_USED.ms,
        [c1]: clock.ms + UNTIL_USED.ms,
        [c2]: null,
      });
      expect(await id(c2)).toBe(account_id);
      expect([await id(c0), await id(c1), await id(c2)]).toEqual([
        undefined,
        undefined,
        account_id,
      ]);
      expect(await endsOf(account_id)).toEqual({ [c2]: null });
      expect((await endsHeard(account_id)).slice(-2).map(({ credential }) => credential)).toEqual(
        expect.arrayContaining([c0, c1]),
      );
      value(await directory.rotateCredential(account_id, c3, UNTIL_USED));
      clock.ms += UNTIL_USED.ms;
      expect(await id(c2)).toBeUndefined();
      expect(await id(c3)).toBe(account_id);
    });

    test("§2.2.4 a quota slot that is reserved is a first use too; a grace that was asked for outlives it", async () => {
      const { directory, clock } = world;
      const [c0, c1, c2] = [fresh("c"), fresh("c"), fresh("c")];
      const account = value(await directory.createAccount(newAccount(), c0));
      const conversation = newConversation(account);
      const claim = newClaim(whereOf(conversation), account);
      const reserve = (credential: string) =>
        directory.reserve(slotOf(claim), { credential, slotsMax: 1 });
      value(await directory.rotateCredential(account.account_id, c1, graceOf(60_000)));
      expect(value(await reserve(c1)).credentialEndsMs).toBeNull();
      expect(value(await reserve(c0)).credentialEndsMs).toBe(clock.ms + 60_000);
      value(await directory.rotateCredential(account.account_id, c2, UNTIL_USED));
      expect(value(await reserve(c1)).credentialEndsMs).toBe(clock.ms + UNTIL_USED.ms);
      value(await reserve(c2));
      expect([faultOf(await reserve(c0)), faultOf(await reserve(c1))]).toEqual([
        "invalid_credential",
        "invalid_credential",
      ]);
      const ended = (await endsHeard(account.account_id)).filter(({ at_ms }) => at_ms === clock.ms);
      expect(new Set(ended.map(({ credential }) => credential))).toEqual(new Set([c0, c1]));
    });

    test("§2.2.4 of many credentials five are alive; those that were never used end first, the oldest first", async () => {
      const { directory } = world;
      const first = fresh("c");
      const { account_id } = value(await directory.createAccount(newAccount(), first));
      const made: string[] = [];
      for (let n = 0; n < 12; n += 1) {
        const hash = fresh("c");
        made.push(hash);
        value(await directory.rotateCredential(account_id, hash, UNTIL_USED));
        expect((await directory.credentialEnds(account_id))?.length).toBeLessThanOrEqual(5);
      }
      const live = async () => new Set(Object.keys(await endsOf(account_id)));
      expect(await live()).toEqual(new Set([first, ...made.slice(-4)]));
      const used: string[] = [];
      for (let n = 0; n < 7; n += 1) {
        const hash = fresh("u");
        used.push(hash);
        value(await directory.rotateCredential(account_id, hash, graceOf(60_000)));
        await directory.accountByCredential([hash]);
      }
      expect(await live()).toEqual(new Set(used.slice(-5)));
      const lines = await world.dump();
      const entries = lines.filter(
        (line) => line.includes(account_id) && line.includes("credential:"),
      );
      expect(entries.length).toBeLessThanOrEqual(5);
      await directory.deleteAccount(account_id);
      expect(await directory.credentialEnds(account_id)).toBeNull();
    });

    test("of concurrent rotations without grace one credential stays alive", async () => {
      const { directory, other } = world;
      const { account_id } = value(await directory.createAccount(newAccount(), "r0"));
      const hashes = Array.from({ length: 8 }, () => fresh("rotated"));
      await Promise.all(
        hashes.map((hash, index) =>
          (index % 2 ? directory : other).rotateCredential(account_id, hash, graceOf(0)),
        ),
      );
      const live = await Promise.all(hashes.map((hash) => directory.accountByCredential([hash])));
      expect(live.filter((account) => account !== null)).toHaveLength(1);
      expect(await directory.accountByCredential(["r0"])).toBeNull();
    });

    test("an account's limits reach every conversation that it owns", async () => {
      const { directory } = world;
      const account = value(await directory.createAccount(newAccount(), fresh("hash")));
      const conversations = [newConversation(account), newConversation(account)];
      for (const conversation of conversations)
        value(await directory.mint({ conversation, linkHash: "x" }));
      const own = { streams_max: 7, guests_max: 0, conversations_max: 3, subscribers_max: 5 };
      const limits = { ...DEPLOYMENT_LIMITS, ...own };
      expect(value(await directory.setAccountLimits(account.account_id, limits))).toEqual({
        ...account,
        ...limits,
      });
      for (const conversation of conversations) {
        expect((await directory.admission(conversation))?.conversation.subscribers_max).toBe(5);
      }
      expect(await directory.account(account.account_id)).toEqual({ ...account, ...limits });
      value(await directory.setAccountLimits(account.account_id, DEPLOYMENT_LIMITS));
      expect(await directory.account(account.account_id)).toEqual(account);
      expect(faultOf(await directory.setAccountLimits(newAccount().account_id, limits))).toBe(
        "not_found",
      );
    });

    test("§2.2.5 a deleted account: its conversations close, its credential ends, its namespace stays taken, its quota slots are free", async () => {
      const { directory } = world;
      const account = value(await directory.createAccount(newAccount(), "gone"));
      const conversation = newConversation(account);
      value(await directory.mint({ conversation, linkHash: "x" }));
      const claim = newClaim(whereOf(conversation), account);
      value(await directory.reserve(slotOf(claim), { credential: "gone", slotsMax: 10 }));
      value(await directory.claim(claim));
      await directory.deleteAccount(account.account_id);
      expect(await directory.accountByCredential(["gone"])).toBeNull();
      expect(await directory.account(account.account_id)).toBeNull();
      expect(await directory.accountOf(account.namespace)).toBeNull();
      expect(await directory.admission(conversation)).toBeNull();
      expect(
        faultOf(await directory.reserve(slotOf(claim), { credential: "gone", slotsMax: 10 })),
      ).toBe("invalid_credential");
      const again = { ...newAccount(), namespace: account.namespace };
      expect(faultOf(await directory.createAccount(again, fresh("hash")))).toBe("namespace_taken");
      const heard = await world.heard();
      const channel = directory.channels.conversation(whereOf(conversation));
      expect(heard).toContainEqual({ channel, event: { kind: "closed" } });
      const event = { kind: "account_deleted", account_id: account.account_id };
      expect(heard).toContainEqual({ channel: directory.channels.deployment, event });
      expect((await world.dump()).filter((line) => line.includes(claim.connection))).toEqual([]);
    });
  });
}

/** Accounts, credentials, and the end of an account. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DEPLOYMENT_LIMITS } from "../records.ts";
import {
  faultOf,
  fresh,
  newAccount,
  newClaim,
  newConversation,
  placeOf,
  value,
  type World,
  whereOf,
} from "./world.ts";

export function accountsContract(open: () => Promise<World>): void {
  describe("accounts", () => {
    let world: World;
    beforeAll(async () => {
      world = await open();
    });
    afterAll(() => world.close());

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

    test("§2.2.4 a rotated credential ends at once, or after its grace, and a later grace never lengthens it", async () => {
      const { directory, clock } = world;
      const { account_id } = value(await directory.createAccount(newAccount(), "c0"));
      value(await directory.rotateCredential(account_id, "c1", 10_000));
      value(await directory.rotateCredential(account_id, "c2", 60_000));
      expect((await directory.accountByCredential(["c0"]))?.account_id).toBe(account_id);
      clock.ms += 10_000;
      expect(await directory.accountByCredential(["c0"])).toBeNull();
      expect((await directory.accountByCredential(["c1"]))?.account_id).toBe(account_id);
      value(await directory.rotateCredential(account_id, "c3", 0));
      for (const old of ["c0", "c1", "c2"])
        expect(await directory.accountByCredential([old])).toBeNull();
      expect((await directory.accountByCredential(["c3"]))?.account_id).toBe(account_id);
      expect(faultOf(await directory.rotateCredential(newAccount().account_id, "c4", 0))).toBe(
        "not_found",
      );
      expect(await directory.accountByCredential(["c4"])).toBeNull();
    });

    test("of concurrent rotations without grace one credential stays alive", async () => {
      const { directory, other } = world;
      const { account_id } = value(await directory.createAccount(newAccount(), "r0"));
      const hashes = Array.from({ length: 8 }, () => fresh("rotated"));
      await Promise.all(
        hashes.map((hash, index) =>
          (index % 2 ? directory : other).rotateCredential(account_id, hash, 0),
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
      const limits = { streams_max: 7, guests_max: 0, subscribers_max: 5 };
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

    test("§2.2.5 a deleted account: its conversations close, its credential ends, its namespace stays taken, its places are free", async () => {
      const { directory } = world;
      const account = value(await directory.createAccount(newAccount(), "gone"));
      const conversation = newConversation(account);
      value(await directory.mint({ conversation, linkHash: "x" }));
      const claim = newClaim(whereOf(conversation), account);
      value(await directory.reserve(placeOf(claim), { credential: "gone", placesMax: 10 }));
      value(await directory.claim(claim));
      await directory.deleteAccount(account.account_id);
      expect(await directory.accountByCredential(["gone"])).toBeNull();
      expect(await directory.account(account.account_id)).toBeNull();
      expect(await directory.accountOf(account.namespace)).toBeNull();
      expect(await directory.admission(conversation)).toBeNull();
      expect(
        faultOf(await directory.reserve(placeOf(claim), { credential: "gone", placesMax: 10 })),
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

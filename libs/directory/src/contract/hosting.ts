/**
 * What operators need: their keys and log, lists and suspensions of accounts, gateways' reports.
 */
import type { AccountId, Namespace } from "@ams/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { OPERATOR_KEYS_MAX, type OperatorKey } from "../hosting.ts";
import { newOperatorKeyId } from "../new-ids.ts";
import type { Account } from "../records.ts";
import { watchSuspensions } from "../suspensions.ts";
import { faultOf, fresh, newAccount, START_MS, value, type World } from "./world.ts";

const HASH = "0123456789abcdef".repeat(4);
const AT = new Date(START_MS).toISOString();

export function hostingContract(open: () => Promise<World>): void {
  describe("hosting", () => {
    let world: World;
    beforeAll(async () => {
      world = await open();
    });
    afterAll(() => world.close());

    const account = async (over: Partial<Account> = {}) =>
      value(await world.directory.createAccount(newAccount(over), fresh("hash")));

    test("§11.1 an operator key is found by its hash until it is revoked, and its hash is not listed", async () => {
      const { directory, other } = world;
      const key: OperatorKey = {
        key_id: newOperatorKeyId(START_MS),
        name: "ida",
        role: "support",
        created_at: AT,
      };
      value(await directory.createOperatorKey(HASH, key));
      expect(await other.operatorOf(["ff".repeat(32), HASH])).toEqual(key);
      expect(await other.operatorOf(["ff".repeat(32)])).toBeNull();
      expect(await other.operatorKeys()).toEqual([key]);
      value(await directory.revokeOperatorKey(key.key_id));
      expect(await other.operatorOf([HASH])).toBeNull();
      expect(faultOf(await directory.revokeOperatorKey(key.key_id))).toBe("not_found");
    });

    test("§11.1 there are at most so many operator keys", async () => {
      const { directory } = world;
      const made = Array.from({ length: OPERATOR_KEYS_MAX }, (_, index) => index);
      for (const index of made) {
        const key = {
          key_id: newOperatorKeyId(START_MS),
          name: `k${index}`,
          role: "read" as const,
        };
        value(await directory.createOperatorKey(HASH, { ...key, created_at: AT }));
      }
      const one = { key_id: newOperatorKeyId(START_MS), name: "more", role: "read" as const };
      const more = await directory.createOperatorKey(HASH, { ...one, created_at: AT });
      expect(faultOf(more)).toBe("operator_key_limit");
      for (const { key_id } of await directory.operatorKeys()) {
        value(await directory.revokeOperatorKey(key_id));
      }
    });

    test("§11.2 accounts are listed by namespace, page by page, and by what it begins with", async () => {
      const { directory, other } = world;
      const prefix = fresh("list");
      const names = ["-b", "-a", "-a-0", "", "-c", "0"].map((rest) => `${prefix}${rest}`);
      for (const namespace of names) await account({ namespace: namespace as Namespace });
      const found: string[] = [];
      for (let after: string | null = null; ; ) {
        const page: Awaited<ReturnType<typeof directory.listAccounts>> = await other.listAccounts({
          prefix,
          after,
          limit: 2,
        });
        found.push(...page.accounts.map(({ namespace }) => namespace));
        after = page.next;
        if (after === null) break;
        expect(page.accounts).toHaveLength(2);
      }
      expect([...found].sort()).toEqual([...names].sort());
      const some = await other.listAccounts({ prefix: `${prefix}-a`, after: null, limit: 9 });
      expect(some.accounts.map(({ namespace }) => namespace)).toEqual([names[1], names[2]]);
      const none = await other.listAccounts({ prefix: `${prefix}-zz`, after: null, limit: 9 });
      expect(none).toEqual({ accounts: [], next: null });
    });

    test("§11.3 a suspension is announced, listed and known to a watcher, until it ends", async () => {
      const { directory, other } = world;
      const { account_id, namespace } = await account();
      const changes: AccountId[][] = [];
      const watched = watchSuspensions(other, (all) => changes.push([...all]));
      await watched.look();
      expect(watched.has(account_id)).toBe(false);
      const before = await other.suspensionsVersion();
      const suspension = { at: AT, reason: "floods" };
      value(await directory.setSuspension(account_id, suspension));
      await watched.look();
      expect(watched.has(account_id)).toBe(true);
      expect(changes.at(-1)).toContain(account_id);
      expect(await other.suspensionOf(account_id)).toEqual(suspension);
      expect(await other.suspensionsVersion()).toBeGreaterThan(before);
      const listed = await other.listAccounts({ prefix: namespace, after: null, limit: 1 });
      expect(listed.accounts[0]?.suspended).toEqual(suspension);
      const announced = (await world.heard()).filter(({ event }) => event.kind === "suspensions");
      expect(announced.at(-1)?.event).toEqual({ kind: "suspensions", account_id });
      value(await directory.setSuspension(account_id, null));
      await watched.look();
      expect(watched.has(account_id)).toBe(false);
      expect(await other.suspensionOf(account_id)).toBeNull();
      watched.stop();
      const nobody = newAccount().account_id;
      expect(faultOf(await directory.setSuspension(nobody, suspension))).toBe("not_found");
    });

    test("§11.5 a deleted account is neither listed nor suspended any more", async () => {
      const { directory, other } = world;
      const { account_id, namespace } = await account();
      value(await directory.setSuspension(account_id, { at: AT, reason: "" }));
      await directory.deleteAccount(account_id);
      const page = await other.listAccounts({ prefix: namespace, after: null, limit: 1 });
      expect(page.accounts).toEqual([]);
      expect(await other.suspendedAccounts()).not.toContain(account_id);
      expect(await other.suspensionOf(account_id)).toBeNull();
      for (const line of await world.dump()) {
        const isMark = line.startsWith("ams:namespace:");
        expect(isMark ? "" : line).not.toContain(account_id);
      }
    });

    test("§11.6 the operators' log has the newest first, page by page", async () => {
      const { directory, other } = world;
      const event = { at: AT, actor: "opk_1 ida", target: null, request_id: null, detail: null };
      for (const action of ["one", "two", "three"]) {
        await directory.recordOperatorEvent({ ...event, action });
      }
      const first = await other.operatorEvents({ before: null, limit: 2 });
      expect(first.map(({ action }) => action)).toEqual(["three", "two"]);
      const before = first.at(-1)?.event_id ?? "";
      const [next] = await other.operatorEvents({ before, limit: 1 });
      expect(next).toEqual({ ...event, action: "one", event_id: expect.any(String) });
    });

    test("§11.4 a gateway's report is kept for its time, and it is asked to drain", async () => {
      const { directory, other } = world;
      const gateway = "00112233445566bb";
      await directory.heartbeat(gateway, 60_000);
      await directory.report(gateway, '{"instance":"a"}', 60_000);
      expect(await other.reports()).toContainEqual({ gateway, report: '{"instance":"a"}' });
      await directory.askDrain(gateway);
      const drains = (await world.heard()).filter(({ event }) => event.kind === "drain");
      expect(drains.at(-1)?.event).toEqual({ kind: "drain", gateway });
    });
  });
}

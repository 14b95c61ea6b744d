// Much that is due at one moment: an append holds 256 entries, and the mesh goes on (J1.11, M5.4).
import type { Journals } from "@ams/journal";
import { afterEach, beforeEach, expect, test } from "vitest";
import {
  AT,
  agentNamed,
  type Desk,
  hire,
  newFolder,
  openDesk,
  openMesh,
  removeFolder,
  SETTLE,
} from "./testing/desk.ts";

const [alice, bob] = [agentNamed("alice"), agentNamed("bob")];
let folder: string;
let desk: Desk;

beforeEach(async () => {
  folder = newFolder();
  desk = openDesk({ kind: "embedded", folder, durability: { kind: "memory" } });
  await openMesh(desk, [alice, bob]);
  const deposit = { to: alice.did, amount: "10000 USD", ref: "d-1" };
  expect((await desk.ask("POST", `${AT}/ledger/deposits`, deposit)).status).toBe(201);
});

afterEach(async () => {
  await desk.stop();
  removeFolder(folder);
});

test("130 delegations that expire in one millisecond give everything back", async () => {
  const deadline = new Date(desk.clock.now + 60_000).toISOString();
  const intent = { action: "file_quarterly", constraints: { deadline } };
  for (let count = 0; count < 130; count += 1)
    await hire(desk, alice, bob, { intent, settle: { ...SETTLE, amount: "10 USD" } });
  const avail = async () => {
    const { body } = await desk.ask("GET", `${AT}/ledger/accounts/avail:${alice.did}`);
    return body.balances.USD;
  };
  expect(await avail()).toBe(870_000);
  desk.clock.now += 60_001;
  await expect.poll(avail, { timeout: 20_000 }).toBe(1_000_000);
  const deposit = { to: bob.did, amount: "1 USD", ref: "d-2" };
  expect((await desk.ask("POST", `${AT}/ledger/deposits`, deposit)).status).toBe(201);
});

test("what is due while the store is away is done when it is back, without a restart", async () => {
  await desk.stop();
  let isAway = false;
  const away = (journals: Journals): Journals => ({
    append: async (...given) =>
      isAway ? { ok: false, fault: "unavailable" } : await journals.append(...given),
    read: (...given) => journals.read(...given),
    watch: (...given) => journals.watch(...given),
    saveSnapshot: (...given) => journals.saveSnapshot(...given),
    loadSnapshot: (...given) => journals.loadSnapshot(...given),
    putBlob: (...given) => journals.putBlob(...given),
    getBlob: (...given) => journals.getBlob(...given),
    deleteBlob: (...given) => journals.deleteBlob(...given),
    list: (...given) => journals.list(...given),
    notReady: () => journals.notReady(),
    close: () => journals.close(),
  });
  const place = { kind: "embedded", folder, durability: { kind: "memory" } } as const;
  desk = openDesk(place, {}, desk.clock, away);
  const deadline = new Date(desk.clock.now + 60_000).toISOString();
  const intent = { action: "file_quarterly", constraints: { deadline } };
  const id = await hire(desk, alice, bob, { intent });
  const state = async () => (await desk.ask("GET", `${AT}/delegations/${id}`)).body.state;
  isAway = true;
  desk.clock.now += 60_001;
  const deposit = { to: bob.did, amount: "1 USD", ref: "d-2" };
  const refused = await desk.ask("POST", `${AT}/ledger/deposits`, deposit);
  expect([refused.status, await state()]).toEqual([503, "funded"]);
  isAway = false;
  await expect.poll(state, { timeout: 20_000 }).toBe("expired");
});

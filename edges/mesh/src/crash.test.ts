// SIGKILL in the middle of delegate, settle and revoke (M12.1): the append is there with all its
// effects or nothing is, and the same bytes sent again finish it once.
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { SeedSigner } from "@ams/provenance";
import { afterEach, beforeEach, expect, test } from "vitest";
import {
  AT,
  agentNamed,
  type Desk,
  deliver,
  envelope,
  hire,
  type Loose,
  newFolder,
  openDesk,
  openMesh,
  PRIME,
  post,
  removeFolder,
  revokeOf,
  SETTLE,
  voteOn,
} from "./testing/desk.ts";

const [alice, bob] = [agentNamed("alice"), agentNamed("bob")];
let folder: string;
let desk: Desk;

const place = () => ({ kind: "embedded", folder, durability: { kind: "disk" } }) as const;

beforeEach(async () => {
  folder = newFolder();
  desk = openDesk(place());
  await openMesh(desk, [alice, bob]);
  await desk.ask("POST", `${AT}/ledger/deposits`, { to: alice.did, amount: "100 USD", ref: "d" });
  const stake = {
    kind: "intent",
    to: PRIME,
    intent: { action: "amp/stake", params: { amount: "40 USD" } },
  };
  await desk.ask("POST", `${AT}/ledger/deposits`, { to: bob.did, amount: "40 USD", ref: "e" });
  await post(desk, "envelopes", bob, stake);
});

afterEach(async () => {
  await desk.stop();
  removeFolder(folder);
});

const money = async () => {
  const names = [`avail:${alice.did}`, `avail:${bob.did}`, `stake:${bob.did}`];
  const asked = names.map(async (name) => {
    const { body } = await desk.ask("GET", `${AT}/ledger/accounts/${encodeURIComponent(name)}`);
    return body.balances.USD ?? 0;
  });
  return await Promise.all(asked);
};

type Step = {
  readonly path: string;
  readonly from: SeedSigner;
  readonly members: Loose;
  /** What alice, bob and bob's stake have once it is done. */
  readonly after: readonly number[];
};

const STEPS: Readonly<Record<string, () => Promise<Step>>> = {
  delegate: async () => {
    const intent = { kind: "intent", to: bob.did, intent: { action: "file" }, settle: SETTLE };
    const { body } = await post(desk, "intents", alice, intent);
    const ask = { action: "amp/delegate", params: { agent: bob.did } };
    const members = { kind: "intent", to: PRIME, parent: body.receipt.id, intent: ask };
    return { path: "delegate", from: alice, members, after: [5_000, 0, 4_000] };
  },
  settle: async () => {
    const id = await hire(desk, alice, bob);
    const outcome = await deliver(desk, bob, id, "draft_ready");
    const members = voteOn(outcome, "draft_ready", "fail");
    return { path: "attest", from: alice, members, after: [7_500, 0, 3_000] };
  },
  revoke: async () => {
    const id = await hire(desk, alice, bob);
    return { path: "revoke", from: alice, members: revokeOf(id), after: [10_000, 0, 4_000] };
  },
};

/** All of them where AMS_MESH_KILLS is set: each starts a process. */
const NAMES = process.env.AMS_MESH_KILLS === undefined ? ["settle"] : Object.keys(STEPS);
const CASES = NAMES.flatMap((name) => [[name, "before"] as const, [name, "after"] as const]);

test.each(CASES)("M12.1 %s, killed %s the append", async (name, when) => {
  const prepare = STEPS[name];
  if (prepare === undefined) throw new Error("no such step");
  const { path, from, members, after } = await prepare();
  const body = envelope(desk, from, members);
  const bearer = from.did.slice(-12);
  const before = await money();
  await desk.stop();
  const file = join(folder, "step.json");
  writeFileSync(file, JSON.stringify({ now: desk.clock.now, path, body, bearer }));
  const script = fileURLToPath(new URL("testing/killed-mesh.ts", import.meta.url));
  const flags = ["--conditions=ams-source", "--import", "tsx", script];
  const died = spawnSync(process.execPath, [...flags, folder, file, when], { encoding: "utf8" });
  expect([died.signal, died.stdout]).toEqual(["SIGKILL", ""]);
  desk = openDesk(place(), {}, desk.clock);
  expect(await money()).toEqual(when === "before" ? before : after);
  const again = await desk.ask("POST", `${AT}/${path}`, body, bearer);
  expect([again.status, again.body.duplicate]).toEqual(
    when === "before" ? [201, false] : [200, true],
  );
  expect(await money()).toEqual(after);
  const third = await desk.ask("POST", `${AT}/${path}`, body, bearer);
  expect(third.body).toMatchObject({ duplicate: true, sig: again.body.sig });
  expect((await desk.ask("GET", `${AT}/ledger/verify`)).body).toMatchObject({ ok: true });
});

import { afterEach, beforeEach, expect, test } from "vitest";
import { openTestControl, type TestControl } from "../testing/control.ts";
import { readLimitsWish, runLimits } from "./limits-command.ts";
import { readPlanWish, runPlan } from "./plan-command.ts";
import { EXIT_USAGE } from "./said.ts";

let open: TestControl;
beforeEach(async () => {
  open = await openTestControl();
});
afterEach(() => open.close());

async function plan(...args: string[]) {
  const wish = readPlanWish(["plan", ...args]);
  if (!wish.ok) throw new Error(wish.fault);
  return runPlan(open.directory, wish.value);
}

async function limits(...args: string[]) {
  const wish = readLimitsWish(["limits", ...args]);
  if (!wish.ok) throw new Error(wish.fault);
  return runLimits(open.directory, wish.value);
}

test("§2.10.1 an account under a plan has its limits, also for mints, and its own before them", async () => {
  const { credential: bearer } = await open.account("acme");
  await plan("set", "small", "--conversations", "1", "--frames", "20", "--replay-bytes", "0");
  expect((await limits("acme", "--plan", "small", "--streams", "3")).exit).toBe(0);
  const shown = (await open.ask("GET", "/v1/account", { bearer })).json;
  expect(shown).toMatchObject({
    plan: "small",
    limits: {
      streams_per_account: 3,
      conversations_per_account: 1,
      frames_per_second: 20,
      replay_bytes: 0,
    },
  });
  const mint = (body: object) => open.ask("POST", "/v1/acme/conversations", { bearer, body });
  const kept = await mint({ replay: { ttl_s: 60, max_bytes: 4_096 } });
  expect([kept.status, kept.json.error]).toEqual([400, "invalid_replay"]);
  expect(kept.json.message).toContain("max_bytes up to 0 (replay_bytes)");
  expect((await mint({})).status).toBe(201);
  const refused = await mint({});
  expect([refused.status, refused.json.error]).toEqual([403, "conversation_limit"]);
  await limits("acme", "--conversations", "2");
  expect((await mint({})).status).toBe(201);
  const events = (await open.ask("GET", "/v1/account/events", { bearer })).json.events;
  expect(events).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ action: "plan_changed", actor: "operator" }),
      expect.objectContaining({ action: "limits_changed", actor: "operator" }),
    ]),
  );
});

test("§2.10.1 a plan's mints per minute hold for its accounts alone", async () => {
  const [small, other] = [await open.account("acme"), await open.account("beta")];
  await plan("set", "few", "--mints", "2");
  await limits("acme", "--plan", "few");
  const mint = (namespace: string, bearer: string) =>
    open.ask("POST", `/v1/${namespace}/conversations`, { bearer });
  const answers = [];
  for (let nth = 0; nth < 3; nth += 1) answers.push(await mint("acme", small.credential));
  expect(answers.map(({ status }) => status)).toEqual([201, 201, 429]);
  expect(answers[2]?.json.message).toMatch(/2 conversations per minute \(mints_per_minute\)/);
  for (let nth = 0; nth < 3; nth += 1) {
    expect((await mint("beta", other.credential)).status).toBe(201);
  }
});

test("plans are made, changed member by member, listed and removed", async () => {
  await plan("set", "small", "--streams", "3", "--frames", "20");
  const said = await plan("set", "small", "--frames", "default");
  expect(JSON.parse(said.out)).toMatchObject([
    { name: "small", limits: { streams_max: 3, frames_per_second: null } },
  ]);
  expect(JSON.parse((await plan("remove", "small")).out)).toEqual([]);
  expect((await plan("remove", "small")).exit).toBe(EXIT_USAGE);
});

test("an unknown plan is refused, and changes nothing", async () => {
  await open.account("acme");
  const said = await limits("acme", "--plan", "absent", "--streams", "3");
  expect([said.exit, said.error]).toEqual([EXIT_USAGE, expect.stringContaining("no plan")]);
  expect(await open.directory.accountOf("acme" as never)).toMatchObject({ streams_max: null });
});

test.each([
  [["set"]],
  [["set", "Not One"]],
  [["set", "small", "--frames", "-1"]],
  [["set", "small", "--frames", "1e3"]],
  [["set", "small", "--frames", "1000000000001"]],
  [["set", "small", "--streams", "0"]],
  [["set", "small", "--speed", "3"]],
  [["list", "small"]],
  [["rename", "small"]],
  [["remove", "small", "other"]],
])("refused with the reason: plan %j", (args) => {
  expect(readPlanWish(["plan", ...args])).toMatchObject({ ok: false, fault: expect.any(String) });
});

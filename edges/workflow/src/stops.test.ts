// Who may ask, the stop that nothing refuses, and rollbacks.
import { describe, expect, test } from "vitest";
import { AT, LINK, message, TOKEN } from "./testing/desk.ts";
import {
  desk,
  expectRefused,
  openMember,
  post,
  run,
  runNow,
  step,
  useDesk,
  useRun,
} from "./testing/one-desk.ts";

useDesk();

describe("access", () => {
  test("D2 without a bearer, with a wrong one, and for a stranger", async () => {
    const { ask } = desk;
    expect((await ask("GET", `${AT}/runs`, undefined, null)).body.error).toBe("missing_credential");
    expect((await ask("GET", `${AT}/runs`, undefined, "wrong")).body.error).toBe(
      "invalid_credential",
    );
    expect((await ask("GET", `${AT}/runs`, undefined, "osprey")).body.error).toBe("not_found");
    expect((await ask("GET", `${AT}/runs?t=${TOKEN}`, undefined, null)).status).toBe(200);
    expect((await ask("GET", `${AT}/runs?t=x`, undefined, null)).body.error).toBe("invalid_token");
    expect((await ask("POST", `${AT}/runs?t=${TOKEN}`, {}, null)).body.error).toBe(
      "missing_credential",
    );
    expect((await ask("GET", "/nothing", undefined)).status).toBe(404);
    expect((await ask("PATCH", `${AT}/runs`)).body.error).toBe("method_not_allowed");
    expect((await ask("GET", `${AT}/runs?limit=0`)).body.error).toBe("invalid_limit");
    expect((await ask("GET", `${AT}/runs?cursor=x`)).body.error).toBe("invalid_cursor");
  });

  test("D3 showing the link makes a member, and the owner ends a membership", async () => {
    await openMember("osprey");
    expect((await desk.ask("GET", AT, undefined, "osprey")).body).toMatchObject({ owner: false });
    expect((await desk.ask("DELETE", `${AT}/members/acc_osprey`, undefined, "osprey")).status).toBe(
      403,
    );
    expect((await desk.ask("DELETE", `${AT}/members/acc_osprey`)).status).toBe(204);
    expect((await desk.ask("GET", AT, undefined, "osprey")).status).toBe(404);
    const open = (magic_link: string) => desk.ask("POST", "/conversations", { magic_link });
    expect((await open(`${LINK}x`)).body.error).toBe("invalid_token");
    expect((await open("nonsense")).body.error).toBe("invalid_magic_link");
    expect((await open(LINK)).status).toBe(200);
  });
});

describe("the stop", () => {
  test.each([
    ["an empty body", ""],
    ["no JSON", "\u0000{"],
    ["a reason that is too long", JSON.stringify({ reason: "x".repeat(10_000) })],
    ["members that don't exist", '{"step":"ship","state":"wrong"}'],
  ])("W7.1 %s is enough, with only the link's token too", async (_what, body) => {
    const answer = await desk.ask("POST", `${AT}/runs/${run}/stop?t=${TOKEN}`, body, null);
    expect(answer.body).toMatchObject({ accepted: true, noop: false, halt: "stop", run });
    await expectRefused(409, "halted", async () => post(await step("reserve")), { halt: "stop" });
    expect((await post(await message(desk, run, { type: "note", op: "note" }))).status).toBe(201);
    const again = await desk.ask("POST", `${AT}/runs/${run}/stop`, body);
    expect(again.body).toMatchObject({ accepted: true, noop: true });
  });

  test("W7.2 a run that isn't known or has ended is accepted, and nothing is done", async () => {
    for (const id of ["run_01JTEST0000000000000000001", "run_x"])
      expect((await desk.ask("POST", `${AT}/runs/${id}/kill`)).body).toMatchObject({
        accepted: true,
        noop: true,
      });
    expect((await desk.ask("POST", `${AT}/stop`, "", "osprey")).status).toBe(404);
    expect((await desk.ask("POST", `${AT}/stop?t=x`, "", null)).status).toBe(403);
  });

  test("W7.5 stopping is everybody's, going on is the owner's or the starter's", async () => {
    await openMember("osprey");
    expect((await desk.ask("POST", `${AT}/stop`, "", "osprey")).status).toBe(200);
    await expectRefused(409, "halted", () =>
      desk.ask("POST", `${AT}/runs`, { workflow: "order_processing" }),
    );
    await expectRefused(403, "not_allowed", () => desk.ask("POST", `${AT}/resume`, "", "osprey"));
    expect((await desk.ask("POST", `${AT}/resume`)).body).toMatchObject({ noop: false });
    expect((await post(await step("reserve"))).status).toBe(201);
  });

  test("W7.4 pause lets what runs end, kill is permanent, a safe step has its grace", async () => {
    const definition = {
      name: "arm",
      v: 1,
      steps: { lift: {}, lower: {} },
      on_stop: { safe: ["lower"], grace_ms: 1_000 },
    };
    await useRun(definition);
    await post(await step("lift", { op: "start" }));
    await desk.ask("POST", `${AT}/runs/${run}/pause`);
    await expectRefused(409, "halted", async () => post(await step("lower")), { halt: "pause" });
    expect((await post(await step("lift"))).status).toBe(201);
    await desk.ask("POST", `${AT}/runs/${run}/stop`);
    desk.clock.now += 1_000;
    expect((await post(await step("lower", { op: "start" }))).status).toBe(201);
    desk.clock.now += 1;
    await expectRefused(409, "halted", async () => post(await step("lower")), { halt: "stop" });
    await desk.ask("POST", `${AT}/runs/${run}/kill`);
    expect(await runNow()).toMatchObject({ status: "killed", halt: "kill" });
    expect((await desk.ask("POST", `${AT}/runs/${run}/resume`)).body).toMatchObject({ noop: true });
    await expectRefused(409, "run_closed", async () => post(await step("lower")));
  });
});

describe("rollback", () => {
  const rollback = (body: object) => desk.ask("POST", `${AT}/runs/${run}/rollback`, body);
  const started = async () => (await desk.ask("GET", `${AT}/runs/${run}/dag`)).body.nodes[0].msg;

  test("W6 compensations in reverse order, then the state of before under a new epoch", async () => {
    const before = await runNow();
    await post(await step("reserve"));
    const late = await step("charge");
    await post(await step("charge"));
    const to = await started();
    const answer = await rollback({ to });
    expect(answer.status).toBe(202);
    expect(answer.body).toMatchObject({
      status: "rolling_back",
      plan: [{ step: "charge", attempt: 1, handler: "refund" }],
    });
    await expectRefused(409, "rolling_back", async () => post(await step("ship")));
    await expectRefused(409, "step_order", async () =>
      post(await message(desk, run, { type: "compensated", step: "reserve", attempt: 1 })),
    );
    expect(
      (await post(await message(desk, run, { type: "compensated", step: "charge", attempt: 1 })))
        .status,
    ).toBe(201);
    await expect.poll(async () => (await runNow()).epoch).toBe(1);
    const after = await runNow();
    expect({ ...after.state_value, epoch: 0 }).toEqual(before.state_value);
    expect(after).toMatchObject({
      status: "running",
      partially_reversed: false,
      branches: { "main@1": { next: 1 } },
    });
    await expectRefused(409, "epoch_mismatch", () => post(late));
    expect((await post(await step("reserve"))).status).toBe(201);
  });

  test("W6.1 what can't be undone refuses it, unless it is forced, and that stays visible", async () => {
    for (const name of ["reserve", "charge", "ship"]) await post(await step(name));
    const to = await started();
    await expectRefused(409, "irreversible", () => rollback({ to }), { steps: ["ship"] });
    await expectRefused(409, "rollback_target", () => rollback({ to: "1".repeat(64) }));
    await openMember("osprey");
    await expectRefused(403, "not_allowed", () =>
      desk.ask("POST", `${AT}/runs/${run}/rollback`, { to }, "osprey"),
    );
    expect((await rollback({ to, force: true })).status).toBe(202);
    expect(await runNow()).toMatchObject({ partially_reversed: true });
  });

  test("W6.1 with nothing to compensate the rewind is done when it answers", async () => {
    const to = await started();
    await post(await step("reserve"));
    expect(await rollback({ to })).toMatchObject({
      status: 200,
      body: { epoch: 1, status: "running", plan: [] },
    });
  });

  test("W6.2 five failures are a stuck rollback, never one that is done; force ends it", async () => {
    const to = await started();
    for (const name of ["reserve", "charge"]) await post(await step(name));
    await rollback({ to });
    for (let failure = 0; failure < 5; failure += 1)
      await post(
        await message(desk, run, { type: "compensated", op: "fail", step: "charge", attempt: 1 }),
      );
    expect(await runNow()).toMatchObject({ status: "rollback_stuck", epoch: 0 });
    await expectRefused(409, "rolling_back", () => rollback({ to }));
    expect((await rollback({ to, force: true })).status).toBe(200);
    expect(await runNow()).toMatchObject({ status: "running", epoch: 1, partially_reversed: true });
  });
});

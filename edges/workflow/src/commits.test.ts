// What the edge commits over HTTP: once, in branches, over time and over a restart.
import {
  canonical,
  fromHex,
  readPublicKey,
  resolveDidKey,
  toHex,
  verify,
  verifyConsistency,
  verifyInclusion,
} from "@ams/provenance";
import { receiptBytes } from "@ams/workflow-rules";
import { describe, expect, test } from "vitest";
import { A, AT, B, CONVERSATION, type Loose, message, ORDER } from "./testing/desk.ts";
import {
  desk,
  expectRefused,
  head,
  newFolderOfTest,
  openMember,
  post,
  reopen,
  run,
  runNow,
  step,
  useDesk,
  useRun,
} from "./testing/one-desk.ts";

useDesk();

describe("commits", () => {
  test("W5.7 a message is committed once, and the same bytes get the same receipt, however often", async () => {
    const given = await step("reserve", { content: { sku: 7 } });
    const answers = await Promise.all(Array.from({ length: 20 }, () => post(given)));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(answers.every(({ status }) => status < 202)).toBe(true);
    const receipts = answers.map(({ body }) => canonical([body.receipt, body.sig]));
    expect(new Set(receipts).size).toBe(1);
    const [{ body } = { body: null }] = answers;
    const service = resolveDidKey(
      (await desk.ask("GET", `${AT}/log/key`, undefined, null)).body.did,
    );
    if (!service.ok) throw new Error(service.fault);
    const signature = fromHex(body.sig.slice(8)) ?? new Uint8Array();
    expect(verify(service.key, receiptBytes(body.receipt), signature)).toBe(true);
    expect((await head()).size).toBe(3);
    const message = await desk.ask("GET", `${AT}/messages/${given.header.id}`);
    expect(message.body).toMatchObject({
      header: given.header,
      sig: given.sig,
      account_id: "acc_falcon",
    });
  });

  test("W2.3 a remark in the middle of a task loses nothing", async () => {
    await post(await step("reserve"));
    const charge = await step("charge", { op: "start" });
    expect((await post(charge)).status).toBe(201);
    const note = await message(
      desk,
      run,
      { type: "note", op: "note", content: "and the colour?" },
      B,
    );
    expect((await post(note)).status).toBe(201);
    expect((await post(await step("charge"))).status).toBe(201);
    expect((await post(await step("ship"))).status).toBe(201);
    expect(await runNow()).toMatchObject({ status: "done" });
  });

  test("W5.2 the same run and content again is 200, other content is 409", async () => {
    const id = "run_01JTEST0000000000000000009";
    const start = {
      workflow: "order_processing",
      run: id,
      roles: { packer: [A.did] },
      input: { n: 1 },
    };
    expect((await desk.ask("POST", `${AT}/runs`, start)).status).toBe(201);
    expect((await desk.ask("POST", `${AT}/runs`, start)).status).toBe(200);
    await expectRefused(409, "id_conflict", () =>
      desk.ask("POST", `${AT}/runs`, { ...start, input: { n: 2 } }),
    );
    await expectRefused(404, "workflow_unknown", () =>
      desk.ask("POST", `${AT}/runs`, { workflow: "none" }),
    );
  });

  test("W5.1 a definition again is 200, other content 409", async () => {
    const path = `${AT}/workflows/order_processing/1`;
    expect((await desk.ask("PUT", path, ORDER)).status).toBe(200);
    const other = { ...ORDER, max_lag: 1 };
    await expectRefused(409, "definition_immutable", () => desk.ask("PUT", path, other));
    expect((await desk.ask("GET", path)).body.definition).toEqual(ORDER);
  });

  test("W2.2 a body is erased, every proof holds, and the same message doesn't bring it back", async () => {
    const given = await step("reserve", { content: { secret: 1 } });
    await post(given);
    const path = `${AT}/messages/${given.header.id}/body`;
    expect((await desk.ask("GET", path)).body).toEqual({ secret: 1 });
    await openMember("osprey");
    expect((await desk.ask("DELETE", path, undefined, "osprey")).status).toBe(403);
    const before = await head();
    expect((await desk.ask("DELETE", path)).status).toBe(204);
    await expectRefused(410, "body_erased", () => desk.ask("GET", path));
    expect((await post(given)).status).toBe(200);
    expect((await desk.ask("GET", path)).status).toBe(410);
    expect(await head()).toEqual(before);
  });

  test("P4, W9.3 inclusion, consistency, tiles and checkpoint fit together", async () => {
    await post(await step("reserve"));
    const { size, root } = await head();
    const bytes = (hex: string) => fromHex(hex) ?? new Uint8Array();
    const inclusion = (await desk.ask("GET", `${AT}/log/proof/inclusion?index=1`)).body;
    expect(
      verifyInclusion(1, size, bytes(inclusion.leaf), bytes(root), inclusion.proof.map(bytes)),
    ).toBe(true);
    const { proof } = (await desk.ask("GET", `${AT}/log/proof/consistency?from=2`)).body;
    const first = (await desk.ask("GET", `${AT}/log/proof/inclusion?index=0&size=2`)).body.root;
    expect(verifyConsistency(2, size, bytes(first), bytes(root), proof.map(bytes))).toBe(true);
    const note = await desk.ask("GET", `${AT}/log/checkpoint`, undefined, null);
    expect(note.body.split("\n").slice(0, 3)).toEqual([
      `ams.example/workflow/${CONVERSATION}`,
      String(size),
      Buffer.from(bytes(root)).toString("base64"),
    ]);
    expect((await desk.ask("GET", `${AT}/log/tile/0/000.p/3`, undefined, null)).status).toBe(200);
    expect((await desk.ask("GET", `${AT}/log/tile/0/000`, undefined, null)).status).toBe(404);
    expect(toHex(bytes(root))).toBe(root);
  });
});

describe("branches", () => {
  test("W4 two sub-agents and a merge; a stranger, a name twice, a child that is open", async () => {
    const spawn = (child: string, rest: object = {}) =>
      message(desk, run, { type: "spawn", op: "spawn", content: { child, ...rest } });
    expect((await post(await spawn("fraud", { agent: B.did, steps: ["reserve"] }))).status).toBe(
      201,
    );
    expect((await post(await spawn("stock"))).status).toBe(201);
    await expectRefused(409, "branch_exists", async () => post(await spawn("stock")));
    const onFraud = { branch: "main/fraud" };
    await expectRefused(403, "not_allowed", async () => post(await step("reserve", onFraud)));
    expect((await post(await step("reserve", onFraud, B))).status).toBe(201);
    await expectRefused(403, "not_allowed", async () => post(await step("charge", onFraud, B)));
    const merge = async (children: string[], signer = A) => {
      const { branches } = await runNow();
      const parents = [
        branches.main.tip,
        ...children.map((child) => branches[`main/${child}`]?.tip ?? "0".repeat(64)),
      ];
      return message(
        desk,
        run,
        { type: "merge", op: "merge", content: { children }, parents },
        signer,
      );
    };
    await expectRefused(403, "not_allowed", async () => post(await merge(["fraud", "stock"], B)));
    await expectRefused(404, "branch_unknown", async () => post(await merge(["nobody"])));
    expect((await post(await merge(["fraud", "stock"]))).status).toBe(201);
    await expectRefused(409, "branch_closed", async () => post(await merge(["fraud"])));
    const { nodes, branches } = (await desk.ask("GET", `${AT}/runs/${run}/dag`)).body;
    expect(branches["main/fraud"]).toMatchObject({ open: false, parent: "main" });
    const { msg } = nodes.at(-1);
    const lineage = (await desk.ask("GET", `${AT}/lineage/${msg}`)).body.ancestors;
    expect(lineage.map(({ seq }: { seq: number }) => seq)).toEqual(
      expect.arrayContaining([1, 2, 3, 4]),
    );
    expect((await desk.ask("GET", `${AT}/runs/${run}/dag?format=dot`)).body).toContain("digraph");
  });
});

describe("time", () => {
  test("W5.5 a running attempt that is over its time fails by a tick, once", async () => {
    await useRun({
      name: "timed",
      v: 1,
      steps: { a: { timeout_ms: 1_000, max_attempts: 2 } },
    });
    await post(await step("a", { op: "start" }));
    desk.clock.now += 1_001;
    await expect.poll(async () => (await runNow()).state_value.steps.a).toEqual(["ready", 1]);
    await post(await step("a", { op: "start" }));
    desk.clock.now += 1_001;
    await expect.poll(async () => (await runNow()).status).toBe("failed");
    const { messages } = (await desk.ask("GET", `${AT}/runs/${run}/history`)).body;
    expect(messages.filter(({ header }: Loose) => header.type === "tick")).toHaveLength(2);
  });
});

test("W12.1 after a restart the same messages get the same answers", async () => {
  const given = await step("reserve");
  const first = await post(given);
  const before = [await head(), await runNow()];
  await reopen();
  expect([await head(), await runNow()]).toEqual(before);
  const again = await post(given);
  expect([again.status, again.body.receipt, again.body.sig]).toEqual([
    200,
    first.body.receipt,
    first.body.sig,
  ]);
});

test("D9 past the rate an account's writes are 429, and its stop is not", async () => {
  await reopen({ writesPerMinute: 3 }, newFolderOfTest());
  await useRun();
  await post(await step("reserve"));
  const refused = await post(await step("charge"));
  expect([refused.status, refused.body.error, refused.headers.get("retry-after")]).toEqual([
    429,
    "rate_limited",
    "1",
  ]);
  expect((await desk.ask("POST", `${AT}/runs/${run}/stop`)).status).toBe(200);
  expect(readPublicKey(A.publicKey).ok).toBe(true);
});

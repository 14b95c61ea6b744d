// What the edge refuses, each with its code, and that nothing changes then.
import { canonical } from "@ams/provenance";
import { fingerprint } from "@ams/workflow-rules";
import { describe, expect, test } from "vitest";
import { A, AT, B, CONVERSATION, type Loose, message, sign } from "./testing/desk.ts";
import { desk, expectRefused, post, run, step, useDesk, useRun } from "./testing/one-desk.ts";

useDesk();

describe("refusals, after which nothing has changed", () => {
  const wrong = (change: (header: Loose) => void) => async () => {
    const given = structuredClone(await step("reserve"));
    change(given.header);
    return post(sign(given.header, Buffer.from(given.body, "base64")));
  };
  const refingered = (change: (header: Loose) => void) =>
    wrong((header) => {
      change(header);
      const { context_fingerprint: seen, execution_path: path } = header;
      seen.prev = path.parents[0] ?? "0".repeat(64);
      seen.fp = fingerprint({
        conversationId: CONVERSATION,
        size: seen.size,
        root: seen.root,
        prev: seen.prev,
        did: header.agent_identity.did,
        state: header.workflow_state.state,
      });
    });

  test.each([
    ["no header", 400, "field_missing", () => post({ sig: "", body: "" })],
    ["a field of four", 400, "field_missing", wrong((h) => delete h.agent_identity)],
    ["null as a field", 400, "field_missing", wrong((h) => (h.workflow_state = null))],
    ["an unknown member", 400, "invalid_message", wrong((h) => (h.more = 1))],
    ["an unknown member within", 400, "invalid_message", wrong((h) => (h.body.more = 1))],
    [
      "another conversation",
      400,
      "invalid_message",
      wrong((h) => (h.conversation_id = "conv_01JTEST0000000000000000001")),
    ],
    ["a type of the service", 400, "invalid_message", wrong((h) => (h.type = "start"))],
    [
      "on_behalf_of",
      400,
      "invalid_message",
      wrong((h) => (h.agent_identity.on_behalf_of = "acc_falcon")),
    ],
    [
      "an op of another type",
      400,
      "invalid_message",
      wrong((h) => (h.workflow_state.op = "merge")),
    ],
    [
      "upper-case hex",
      400,
      "invalid_message",
      wrong((h) => (h.workflow_state.def = h.workflow_state.def.toUpperCase())),
    ],
    [
      "another body",
      400,
      "body_mismatch",
      async () => post({ ...(await step("reserve")), body: "e30K" }),
    ],
    [
      "no base64",
      400,
      "invalid_request",
      async () => post({ ...(await step("reserve")), body: "€" }),
    ],
    ["a member twice", 400, "duplicate_key", () => post('{"a":1,"a":2}')],
    ["no JSON", 400, "invalid_json", () => post("{")],
    ["a number too large", 400, "invalid_number", () => post('{"a":1e400}')],
    [
      "no signature",
      401,
      "bad_signature",
      async () => post({ ...(await step("reserve")), sig: "" }),
    ],
    [
      "another's signature",
      401,
      "bad_signature",
      async () => post({ ...(await step("reserve")), sig: (await step("reserve", {}, B)).sig }),
    ],
    [
      "upper-case signature",
      401,
      "bad_signature",
      async () => {
        const given = await step("reserve");
        return post({ ...given, sig: given.sig.toUpperCase() });
      },
    ],
    [
      "a weak key",
      401,
      "weak_key",
      wrong(
        (h) => (h.agent_identity.did = "did:key:z6MkeTG3bFFSLYVU7VqhgZxqr6YzpaGrQtFMh1uvqGy1vDnP"),
      ),
    ],
    ["no key", 401, "invalid_key", wrong((h) => (h.agent_identity.did = "did:key:zzz"))],
    [
      "did:web while it is off",
      403,
      "did_not_allowed",
      wrong((h) => (h.agent_identity.did = "did:web:a.example")),
    ],
    [
      "an unknown run",
      404,
      "run_unknown",
      refingered((h) => (h.workflow_state.run = "run_01JTEST0000000000000000001")),
    ],
    ["another epoch", 409, "epoch_mismatch", refingered((h) => (h.workflow_state.epoch = 1))],
    [
      "another definition",
      409,
      "definition_mismatch",
      refingered((h) => (h.workflow_state.def = "0".repeat(64))),
    ],
    [
      "a forged fingerprint",
      409,
      "fingerprint_mismatch",
      wrong((h) => (h.context_fingerprint.fp = "0".repeat(64))),
    ],
    [
      "a prev that is no parent",
      409,
      "fingerprint_mismatch",
      wrong((h) => (h.context_fingerprint.prev = "1".repeat(64))),
    ],
    [
      "more history than there is",
      409,
      "history_regressed",
      refingered((h) => (h.context_fingerprint.size = 99)),
    ],
    [
      "another history",
      409,
      "fork",
      refingered((h) => (h.context_fingerprint.root = "1".repeat(64))),
    ],
    [
      "another state",
      409,
      "state_mismatch",
      refingered((h) => (h.workflow_state.state = "1".repeat(64))),
    ],
    [
      "an unknown branch",
      404,
      "branch_unknown",
      refingered((h) => Object.assign(h.execution_path, { branch: "main/x", node: "main/x/0" })),
    ],
    ["another place", 409, "branch_moved", refingered((h) => (h.execution_path.node = "main/7"))],
    ["no parent", 409, "branch_moved", refingered((h) => (h.execution_path.parents = []))],
    [
      "an unknown step",
      404,
      "step_unknown",
      refingered((h) => (h.workflow_state.workflow_step = "paint")),
    ],
    [
      "a step too early",
      409,
      "step_order",
      refingered((h) => (h.workflow_state.workflow_step = "ship")),
    ],
    ["another attempt", 409, "attempt_mismatch", refingered((h) => (h.workflow_state.attempt = 2))],
  ] as const)("W11 %s is %i %s", async (_what, status, code, ask) => {
    await expectRefused(status, code, ask);
  });

  test("W2.2 a body of 262,144 bytes is taken, one byte more is 413", async () => {
    const most = await message(desk, run, {
      type: "note",
      op: "note",
      content: "x".repeat(262_142),
    });
    expect((await post(most)).status).toBe(201);
    const more = await message(desk, run, {
      type: "note",
      op: "note",
      content: "x".repeat(262_143),
    });
    await expectRefused(413, "too_large", () => post(more));
    await expectRefused(413, "body_too_large", () => post("x".repeat(1_048_577)));
  });

  test("W5.7 another content under a known id is 409, and a replay in another run changes nothing", async () => {
    const given = await step("reserve");
    await post(given);
    const other = { ...(await step("charge")).header, id: given.header.id };
    await expectRefused(409, "id_conflict", () => post(sign(other, Buffer.from("{}"))));
    await expectRefused(409, "step_done", async () => post(await step("reserve")));
  });

  test("W3.3 strict is stale as soon as anything came between", async () => {
    const strict = await step("reserve", { strict: true });
    const chat = await message(desk, "run_chat", { type: "note", op: "note" });
    expect((await post(chat)).status).toBe(201);
    await expectRefused(409, "stale", () => post(strict), { lag: 1, retryable: true });
  });

  test("W5.9 a refusal is the same bytes again and again", async () => {
    const early = await step("ship");
    const answers = await Promise.all([post(early), post(early), post(early)]);
    const texts = answers.map(({ body }) => canonical(body));
    expect(new Set(texts).size).toBe(1);
    expect(answers[0]?.body).toMatchObject({
      expected: ["reserve"],
      missing: ["charge"],
      step_status: "wait",
    });
  });

  test.each([
    [{ steps: {} }, 400, "invalid_definition"],
    [{ steps: { a: { after: ["b"] } } }, 400, "invalid_definition"],
    [{ steps: { a: { after: [], never_stop: true } } }, 400, "invalid_definition"],
    [{ steps: { a: { effect: "compensatable" } } }, 400, "invalid_definition"],
    [{ steps: { a: { join: 2 } } }, 400, "invalid_definition"],
    [{ steps: { a: { max_attempts: 101 } } }, 400, "invalid_definition"],
    [{ steps: { a: { schema: { type: "nonsense" } } } }, 400, "invalid_definition"],
    [
      { steps: { a: { schema: { $ref: "http://elsewhere.example/" } } } },
      400,
      "invalid_definition",
    ],
    [{ steps: { a: { schema: { pattern: "(a+)\\1" } } } }, 400, "invalid_definition"],
    [
      { steps: { a: { schema: { anyOf: [{ $ref: "#" }, { $ref: "#" }] } } } },
      400,
      "invalid_definition",
    ],
    [
      { steps: { a: { after: ["b"] }, b: { after: ["a"] }, c: { after: ["a"] } } },
      400,
      "definition_cycle",
    ],
    [{ steps: { a: {} }, on_stop: { safe: ["b"] } }, 400, "invalid_definition"],
  ] as const)("W5.1 the definition %j is %i %s", async (rest, status, code) => {
    const path = `${AT}/workflows/other/1`;
    await expectRefused(status, code, () =>
      desk.ask("PUT", path, { name: "other", v: 1, ...rest }),
    );
  });

  test("W5.6 a body that doesn't satisfy its schema is 422 with the place", async () => {
    const schema = {
      type: "object",
      properties: { n: { type: "integer" }, t: { pattern: "^a+$" } },
      required: ["n"],
    };
    const definition = { name: "checked", v: 1, steps: { a: { schema } } };
    await useRun(definition);
    const bad = await step("a", { content: { n: "x", t: "b" } });
    await expectRefused(422, "body_schema", () => post(bad), { at: "/n" });
    await expectRefused(422, "body_schema", async () => post(await step("a", { content: {} })), {
      at: "",
    });
    expect((await post(await step("a", { content: { n: 1, t: "aaa" } }))).status).toBe(201);
  });

  test("W5.6 a step that names who may is closed to others, and open to the account that it names", async () => {
    const definition = {
      name: "mine",
      v: 1,
      steps: { a: { who: [A.did] }, b: { who: ["acc_falcon"] }, c: { who: ["packer"] } },
    };
    await useRun(definition);
    await expectRefused(403, "not_allowed", async () => post(await step("a", {}, B)));
    const act = (name: string) => desk.ask("POST", `${AT}/runs/${run}/act`, { step: name });
    await expectRefused(403, "not_allowed", () => act("a"));
    expect((await act("b")).status).toBe(201);
    await expectRefused(403, "not_allowed", async () => post(await step("c", {}, B)));
    await desk.ask("POST", `${AT}/runs/${run}/grants`, { role: "packer", to: [B.did] });
    expect((await post(await step("c", {}, B))).status).toBe(201);
    expect((await post(await step("a"))).status).toBe(201);
  });
});

/** §2.2: accounts, their credential and their end. */
import { accountBody, accountCreatedBody, rotatedBody } from "@ams/protocol/schema";
import { expect, test } from "vitest";
import {
  type Account,
  createAccount,
  expectProblem,
  http,
  mint,
  offer,
  THERE,
  unique,
  until,
} from "./driver.ts";
import { dial, expectRefusal, join } from "./subscriber.ts";

const RESERVED = [
  ...["v1", "mcp", "docs", "assets", "healthz", "livez", "readyz", "metrics", "admin"],
  ...["mesh", "workflow", "amp", "a2a", "hooks", "oauth", "operator"],
];

const create = (body: unknown) => http("POST", "/v1/accounts", { body });
const show = (bearer: string) => http("GET", "/v1/account", { bearer });
const rotate = (bearer: string, body?: unknown) =>
  http("POST", "/v1/account/credential", { bearer, body });

async function rotated(owner: Account, body?: unknown): Promise<Account> {
  const answer = await rotate(owner.credential, body);
  expect(answer.status, answer.text).toBe(200);
  return { ...owner, ...rotatedBody.parse(answer.json) };
}

test("§2.2 POST /v1/accounts answers 201 with account and credential", async () => {
  const namespace = unique();
  const answer = await create({ namespace });
  expect(answer.status, answer.text).toBe(201);
  const created = accountCreatedBody.parse(answer.json);
  expect(created.namespace).toBe(namespace);
  expect(Math.abs(Date.parse(created.created_at) - Date.now())).toBeLessThan(60_000);
});

test("§2.2.1 a namespace of 63 characters is taken, and a taken one is 409 namespace_taken", async () => {
  const namespace = unique("n").padEnd(63, "-");
  expect((await create({ namespace })).status).toBe(201);
  expectProblem(await create({ namespace }), 409, "namespace_taken");
});

test("§2.2.1 a bad namespace is 400 invalid_namespace", async () => {
  const wrong = [
    "",
    "-a",
    "A",
    "a_b",
    "a.b",
    "a b",
    "é",
    "a".repeat(64),
    "a\n",
    1,
    null,
    {},
    undefined,
  ];
  for (const namespace of wrong) {
    expectProblem(await create({ namespace }), 400, "invalid_namespace");
  }
});

test("§1.2 a reserved namespace is 400 invalid_namespace", async () => {
  for (const namespace of RESERVED) {
    expectProblem(await create({ namespace }), 400, "invalid_namespace");
  }
});

test("§2.2.1 of ten concurrent creates of one namespace exactly one is answered 201", async () => {
  const namespace = unique();
  const answers = await Promise.all(Array.from({ length: 10 }, () => create({ namespace })));
  expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
  for (const answer of answers.filter(({ status }) => status !== 201)) {
    expectProblem(answer, 409, "namespace_taken");
  }
});

test("§2.2.3 GET /v1/account shows the account, and never its credential", async () => {
  const owner = await createAccount();
  const answer = await show(owner.credential);
  expect(answer.status).toBe(200);
  const { account_id, namespace } = owner;
  expect(accountBody.parse(answer.json)).toMatchObject({ account_id, namespace });
  expect(answer.text).not.toContain("ams_sk_");
});

test("§2.2.4 the old credential works until the new one is first used", async () => {
  const owner = await createAccount();
  const renewed = await rotated(owner);
  expect((await show(owner.credential)).status).toBe(200);
  expect((await show(renewed.credential)).status).toBe(200);
  expectProblem(await show(owner.credential), 401, "invalid_credential");
});

test("§2.2.4 a connect is a use too; sockets of the ended credential are closed 4002, those of the new one stay", async () => {
  const owner = await createAccount();
  const minted = await mint(owner);
  const held = await join(minted, { as: owner, name: "held", at: THERE });
  const renewed = await rotated(owner);
  const newer = await join(minted, { as: renewed, name: "newer" });
  expect(await held.ended()).toEqual({ code: 4002, reason: "invalid_credential" });
  await newer.see("that it has left", () => newer.peers.size === 0);
  expect(newer.endedByBroker).toBeNull();
});

test("§2.2.4 a rotation is limited per account", async () => {
  const { rotations_per_minute: limit } = (await offer()).limits;
  if (limit === undefined || limit === 0 || limit > 100) return;
  const owner = await createAccount();
  for (let n = 0; n < limit; n += 1) await rotated(owner);
  const bearer = owner.credential;
  const refused = await http("POST", "/v1/account/credential", { bearer, attempts: 1 });
  expectProblem(refused, 429, "rate_limited");
});

test("§2.2.4 a rotation with a grace of 0 ends the old credential at once", async () => {
  const owner = await createAccount();
  const renewed = await rotated(owner, { grace_s: 0 });
  expect(renewed.credential).not.toBe(owner.credential);
  expectProblem(await show(owner.credential), 401, "invalid_credential");
  expect((await show(renewed.credential)).status).toBe(200);
});

test("§2.2.4 grace_s keeps the old credential alive for that long", async () => {
  const owner = await createAccount();
  const renewed = await rotated(owner, { grace_s: 1 });
  expect((await show(renewed.credential)).status).toBe(200);
  expect((await show(owner.credential)).status).toBe(200);
  await until(
    () => show(owner.credential),
    ({ status }) => status === 401,
  );
  expect((await show(renewed.credential)).status).toBe(200);
});

test("§2.2.4 a bad grace_s is 400 invalid_grace, and changes nothing", async () => {
  const owner = await createAccount();
  for (const grace_s of [-1, 0.5, "1", true, {}, 604_801]) {
    expectProblem(await rotate(owner.credential, { grace_s }), 400, "invalid_grace");
  }
  expect((await show(owner.credential)).status).toBe(200);
});

test("§2.2.5 a deleted account's conversations close 4005, its sockets elsewhere 4002, its namespace stays taken", async () => {
  const [owner, other] = await Promise.all([createAccount(), createAccount()]);
  const [own, foreign] = await Promise.all([mint(owner), mint(other)]);
  const guestInOwn = await join(own, { as: other });
  const inForeign = await join(foreign, { as: owner });
  const answer = await http("DELETE", "/v1/account", { bearer: owner.credential });
  expect(answer.status).toBe(204);
  expect(answer.text).toBe("");
  expect(await guestInOwn.ended()).toEqual({ code: 4005, reason: "conversation_closed" });
  expect(await inForeign.ended()).toEqual({ code: 4002, reason: "invalid_credential" });
  expectProblem(await show(owner.credential), 401, "invalid_credential");
  expectProblem(await create({ namespace: owner.namespace }), 409, "namespace_taken");
  await expectRefusal(dial(own, { as: other }), 4005, "conversation_not_found");
  await expectRefusal(dial(foreign, { as: owner }), 4002, "invalid_credential");
});

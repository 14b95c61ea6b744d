// A mesh over HTTP: every verb, who may ask, and what is answered (M1 to M10).
import { transactionHash, verifyBundle } from "@ams/mesh-rules";
import {
  fromHex,
  isSignedBy,
  readCheckpoint,
  readSignature,
  resolveDidKey,
  tagged,
  verify,
  verifyConsistency,
  verifyInclusion,
} from "@ams/provenance";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  AT,
  agentNamed,
  CONVERSATION,
  type Desk,
  deliver,
  envelope,
  hire,
  LINK,
  newFolder,
  openDesk,
  openMesh,
  PRIME,
  post,
  putCard,
  removeFolder,
  revokeOf,
  SETTLE,
  TOKEN,
  voteOn,
} from "./testing/desk.ts";

const [alice, bob] = [agentNamed("alice"), agentNamed("bob")];
const voters = ["v1", "v2", "v3"].map(agentNamed);
const [v1, v2, v3] = [agentNamed("v1"), agentNamed("v2"), agentNamed("v3")];
let folder: string;
let desk: Desk;

beforeEach(async () => {
  folder = newFolder();
  desk = openDesk({ kind: "embedded", folder, durability: { kind: "memory" } });
  await openMesh(desk, [alice, bob, ...voters]);
  const deposit = { to: alice.did, amount: "100 USD", ref: "d-1" };
  expect((await desk.ask("POST", `${AT}/ledger/deposits`, deposit)).status).toBe(201);
});

afterEach(async () => {
  await desk.stop();
  removeFolder(folder);
});

const get = async (path: string, bearer: string | null = "falcon") =>
  await desk.ask("GET", `${AT}${path}`, undefined, bearer);
const balance = async (account: string) =>
  (await get(`/ledger/accounts/${encodeURIComponent(account)}`)).body.balances.USD ?? 0;

describe("M1 access", () => {
  test("M1.2 what is offered, to anybody", async () => {
    const { body } = await desk.ask("GET", "", undefined, null);
    expect(body).toMatchObject({ version: 1, zkml: "attestor-fallback", money: "credits" });
    expect(body.verbs).toHaveLength(7);
  });

  test("M1.1 opening again is 200, and D2 says who finds it", async () => {
    const again = await desk.ask("POST", "/meshes", { magic_link: LINK });
    expect(again).toMatchObject({ status: 200, body: { mesh: CONVERSATION, owner: true } });
    expect(again.body.prime).toMatchObject({ did: PRIME });
    expect((await get("", null)).body.error).toBe("missing_credential");
    expect((await get("", "wrong")).body.error).toBe("invalid_credential");
    expect((await get("", "stranger")).body.error).toBe("not_found");
    expect((await get(`?t=${TOKEN}`, null)).status).toBe(200);
    expect((await get("?t=x", null)).body.error).toBe("invalid_token");
    const write = await desk.ask("POST", `${AT}/envelopes?t=${TOKEN}`, {}, null);
    expect(write.body.error).toBe("missing_credential");
    expect((await desk.ask("PATCH", AT)).body.error).toBe("method_not_allowed");
    const open = (magic_link: string) => desk.ask("POST", "/meshes", { magic_link });
    expect((await open(`${LINK}x`)).body.error).toBe("invalid_token");
    expect((await open("nonsense")).body.error).toBe("invalid_magic_link");
    expect((await desk.ask("PUT", `${AT}/policy`, {}, alice.did.slice(-12))).status).toBe(403);
  });
});

describe("M5 the verbs", () => {
  test("discover, delegate, execute, attest, settle: half by half", async () => {
    const card = { skills: ["tax-filing"], price: "40 USD", regions: ["IN"] };
    expect((await putCard(desk, bob, card)).status).toBe(200);
    const search = { skill: "tax-filing", max_price: "60 USD", min_reputation: 400 };
    const query = new URLSearchParams({ ...search, min_reputation: "400" });
    expect((await get(`/agents?${query}`)).body.agents).toMatchObject([
      { did: bob.did, price: "40.00 USD", reputation: 500 },
    ]);
    const found = await post(desk, "discover", alice, {
      ...{ kind: "intent", to: "*", intent: { action: "amp/discover", params: search } },
    });
    expect(found).toMatchObject({ status: 201, body: { agents: [{ did: bob.did }] } });
    const own = { to: "skill:tax-filing", require: { attestors: 2, zkml: true } };
    const of = voters.map(({ did }) => did);
    const id = await hire(desk, alice, bob, own, of);
    expect(await balance(`escrow:${id}`)).toBe(5_000);
    const outcome = await deliver(desk, bob, id, "draft_ready");
    const undecided = await desk.ask("POST", `${AT}/settle`, {
      ...{ delegation: id, milestone: "draft_ready" },
    });
    expect(undecided.body.error).toBe("not_decided");
    await post(desk, "attest", v1, voteOn(outcome, "draft_ready", "pass"));
    await post(desk, "attest", v2, voteOn(outcome, "draft_ready", "fail"));
    const { body } = await post(desk, "attest", v3, voteOn(outcome, "draft_ready", "pass"));
    expect(body.settlement.payload).toMatchObject({ result: "released" });
    expect(await balance(`avail:${bob.did}`)).toBe(2_500);
    const poo = (await get(`/poo/${outcome.receipt.id}`)).body;
    expect(poo).toMatchObject({ ok: true, proof: { k: 2, n: 3, pass: 2, fail: 1 } });
    expect(poo.proof.zkml).toEqual({ requested: true, verified: false });
    const decided = await desk.ask("POST", `${AT}/settle`, {
      ...{ delegation: id, milestone: "draft_ready" },
    });
    expect(decided.body.settlement.id).toBe(body.settlement.id);
    expect((await get(`/settlements/${body.settlement.id}`)).body.from).toBe(PRIME);
    expect((await get(`/settlements?delegation=${id}`)).body.settlements).toHaveLength(1);
    expect((await get(`/delegations/${id}`)).body).toMatchObject({
      ...{ state: "active", released_minor: 2_500, currency: "USD" },
    });
    expect((await post(desk, "revoke", alice, revokeOf(id))).status).toBe(201);
    expect(await balance(`avail:${alice.did}`)).toBe(7_500);
    expect((await get("/ledger/verify")).body).toMatchObject({ ok: true, sums: { USD: 0 } });
    const { transactions, next } = (await get("/ledger/journal?limit=2")).body;
    expect([transactions.length, next]).toEqual([2, 1]);
    expect((await get("/ledger/journal?after=1")).body.next).toBe(null);
  });

  test("M3.1 the path names the verb, and Prime alone settles", async () => {
    const greet = { kind: "intent", to: bob.did, intent: { action: "greet" } };
    const wrong = await post(desk, "execute", alice, greet);
    expect([wrong.status, wrong.body.error]).toEqual([400, "verb_mismatch"]);
    const id = await hire(desk, alice, bob);
    const outcome = await deliver(desk, bob, id, "draft_ready");
    const parent = outcome.receipt.id;
    const settle = { kind: "outcome", to: bob.did, parent, intent: { action: "amp/settle" } };
    expect((await post(desk, "settle", bob, settle)).body.error).toBe("not_authorized");
    const bare = await desk.ask("POST", `${AT}/envelopes`, { v: 1 });
    expect([bare.status, bare.body.error]).toEqual([400, "invalid_envelope"]);
    const text = await desk.ask("POST", `${AT}/envelopes`, '{"a":1,"a":2}');
    expect(text.body.error).toBe("duplicate_key");
  });

  test("M3.3 a hundred copies at once: one receipt, one effect", async () => {
    const signed = envelope(desk, alice, {
      ...{ kind: "intent", to: bob.did, intent: { action: "greet" }, settle: SETTLE },
    });
    const copies = Array.from({ length: 100 }, () =>
      desk.ask("POST", `${AT}/envelopes`, signed, alice.did.slice(-12)),
    );
    const answers = await Promise.all(copies);
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    const receipts = new Set(answers.map(({ body }) => JSON.stringify([body.receipt, body.sig])));
    expect(receipts.size).toBe(1);
  });

  test("M5.7 the operator revokes, and Prime signs it", async () => {
    const id = await hire(desk, alice, bob);
    const path = `${AT}/delegations/${id}/revoke`;
    expect((await desk.ask("POST", path, {}, bob.did.slice(-12))).status).toBe(403);
    const { status, body } = await desk.ask("POST", path, { reason: "no_fault" });
    expect([status, body.envelope.from]).toEqual([201, PRIME]);
    expect(await balance(`avail:${alice.did}`)).toBe(10_000);
  });

  test("M7.8 deposits are idempotent, withdrawals are held until they are paid", async () => {
    const put = (amount: string) =>
      desk.ask("POST", `${AT}/ledger/deposits`, { to: alice.did, amount, ref: "d-1" });
    expect((await put("100 USD")).status).toBe(200);
    expect((await put("99 USD")).body.error).toBe("ledger_conflict");
    const asked = await post(desk, "envelopes", alice, {
      ...{ kind: "intent", to: PRIME },
      intent: { action: "amp/withdraw", params: { amount: "30 USD" } },
    });
    const id = asked.body.receipt.id;
    expect(await balance(`held:${id}`)).toBe(3_000);
    const path = `${AT}/ledger/withdrawals/${id}`;
    expect((await desk.ask("POST", path, { paid: true, ref: "w-1" })).status).toBe(201);
    expect((await desk.ask("POST", path, { paid: true, ref: "w-1" })).status).toBe(200);
    expect(await balance("external:credits")).toBe(-7_000);
  });
});

describe("M10.3 the log, M6.4 the bundle", () => {
  test("receipts, proofs, checkpoints and tiles fit together, and a bundle holds alone", async () => {
    const before = readCheckpoint((await get("/log/checkpoint", null)).body);
    const id = await hire(desk, alice, bob);
    const key = resolveDidKey((await get("/log/key", null)).body.did);
    const note = readCheckpoint((await get("/log/checkpoint", null)).body);
    if (!key.ok || note === null || before === null) throw new Error("no key, or no checkpoint");
    expect(isSignedBy(note, note.origin, key.key)).toBe(true);
    const { receipt, sig } = (await get(`/envelopes/${id}`)).body;
    const signature = readSignature(sig) ?? new Uint8Array();
    expect(verify(key.key, tagged("ams-mesh", "receipt", receipt), signature)).toBe(true);
    const proved = (await get(`/log/proof/inclusion?id=${id}&size=${note.size}`)).body;
    const bytes = (hex: string) => fromHex(hex) ?? new Uint8Array();
    const steps = proved.proof.map(bytes);
    const leaf = bytes(proved.leaf);
    expect(verifyInclusion(proved.seq, note.size, leaf, note.root, steps)).toBe(true);
    const grown = (await get(`/log/proof/consistency?from=${before.size}&to=${note.size}`)).body;
    const path = grown.proof.map(bytes);
    const is = verifyConsistency(before.size, note.size, before.root, note.root, path);
    expect(is).toBe(true);
    const intent = (await get(`/delegations/${id}`)).body.intent;
    const bundle = (await get(`/aig/${intent}/bundle`)).body;
    const check = (value: unknown) => verifyBundle(Buffer.from(JSON.stringify(value)));
    expect(check(bundle)).toMatchObject({ ok: true, envelopes: 3, transactions: 1 });
    const changed = structuredClone(bundle);
    changed.transactions[0].postings[0].minor += 1;
    expect(check(changed)).toMatchObject({ ok: false });
    const invented = structuredClone(bundle);
    const { hash: _, ...body } = { ...invented.transactions[0], reason: "release", tx: 9 };
    invented.transactions.push({ ...body, hash: transactionHash(body) });
    invented.transaction_proofs.push(invented.transaction_proofs[0]);
    expect(check(invented)).toMatchObject({ ok: false, fault: "transaction 9: not in the log" });
    expect((await get(`/aig/${intent}?format=dot`)).body).toContain("digraph");
    expect((await get(`/aig/${id}/lineage`)).body.lineage).toEqual([intent, id]);
  });
});

describe("J1.1 a restart", () => {
  test("reads the same log: root, receipts, balances, and what is due is done", async () => {
    const id = await hire(desk, alice, bob);
    await deliver(desk, bob, id, "draft_ready");
    const before = (await get("")).body.log;
    const receipt = (await get(`/envelopes/${id}`)).body;
    await desk.stop();
    desk = openDesk({ kind: "embedded", folder, durability: { kind: "memory" } }, {}, desk.clock);
    expect((await get("")).body.log).toEqual(before);
    expect((await get(`/envelopes/${id}`)).body).toEqual(receipt);
    desk.clock.now += 259_201_000;
    await expect.poll(async () => await balance(`avail:${bob.did}`)).toBe(2_500);
  });
});

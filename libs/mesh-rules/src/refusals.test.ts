// The order of acceptance, and what each step refuses (M2, M3, M4, M5, M6, M8, M11).
import { type JsonObject, sha256, tagged, toHex, writeSignature } from "@ams/provenance";
import { beforeEach, describe, expect, test } from "vitest";
import { PRIME, signEnvelope } from "./envelope.ts";
import { Refused } from "./errors.ts";
import { register } from "./operator.ts";
import { termsHash } from "./terms-hash.ts";
import {
  agentNamed,
  askFor,
  deliver,
  hire,
  intentTo,
  type Loose,
  MESH,
  stage,
  uuid,
  voteOn,
  World,
} from "./testing/world.ts";

const [alice, bob, carol] = [agentNamed("alice"), agentNamed("bob"), agentNamed("carol")];
let world: World;

beforeEach(() => {
  world = new World();
  world.deposit(alice, "100 USD");
});

const plain = (own: Loose = {}): Loose => ({
  ...{ kind: "intent", to: bob.did, intent: { action: "greet" } },
  ...own,
});

describe("M2 members", () => {
  const constraint = (constraints: object) => ({ intent: { action: "a", constraints } });
  test.each<readonly [string, Loose]>([
    ["unsupported_version", { v: 2 }],
    ["invalid_envelope", { kind: "wish" }],
    ["invalid_envelope", { id: "550E8400-E29B-41D4-A716-446655440000" }],
    ["invalid_envelope", { surprise: 1 }],
    ["invalid_envelope", { intent: { action: "a", more: 1 } }],
    ["invalid_envelope", { intent: { action: "two words" } }],
    ["invalid_envelope", { intent: { action: "amp/fly" } }],
    ["invalid_envelope", { payload: {} }],
    ["invalid_envelope", { nonce: -1 }],
    ["invalid_envelope", { require: { attestors: 17 } }],
    ["invalid_envelope", { settle: { rail: "amp-barter", amount: "1 USD" } }],
    ["invalid_amount", { settle: { rail: "amp-escrow", amount: "1.001 USD" } }],
    [
      "invalid_amount",
      { settle: { rail: "amp-escrow", amount: "2 USD" }, ...constraint({ budget: "1 USD" }) },
    ],
    ["invalid_milestones", { settle: { rail: "amp-outcome", amount: "1 USD", milestones: [] } }],
    [
      "invalid_milestones",
      { settle: { rail: "amp-escrow", amount: "1 USD", milestones: [{ on: "a", pct: 99 }] } },
    ],
    [
      "invalid_split",
      { settle: { rail: "amp-split", amount: "1 USD", split: [{ to: "did:w7:a", bps: 10_000 }] } },
    ],
    [
      "invalid_envelope",
      { settle: { rail: "amp-subscription", amount: "1 USD", cycle: { every: "PT0S" } } },
    ],
    ["unknown_constraint", constraint({ colour: "red" })],
    ["invalid_envelope", constraint({ deadline: "soon" })],
    ["invalid_envelope", constraint({ jurisdiction: "India" })],
    ["wrong_mesh", constraint({ mesh: "conv_other" })],
    ["zkml_unsupported", { require: { zkml: true } }],
    [
      "zkml_unsupported",
      {
        require: { zkml: true, attestors: 1 },
        settle: { rail: "amp-escrow", amount: "1 USD", no_fallback: true },
      },
    ],
    ["illegal_parent", { kind: "inference", intent: undefined, payload: { stage: "accepted" } }],
    ["parent_unknown", { parent: uuid(9) }],
    ["too_large", { intent: { action: "a", params: { text: "x".repeat(50_000) } } }],
    [
      "",
      constraint({ "x-colour": "red", mesh: MESH, deadline: "2026-04-30", data_class: ["pii"] }),
    ],
  ])("%s", (code, own) => {
    const members = Object.fromEntries(
      Object.entries(plain(own)).filter(([, value]) => value !== undefined),
    );
    expect(world.refusal(alice, members)).toBe(code);
  });

  test("M2.1 unsigned, another form, another's signature", () => {
    const signed = world.envelope(alice, plain());
    const codes = [undefined, null, "", "ed25519:00", `ED25519:${"0".repeat(128)}`].map((auth) => {
      const { auth: _, ...rest } = signed;
      const given = auth === undefined ? rest : { ...rest, auth };
      const judgement = world.hand(given, alice);
      return judgement.kind === "refused" ? judgement.refusal.code : "";
    });
    expect(codes).toEqual(["unsigned", "unsigned", "unsigned", "bad_signature", "bad_signature"]);
  });
});

describe("M3.3 replay", () => {
  const code = (envelope: JsonObject) => {
    const judgement = world.hand(envelope, alice);
    if (judgement.kind === "refused") return judgement.refusal.code;
    return judgement.isDuplicate ? "duplicate" : "accepted";
  };

  test("the same bytes are a duplicate however late, the same id with others a conflict", () => {
    const signed = world.envelope(alice, plain());
    expect(code(signed)).toBe("accepted");
    world.now += 10_000_000;
    const size = world.state.size;
    expect(code(signed)).toBe("duplicate");
    const { auth: _, ...rest } = signed;
    expect(code(signEnvelope({ ...rest, to: carol.did }, alice))).toBe("id_conflict");
    expect(world.state.size).toBe(size);
  });

  test("300 seconds are taken, 301 refused, and nothing from before the opening", () => {
    const ts = Math.floor(world.now / 1_000);
    world.now += 1_000_000;
    const now = ts + 1_000;
    expect(code(world.envelope(alice, plain({ ts: now - 300 })))).toBe("accepted");
    expect(code(world.envelope(alice, plain({ ts: now + 300 })))).toBe("accepted");
    expect(code(world.envelope(alice, plain({ ts: now - 301 })))).toBe("stale_timestamp");
    expect(code(world.envelope(alice, plain({ ts: now + 301 })))).toBe("stale_timestamp");
    const anew = new World();
    const judgement = anew.hand(anew.envelope(alice, plain({ ts: ts - 7 })), alice);
    expect(judgement).toMatchObject({ refusal: { code: "stale_timestamp" } });
  });

  test("the window of nonces: out of order within it, never twice, never behind it", () => {
    const nonce = (value: number) => code(world.envelope(alice, plain({ nonce: value })));
    expect(nonce(1_000)).toBe("accepted");
    expect(nonce(745)).toBe("accepted");
    expect(nonce(744)).toBe("nonce_replay");
    expect(nonce(745)).toBe("nonce_replay");
    expect(nonce(1_001)).toBe("accepted");
    const strict = new World({ nonceWindow: 0 });
    strict.hand(strict.envelope(alice, plain({ nonce: 5 })), alice);
    const again = strict.hand(strict.envelope(alice, plain({ nonce: 4 })), alice);
    expect(again).toMatchObject({ refusal: { code: "nonce_replay" } });
  });

  test("a nonce spent on a refusal by funds stays spent, and nothing else happened", () => {
    const { id } = world.send(
      alice,
      intentTo(bob.did, { settle: { rail: "amp-outcome", amount: "101 USD" } }),
    );
    const ask = world.envelope(alice, askFor(id, bob.did));
    const [size, entries] = [world.state.size, world.log.length];
    expect(code(ask)).toBe("insufficient_funds");
    expect([world.state.size, world.log.length]).toEqual([size + 1, entries + 1]);
    expect(code(ask)).toBe("nonce_replay");
    expect(world.state.delegations.size).toBe(0);
  });
});

describe("M4.2 the registry", () => {
  const key = (of: typeof alice) => of.did.slice("did:key:".length);
  const put = (op: Loose, signers: readonly (typeof alice)[], isOperator = false): Loose => {
    const sigs = signers.map((of) =>
      writeSignature(of.signNow(tagged("ams-mesh", "registry", op))),
    );
    try {
      return world.append((draft) => register(draft, { op, sigs }, "acc_1", isOperator));
    } catch (error) {
      if (error instanceof Refused) return error.refusal.code;
      throw error;
    }
  };
  const create = (did: string, own: object = {}) => ({
    ...{ op: "create", did, seq: 0, prev: "0".repeat(64), ts: 1 },
    keys: [{ id: "k1", key: key(alice) }],
    ...own,
  });

  test("names are given once, rotated by both keys or the announced one, and deactivated", () => {
    expect(put(create("did:w7:alice"), [bob])).toBe("bad_signature");
    const { hash } = put(create("did:w7:alice"), [alice]);
    expect(put(create("did:w7:alice", { ts: 2 }), [alice])).toBe("name_taken");
    expect(put(create("did:w7:skill/x"), [alice])).toBe("not_authorized");
    expect(put(create("did:w7:skill/x"), [alice], true).seq).toBe(0);
    const next = toHex(sha256(carol.publicKey));
    const rotate = { op: "rotate", did: "did:w7:alice", seq: 1, prev: hash, ts: 2 };
    const toBob = { ...rotate, keys: [{ id: "k2", key: key(bob) }], next_key_hash: next };
    expect(put({ ...toBob, seq: 2 }, [alice, bob])).toBe("registry_conflict");
    expect(put(toBob, [alice])).toBe("bad_signature");
    const second = put(toBob, [alice, bob]);
    const old = world.hand(world.envelope(alice, plain(), "did:w7:alice"), alice);
    expect(old).toMatchObject({ refusal: { code: "bad_signature" } });
    expect(world.hand(world.envelope(bob, plain(), "did:w7:alice"), bob).kind).toBe("accepted");
    const toCarol = { ...rotate, seq: 2, prev: second.hash, keys: [{ id: "k3", key: key(carol) }] };
    const third = put(toCarol, [carol]);
    expect(third.seq).toBe(2);
    const end = { op: "deactivate", did: "did:w7:alice", seq: 3, prev: third.hash, ts: 3 };
    expect(put(end, [carol]).seq).toBe(3);
    const late = world.hand(world.envelope(carol, plain(), "did:w7:alice"), carol);
    expect(late).toMatchObject({ refusal: { code: "did_deactivated" } });
  });
});

describe("M5.3 negotiate", () => {
  const thread = uuid(77);
  const settle = { rail: "amp-escrow", amount: "20 USD" };
  const round = (state: string, to: string, own: Loose = {}, parent?: string): Loose => ({
    ...{ kind: "intent", to, ...(parent === undefined ? {} : { parent }) },
    intent: { action: "amp/negotiate", params: { thread, state, ...own } },
  });

  test("nobody accepts an own, a stale or a lapsed offer, and a deal is kept to", () => {
    const terms = { action: "greet", settle };
    const first = world.send(
      alice,
      round("propose", bob.did, { terms: { ...terms, settle: { ...settle, amount: "10 USD" } } }),
    );
    const counter = world.send(bob, round("counter", alice.did, { terms }, first.id));
    const hash = termsHash(terms);
    const accept = (parent: string) => round("accept", bob.did, { terms_hash: hash }, parent);
    expect(world.refusal(alice, accept(first.id))).toBe("illegal_state");
    expect(world.refusal(bob, { ...accept(counter.id), to: alice.did })).toBe("illegal_state");
    expect(world.refusal(carol, accept(counter.id))).toBe("not_authorized");
    const { id, extra } = world.send(alice, accept(counter.id));
    expect(extra.negotiation).toMatchObject({ state: "agreed", rounds: 3, terms_hash: hash });
    const intent = world.send(alice, { ...plain({ to: "skill:greeting", settle }), parent: id });
    const other = world.send(alice, plain({ to: "skill:greeting" }));
    expect(world.refusal(alice, askFor(other.id, bob.did, { thread }))).toBe("terms_mismatch");
    expect(world.send(alice, askFor(intent.id, bob.did, { thread })).extra.delegation.to).toBe(
      bob.did,
    );
  });
});

describe("M5 states and authority", () => {
  test("who may do what, and when", () => {
    const { id: intent } = world.send(alice, intentTo(bob.did));
    expect(world.refusal(carol, askFor(intent, bob.did))).toBe("not_authorized");
    expect(world.refusal(alice, askFor(intent, carol.did))).toBe("not_authorized");
    const id = world.send(alice, askFor(intent, bob.did)).extra.delegation.id;
    expect(world.refusal(alice, askFor(intent, bob.did))).toBe("illegal_state");
    expect(world.refusal(carol, stage(id, "accepted"))).toBe("not_authorized");
    const settled = {
      kind: "outcome",
      to: bob.did,
      parent: intent,
      intent: { action: "amp/settle" },
    };
    expect(world.refusal(alice, settled)).toBe("illegal_parent");
    world.send(bob, stage(id, "started"));
    expect(world.refusal(bob, stage(id, "declined"))).toBe("illegal_state");
    const outcome = deliver(world, bob, id, "draft_ready");
    expect(world.refusal(bob, stage(id, "result", "draft_ready"))).toBe("illegal_state");
    expect(world.refusal(bob, stage(id, "result", "nothing"))).toBe("invalid_envelope");
    const byOther = { ...settled, parent: outcome, payload: {} };
    expect(world.refusal(bob, byOther)).toBe("not_authorized");
    expect(world.refusal(bob, voteOn(world, outcome, "pass"))).toBe("not_authorized");
  });

  test("declined: all goes back, nothing is slashed, and the intent is open again", () => {
    const { id: intent } = world.send(alice, intentTo(bob.did));
    const id = world.send(alice, askFor(intent, bob.did)).extra.delegation.id;
    world.send(bob, stage(id, "declined"));
    expect([world.usd(`avail:${alice.did}`), world.usd(`escrow:${id}`)]).toEqual([10_000, 0]);
    expect(world.send(alice, askFor(intent, bob.did)).extra.delegation.to).toBe(bob.did);
  });

  test("a deadline that has passed", () => {
    const deadline = new Date(world.now + 60_000).toISOString();
    const { id } = world.send(alice, intentTo(bob.did, { intent: { constraints: { deadline } } }));
    world.pass(61);
    expect(world.refusal(alice, askFor(id, bob.did))).toBe("expired");
  });
});

describe("M6.3 a sub-delegation only narrows", () => {
  test.each<readonly [string, Loose]>([
    ["settle.amount", { settle: { rail: "amp-escrow", amount: "51 USD" } }],
    ["settle.amount", { settle: { rail: "amp-escrow", amount: "1 EUR" } }],
    ["action", { intent: { action: "file" } }],
    [
      "jurisdiction",
      { intent: { action: "file_quarterly", constraints: { jurisdiction: ["IN", "DE"] } } },
    ],
    ["deadline", { intent: { action: "file_quarterly", constraints: { deadline: "2099-01-02" } } }],
    ["max_depth", { intent: { action: "file_quarterly", constraints: { max_depth: 1 } } }],
  ])("scope_widened: %s", (field, own) => {
    const constraints = { jurisdiction: "IN", deadline: "2099-01-01", max_depth: 1 };
    const id = hire(world, alice, bob, { intent: { constraints } });
    const sub = {
      kind: "delegation",
      to: carol.did,
      parent: id,
      intent: { action: "file_quarterly" },
    };
    const judgement = world.hand(world.envelope(bob, { ...sub, ...own }), bob);
    expect(judgement).toMatchObject({ refusal: { code: "scope_widened", error: { field } } });
    world.send(bob, { ...sub, intent: { action: "file_quarterly/india" } });
    const [child] = world.delegation(id).children;
    const deeper = { ...sub, to: agentNamed("dora").did, parent: child };
    expect(world.refusal(carol, { ...deeper, intent: { action: "file_quarterly/india" } })).toBe(
      "scope_widened",
    );
  });
});

describe("M8.1 policy", () => {
  test.each<readonly [string, Loose]>([
    ["actions", { actions: { allow: ["greet*"] } }],
    ["actions", { actions: { allow: ["*"], deny: ["file_quarterly"] } }],
    ["currencies", { currencies: ["EUR"] }],
    ["max_budget", { max_budget: ["49 USD"] }],
    ["daily_spend", { daily_spend: ["49 USD"] }],
    ["jurisdictions", { jurisdictions: ["DE"] }],
    ["data_classes", { data_classes: { deny: ["pii"] } }],
    ["counterparties", { counterparties: { deny: [bob.did] } }],
    ["min_reputation", { min_reputation: { score: 501 } }],
    ["min_stake", { min_stake: "1 USD" }],
    ["require_attestors", { require_attestors: { over: "10 USD", k: 2 } }],
    ["hours", { hours: { tz: "UTC", from: "00:00", to: "00:00" } }],
  ])("denied by %s: nothing is held, the decision is signed and logged", (name, own) => {
    world.policy({ id: "p", actions: { allow: ["*"] }, ...own });
    const { id } = world.send(alice, intentTo(bob.did));
    const judgement = world.hand(world.envelope(alice, askFor(id, bob.did)), alice);
    const error = { reasons: [name] };
    expect(judgement).toMatchObject({ kind: "refused", refusal: { code: "policy_denied", error } });
    expect(world.usd(`avail:${alice.did}`)).toBe(10_000);
    const decision = [...world.state.decisions.values()][0]?.decision;
    expect(decision).toMatchObject({ result: "deny", reasons: [name] });
  });

  test("human approval parks, one of the approvers takes it up", () => {
    const human_approval = { over: "10 USD", approvers: [carol.did] };
    world.policy({ id: "p", actions: { allow: ["*"] }, human_approval });
    const { id: intent } = world.send(alice, intentTo(bob.did));
    const ask = world.send(alice, askFor(intent, bob.did));
    expect(ask.extra.status).toBe("parked");
    const approve = {
      kind: "intent",
      to: PRIME,
      parent: ask.id,
      intent: { action: "amp/approve" },
    };
    expect(world.refusal(bob, approve)).toBe("not_authorized");
    const { extra } = world.send(carol, approve);
    expect(world.usd(`escrow:${extra.delegation.id}`)).toBe(5_000);
    expect(world.refusal(carol, approve)).toBe("illegal_state");
  });

  test("the stricter of old and new wins before a release: refunded, no slash", () => {
    const id = hire(world, alice, bob);
    const outcome = deliver(world, bob, id, "draft_ready");
    world.policy({ id: "p", actions: { allow: ["greet"] } });
    const { settlement } = world.send(alice, voteOn(world, outcome, "pass")).extra;
    expect(settlement.payload).toMatchObject({
      result: "refunded",
      poo: { checks: { policy: false } },
    });
    expect(world.usd(`avail:${bob.did}`)).toBe(0);
    expect(world.refusal(bob, stage(id, "started"))).toBe("policy_denied");
  });
});

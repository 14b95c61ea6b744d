// Rails, verdicts, silence, slashes and revocations, each held to what the ledger has afterwards.
import { beforeEach, describe, expect, test } from "vitest";
import { PRIME, signEnvelope } from "./envelope.ts";
import { reputationOf } from "./reputation.ts";
import {
  agentNamed,
  askFor,
  deliver,
  hire,
  intentTo,
  outcomeOf,
  revokeOf,
  stage,
  uuid,
  voteOn,
  World,
} from "./testing/world.ts";
import { verifyLedger } from "./views.ts";

const [alice, bob, carol] = [agentNamed("alice"), agentNamed("bob"), agentNamed("carol")];
const voters = ["v1", "v2", "v3"].map(agentNamed);
const [v1, v2, v3] = [agentNamed("v1"), agentNamed("v2"), agentNamed("v3")];
const of = { attestors: voters.map(({ did }) => did) };
const three = { require: { attestors: 2 } };
let world: World;

const avail = (who: { readonly did: string }) => world.usd(`avail:${who.did}`);
const stakeUsd = (who: { readonly did: string }) => world.usd(`stake:${who.did}`);

beforeEach(() => {
  world = new World();
  world.deposit(alice, "100 USD");
  world.deposit(bob, "40 USD");
  for (const voter of voters) world.card(voter, { attestor: true });
});

/** Sum zero, nobody below zero, and the fold of the bytes is the state. */
function audit(): void {
  expect(verifyLedger(world.state)).toMatchObject({ ok: true, negative: [] });
  const again = world.replayed();
  expect(again.root()).toBe(world.state.root());
  expect(again.ledger.head).toBe(world.state.ledger.head);
  expect([...again.delegations.entries()]).toEqual([...world.state.delegations.entries()]);
}

describe("M7.4 rails", () => {
  test("amp-escrow: half by half, each by its proof of outcome", () => {
    const id = hire(world, alice, bob, three, of);
    expect([avail(alice), world.usd(`escrow:${id}`)]).toEqual([5_000, 5_000]);
    world.send(bob, stage(id, "accepted"));
    const outcome = deliver(world, bob, id, "draft_ready");
    expect(world.send(v1, voteOn(world, outcome, "pass")).extra).toEqual({});
    const { settlement } = world.send(v2, voteOn(world, outcome, "pass")).extra;
    expect(settlement.payload).toMatchObject({ result: "released", milestone: "draft_ready" });
    expect(settlement.payload.poo).toMatchObject({ ok: true, score: 1 });
    expect(avail(bob)).toBe(6_500);
    const second = deliver(world, bob, id, "filed_confirmed");
    for (const voter of [v1, v3]) world.send(voter, voteOn(world, second, "pass"));
    expect(world.delegation(id).state).toBe("closed");
    expect([avail(bob), world.usd(`escrow:${id}`)]).toEqual([9_000, 0]);
    // The late vote is kept, and changes nothing.
    expect(world.send(v2, voteOn(world, second, "fail")).extra).toEqual({});
    expect(reputationOf(world.state, bob.did, "file_quarterly").score).toBe(707);
    audit();
  });

  test("odd cents go by largest remainder", () => {
    const milestones = [33, 33, 34].map((pct, at) => ({ on: `m${at}`, pct }));
    const settle = { rail: "amp-escrow", amount: "0.01 USD", milestones };
    const id = hire(world, alice, bob, { settle });
    expect(world.delegation(id).milestones.map(({ minor }) => minor)).toEqual([0, 0, 1]);
    for (const { on } of milestones) {
      const outcome = deliver(world, bob, id, on);
      world.send(alice, voteOn(world, outcome, "pass"));
    }
    expect(avail(bob)).toBe(4_001);
    audit();
  });

  test("amp-outcome: all by one proof, or back", () => {
    const settle = { rail: "amp-outcome", amount: "30 USD" };
    const id = hire(world, alice, bob, { settle });
    const outcome = deliver(world, bob, id, "done");
    const { settlement } = world.send(alice, voteOn(world, outcome, "fail")).extra;
    expect(settlement.payload.result).toBe("failed");
    expect([avail(alice), avail(bob)]).toEqual([10_000, 4_000]);
    expect(reputationOf(world.state, bob.did, "file_quarterly").failures).toBe(1);
    audit();
  });

  test("amp-split: by basis points, to others than the agent", () => {
    const split = [
      { to: "did:w7:c", bps: 3_333 },
      { to: "did:w7:a", bps: 3_333 },
      { to: "did:w7:b", bps: 3_334 },
    ];
    const id = hire(world, alice, bob, {
      settle: { rail: "amp-split", amount: "1.01 USD", split },
    });
    const outcome = deliver(world, bob, id, "done");
    world.send(alice, voteOn(world, outcome, "pass"));
    const paid = split.map(({ to }) => world.usd(`avail:${to}`));
    expect(paid).toEqual([33, 34, 34]);
    audit();
  });

  test("amp-subscription: cycle by cycle, past due without funds, cancelled any time", () => {
    const cycle = { every: "PT60S" };
    const settle = { rail: "amp-subscription", amount: "40 USD", cycle };
    const id = hire(world, alice, bob, { settle });
    const outcome = deliver(world, bob, id, "cycle-1");
    world.send(alice, voteOn(world, outcome, "pass"));
    expect([avail(alice), avail(bob)]).toEqual([6_000, 8_000]);
    world.pass(61);
    expect([avail(alice), world.delegation(id).milestones.length]).toEqual([2_000, 2]);
    // The second cycle is not delivered: it goes back at its end and pays for the third.
    world.pass(60);
    expect(world.delegation(id).milestones.map(({ state }) => state)).toEqual([
      ...["released", "refunded", "pending"],
    ]);
    const third = deliver(world, bob, id, "cycle-3");
    world.send(alice, voteOn(world, third, "pass"));
    world.pass(60);
    expect(world.delegation(id).state).toBe("past_due");
    world.deposit(alice, "100 USD");
    world.pass(20);
    expect(world.delegation(id).state).toBe("active");
    world.send(alice, revokeOf(id));
    expect([avail(alice), world.usd(`escrow:${id}`)]).toEqual([12_000, 0]);
    audit();
  });

  test("amp-subscription: three tries a third of a cycle apart, then closed", () => {
    const settle = { rail: "amp-subscription", amount: "70 USD", cycle: { every: "PT60S" } };
    const id = hire(world, alice, bob, { settle });
    const outcome = deliver(world, bob, id, "cycle-1");
    world.send(alice, voteOn(world, outcome, "pass"));
    world.pass(61);
    for (const _ of [1, 2]) {
      world.pass(21);
      expect(world.delegation(id).state).toBe("past_due");
    }
    world.pass(21);
    expect(world.delegation(id).state).toBe("closed");
    audit();
  });
});

describe("M8.2 k of n", () => {
  test("fails as soon as k can't be reached, and the stake is slashed by a quarter", () => {
    world.send(bob, stakeOf("10 USD"));
    const id = hire(world, alice, bob, three, of);
    const outcome = deliver(world, bob, id, "draft_ready");
    world.send(v1, voteOn(world, outcome, "fail"));
    const { settlement } = world.send(v2, voteOn(world, outcome, "fail")).extra;
    expect(settlement.payload.result).toBe("failed");
    expect(avail(alice)).toBe(7_500);
    expect([stakeUsd(bob), world.usd(`held:${settlement.id}`)]).toEqual([750, 250]);
    world.pass(259_201);
    expect([world.usd("treasury"), avail(alice)]).toEqual([125, 7_625]);
    audit();
  });

  test("abstentions decide nothing: silence does, by the terms", () => {
    const id = hire(world, alice, bob, three, of);
    const outcome = deliver(world, bob, id, "draft_ready");
    for (const voter of voters) world.send(voter, voteOn(world, outcome, "abstain"));
    expect(world.delegation(id).milestones[0]?.state).toBe("verifying");
    world.pass(86_400);
    expect(world.delegation(id).milestones[0]?.state).toBe("refunded");
    audit();
  });

  test("one vote each, by who was named, of this digest, independent of the parties", () => {
    const id = hire(world, alice, bob, three, of);
    const outcome = deliver(world, bob, id, "draft_ready");
    world.send(v1, voteOn(world, outcome, "pass"));
    expect(world.refusal(v1, voteOn(world, outcome, "fail"))).toBe("illegal_state");
    expect(world.refusal(carol, voteOn(world, outcome, "pass"))).toBe("not_authorized");
    const other = voteOn(world, outcome, "pass");
    other.payload.digest = `sha256:${"00".repeat(32)}`;
    expect(world.refusal(v2, other)).toBe("digest_mismatch");
    const { id: intent } = world.send(alice, intentTo(bob.did, three));
    const named = (dids: readonly string[]) => askFor(intent, bob.did, { attestors: dids });
    expect(world.refusal(alice, named([v1.did, bob.did]))).toBe("attestor_conflict");
    expect(world.refusal(alice, named([v1.did]))).toBe("no_attestors");
    audit();
  });

  test("drawn by Prime where none are named, 2k-1 of them, and never a party", () => {
    world.card(carol, { attestor: true });
    world.card(bob, { attestor: true, skills: ["x"] });
    const id = hire(world, alice, bob, three);
    const drawn = world.delegation(id).attestors.of;
    expect(drawn).toHaveLength(3);
    expect(drawn).not.toContain(bob.did);
    audit();
  });

  test("M7.6 without attestors the principal judges, and silence releases", () => {
    const id = hire(world, alice, bob);
    deliver(world, bob, id, "draft_ready");
    world.pass(259_200);
    expect(avail(bob)).toBe(6_500);
    audit();
  });
});

const stakeOf = (amount: string) => ({
  kind: "intent",
  to: PRIME,
  intent: { action: "amp/stake", params: { amount } },
});

describe("M5.7 revoke", () => {
  test("at depth 5 it ends everything below, and all goes back", () => {
    const chain = Array.from({ length: 6 }, (_, at) => agentNamed(`link-${at}`));
    const first = chain[0] ?? bob;
    let id = hire(world, alice, first, { settle: { rail: "amp-outcome", amount: "60 USD" } });
    const top = id;
    chain.slice(1).forEach((agent, at) => {
      const sub = {
        ...{ kind: "delegation", to: agent.did, parent: id },
        intent: { action: "file_quarterly" },
        settle: { rail: "amp-outcome", amount: `${50 - 10 * at} USD` },
      };
      id = world.send(chain[at] ?? bob, sub).id;
    });
    expect(world.usd(`escrow:${id}`)).toBe(1_000);
    expect(world.delegation(id).depth).toBe(5);
    const { revoked } = world.send(alice, revokeOf(top)).extra;
    expect(revoked).toHaveLength(6);
    expect(avail(alice)).toBe(10_000);
    const last = chain.at(-1) ?? bob;
    expect(world.refusal(last, stage(id, "accepted"))).toBe("revoked");
    audit();
  });

  test("what was delivered before still goes to its verdict, the rest is refunded", () => {
    const id = hire(world, alice, bob, three, of);
    const outcome = deliver(world, bob, id, "draft_ready");
    world.send(alice, revokeOf(id));
    expect([avail(alice), world.usd(`escrow:${id}`)]).toEqual([7_500, 2_500]);
    for (const voter of [v1, v2]) world.send(voter, voteOn(world, outcome, "pass"));
    expect([avail(bob), world.usd(`escrow:${id}`)]).toEqual([6_500, 0]);
    audit();
  });

  test("a principal alone never slashes: a reason has to be in the log", () => {
    world.send(bob, stakeOf("20 USD"));
    const id = hire(world, alice, bob);
    for (const reason of ["sla", "policy", "forgery", "quality"])
      expect(world.refusal(alice, revokeOf(id, reason))).toBe("not_shown");
    expect(world.refusal(carol, revokeOf(id))).toBe("not_authorized");
    const result = world.send(bob, stage(id, "result", "draft_ready")).id;
    const two = ["a", "b"].map((text) => {
      const outcome = outcomeOf(result, "draft_ready");
      return world.envelope(bob, { ...outcome, payload: { ...outcome.payload, result: text } });
    });
    const { id: revoke } = world.send(alice, revokeOf(id, "forgery", { evidence: two }));
    expect([stakeUsd(bob), world.usd(`held:${revoke}`)]).toEqual([0, 2_000]);
    expect(world.refusal(alice, revokeOf(id))).toBe("revoked");
    audit();
  });

  test("M5.7 forgery is two facts that differ: not one nonce in two meshes, nor one fact twice", () => {
    world.send(bob, stakeOf("20 USD"));
    const id = hire(world, alice, bob);
    const result = world.send(bob, stage(id, "result", "draft_ready")).id;
    const elsewhere = signEnvelope(
      {
        ...{ v: 1, id: uuid(7), from: bob.did, nonce: 1, ts: 1, kind: "intent", to: carol.did },
        intent: { action: "greet", constraints: { mesh: "conv_01JOTHER0000000000000000000" } },
      },
      bob,
    );
    const here = world.state.node(result)?.envelope.raw ?? {};
    const sameNonce = signEnvelope({ ...elsewhere, nonce: Number(here.nonce) }, bob);
    const signedAgain = [5, 6].map((number) => {
      const envelope = world.envelope(bob, outcomeOf(result, "draft_ready"));
      return signEnvelope({ ...envelope, ts: number }, bob);
    });
    for (const evidence of [[here, sameNonce], signedAgain])
      expect(world.refusal(alice, revokeOf(id, "forgery", { evidence }))).toBe("not_shown");
    expect(stakeUsd(bob)).toBe(2_000);
  });

  test("M7.5 a cycle of a sub-agent never takes what its parent has delivered", () => {
    const own = { settle: { rail: "amp-outcome", amount: "50 USD" } };
    const id = hire(world, alice, bob, own);
    const cycle = { every: "PT60S", count: 5 };
    const { id: sub } = world.send(bob, {
      ...{ kind: "delegation", to: carol.did, parent: id, intent: { action: "file_quarterly" } },
      settle: { rail: "amp-subscription", amount: "20 USD", cycle },
    });
    deliver(world, carol, sub, "cycle-1");
    const outcome = deliver(world, bob, id, "done");
    expect([world.usd(`escrow:${id}`), world.usd(`escrow:${sub}`)]).toEqual([3_000, 2_000]);
    world.pass(61);
    expect(world.delegation(sub).state).toBe("past_due");
    expect(world.usd(`escrow:${id}`)).toBe(3_000);
    world.send(alice, voteOn(world, outcome, "fail"));
    expect(avail(alice)).toBe(8_000);
    audit();
  });

  test("M7.8 a deposit can't take the reference that an expiry will need", () => {
    const deadline = new Date(world.now + 60_000).toISOString();
    const id = hire(world, alice, bob, { intent: { constraints: { deadline } } });
    expect(() => world.deposit(carol, "1 USD", `${id}/expired`)).toThrow("invalid_envelope");
    world.deposit(carol, "1 USD", "invoice/7");
    world.pass(61);
    expect([world.delegation(id).state, avail(alice)]).toEqual(["expired", 10_000]);
    audit();
  });

  test("M7.7 expiry after acceptance slashes for the deadline; an arbiter may overturn it", () => {
    world.policy({ id: "p", actions: { allow: ["*"] }, arbiter: carol.did });
    world.send(bob, stakeOf("20 USD"));
    const deadline = new Date(world.now + 3_600_000).toISOString();
    const id = hire(world, alice, bob, { intent: { constraints: { deadline } } });
    world.send(bob, stage(id, "accepted"));
    world.pass(3_602);
    expect(world.delegation(id).state).toBe("expired");
    expect([avail(alice), world.usd(`held:${id}`)]).toEqual([10_000, 200]);
    expect(reputationOf(world.state, bob.did, "file_quarterly").failures).toBe(1);
    const appeal = (action: string, parent: string, payload: object) => ({
      ...{ kind: "outcome", to: PRIME, parent, intent: { action: `amp/${action}` }, payload },
    });
    const dispute = world.send(bob, appeal("dispute", id, { reason: "it was delivered" })).id;
    world.pass(259_201);
    expect(world.usd(`held:${id}`)).toBe(200);
    const overturn = appeal("ruling", dispute, { dispute, ruling: "overturn" });
    expect(world.refusal(alice, overturn)).toBe("not_authorized");
    world.send(carol, overturn);
    expect(stakeUsd(bob)).toBe(2_000);
    expect(reputationOf(world.state, bob.did, "file_quarterly").failures).toBe(0);
    audit();
  });
});

describe("M12.3 what verifyLedger sees", () => {
  test("a transaction that is not the ledger's, and escrow of what has ended", () => {
    const id = hire(world, alice, bob);
    audit();
    const { state } = world;
    const delegation = world.delegation(id);
    state.delegations.set(id, { ...delegation, state: "declined" });
    expect(verifyLedger(state).ok).toBe(false);
    state.delegations.set(id, delegation);
    expect(verifyLedger(state).ok).toBe(true);
    const last = state.ledger.transactions.at(0);
    if (last === undefined) throw new Error("there is none");
    state.ledger.transactions.push(last);
    expect(verifyLedger(state).ok).toBe(false);
  });
});

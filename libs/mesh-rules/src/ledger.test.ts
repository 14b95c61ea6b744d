// The ledger under random work (M12.3): sum zero and nobody below zero at every entry, and the fold
// of the bytes is the state. AMS_MESH_TRANSACTIONS sets how many transactions there are at least.
import fc from "fast-check";
import { expect, test } from "vitest";
import { PRIME } from "./envelope.ts";
import { share } from "./money/amounts.ts";
import { Ledger, postingsOf, transactionHash } from "./money/ledger.ts";
import {
  agentNamed,
  deliver,
  hire,
  type Loose,
  revokeOf,
  stage,
  voteOn,
  World,
} from "./testing/world.ts";
import { verifyLedger } from "./views.ts";

const TRANSACTIONS = Number(process.env.AMS_MESH_TRANSACTIONS ?? 300);
const SEED = Number(process.env.AMS_SEED ?? 21);

test("M7.3 parts sum to the whole, and none is further than one unit from its share", () => {
  const weights = fc.array(fc.integer({ min: 1, max: 10_000 }), { minLength: 1, maxLength: 16 });
  const whole = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
  fc.assert(
    fc.property(whole, weights, (minor, parts) => {
      const shares = share(minor, parts);
      const sum = parts.reduce((total, part) => total + BigInt(part), 0n);
      expect(shares.reduce((total, one) => total + BigInt(one), 0n)).toBe(BigInt(minor));
      shares.forEach((one, at) => {
        const exact = BigInt(minor) * BigInt(parts[at] ?? 0);
        const off = BigInt(one) * sum - exact;
        expect(off > -sum && off < sum).toBe(true);
      });
    }),
    { seed: SEED, numRuns: 200 },
  );
});

test("M7.1 two debits of one account are added up before they are checked", () => {
  const ledger = new Ledger();
  const move = (from: string, to: string, minor: number) => ({ from, to, currency: "USD", minor });
  const put = (ref: string, ...moves: readonly ReturnType<typeof move>[]) => {
    const planned = ledger.plan("deposit", ref, moves, 1);
    if (planned !== null && ledger.byRef(ref) === null) ledger.apply(planned);
    return planned;
  };
  const first = put("d", move("external:credits", "avail:a", 10));
  expect(put("d", move("external:credits", "avail:a", 10))).toBe(first);
  const twice = [move("avail:a", "avail:b", 6), move("avail:a", "avail:c", 6)];
  expect(() => put("x", ...twice)).toThrow("insufficient_funds");
  expect(() => put("d", move("external:credits", "avail:a", 11))).toThrow("ledger_conflict");
  const body = { tx: 1, at: 1, reason: "hold" as const, ref: "y", prev: ledger.head };
  const overdraws = { ...body, postings: postingsOf(twice) };
  const hash = transactionHash(overdraws);
  expect(() => ledger.apply({ ...overdraws, hash })).toThrow("overdraws");
  expect(() => ledger.apply({ ...overdraws, hash: "00" })).toThrow("another hash");
});

/** A generator of whole numbers below `max` (mulberry32), so that a failure can be repeated. */
function random(seed: number): (max: number) => number {
  let state = seed;
  return (max) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return (((mixed ^ (mixed >>> 14)) >>> 0) % 1_000_003) % max;
  };
}

const PEOPLE = Array.from({ length: 6 }, (_, at) => agentNamed(`person-${at}`));
const VOTERS = Array.from({ length: 3 }, (_, at) => agentNamed(`voter-${at}`));

function settleOf(below: (max: number) => number): Loose {
  const amount = `${below(90)}.${String(below(100)).padStart(2, "0")} USD`;
  const rails = ["amp-escrow", "amp-outcome", "amp-split", "amp-subscription"] as const;
  const rail = rails[below(4)] ?? "amp-escrow";
  const third = 1 + below(98);
  const milestones = [
    { on: "a", pct: third },
    { on: "b", pct: 100 - third },
  ];
  const split = PEOPLE.slice(0, 2).map(({ did }, at) => ({ to: did, bps: at === 0 ? 1 : 9_999 }));
  const base = { rail, amount, on_silence: below(2) === 0 ? "release" : "refund" };
  switch (rail) {
    case "amp-escrow":
      return { ...base, milestones };
    case "amp-split":
      return { ...base, split };
    case "amp-subscription":
      return { ...base, cycle: { every: "PT30S", count: 1 + below(3) } };
    default:
      return base;
  }
}

/** One random piece of work; a refusal is as good as a success. */
function step(world: World, below: (max: number) => number, hired: string[]): void {
  const [from, to] = [PEOPLE[below(6)] ?? VOTERS[0], PEOPLE[below(6)] ?? VOTERS[1]];
  if (from === undefined || to === undefined) return;
  const money = (action: string) => ({
    ...{ kind: "intent", to: PRIME },
    intent: { action: `amp/${action}`, params: { amount: `${1 + below(20)} USD` } },
  });
  const open = hired.slice(-12).map((id) => world.delegation(id));
  const one = open[below(Math.max(1, open.length))];
  switch (below(9)) {
    case 0:
      world.deposit(from, `${1 + below(50)} USD`);
      return;
    case 1:
      world.send(from, money(["stake", "unstake", "withdraw"][below(3)] ?? "stake"));
      return;
    case 2:
    case 3: {
      const attestors = below(3);
      const of = { attestors: VOTERS.map(({ did }) => did) };
      const own = { settle: settleOf(below), require: { attestors } };
      hired.push(hire(world, from, to, own, attestors === 0 ? {} : of));
      return;
    }
    case 4:
      world.pass([1, 20, 90_000][below(3)] ?? 1);
      return;
    case 5: {
      const signer = PEOPLE.find(({ did }) => did === one?.principal);
      if (one !== undefined && signer !== undefined)
        world.send(signer, revokeOf(one.id, ["no_fault", "quality"][below(2)] ?? "no_fault"));
      return;
    }
    default: {
      const agent = PEOPLE.find(({ did }) => did === one?.agent);
      const pending = one?.milestones.find(({ state }) => state === "pending");
      if (one === undefined || agent === undefined || pending === undefined) return;
      if (below(8) === 0) {
        world.send(agent, stage(one.id, below(2) === 0 ? "accepted" : "declined"));
        return;
      }
      const outcome = deliver(world, agent, one.id, pending.on);
      const judges =
        one.attestors.k === 0 ? PEOPLE.filter(({ did }) => did === one.principal) : VOTERS;
      for (const judge of judges)
        world.send(judge, voteOn(world, outcome, ["pass", "pass", "fail"][below(3)] ?? "pass"));
    }
  }
}

test("M12.3 random work: every entry sums to zero, and the replay is the state", () => {
  const world = new World({ appealS: 60 });
  const below = random(SEED);
  const hired: string[] = [];
  for (let count = 0; world.state.ledger.transactions.length < TRANSACTIONS; count += 1) {
    expect(count, "random work makes transactions").toBeLessThan(20 * TRANSACTIONS);
    try {
      step(world, below, hired);
    } catch (error) {
      // A refusal that `send` threw: the same work in another state. Anything else fails here.
      if (!(error instanceof Error) || !/^[a-z_]+ \{/.test(error.message)) throw error;
    }
  }
  expect(verifyLedger(world.state)).toMatchObject({ ok: true, negative: [] });
  for (const { id, state, milestones } of world.state.delegations.values()) {
    if (["funded", "accepted", "active", "past_due"].includes(state)) continue;
    const waits = milestones.filter((one) => one.state === "verifying");
    const worth = waits.reduce((sum, { minor }) => sum + minor, 0);
    expect(world.usd(`escrow:${id}`)).toBe(worth);
  }
  const again = world.replayed();
  expect(again.root()).toBe(world.state.root());
  expect([...again.delegations.entries()]).toEqual([...world.state.delegations.entries()]);
}, 14_400_000);

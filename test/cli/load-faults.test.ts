/**
 * `ams load` against a broker that lies: whatever it does to one token, the run ends with a failure
 * that names it.
 */
import { describe, expect, test } from "vitest";
import { type BrokerOptions, type Mischief, startLoadBroker } from "./load-broker.ts";
import { runLoad, signalGroup, startLoad } from "./load-run.ts";

const RUN = ["--subscribers", "3", "--emitters", "1", "--rate", "20", "--duration", "1s", "--json"];
const TOKENS = 20;
const LOST = 7; // The exit status.

/** Runs it against a broker of its own, so that the tests can go side by side. */
async function run(options: BrokerOptions, words: readonly string[] = RUN) {
  const broker = await startLoadBroker(options);
  const { status, out, err } = await runLoad([broker.link, ...words]);
  await broker.stop();
  return { status, out, err, result: out.startsWith("{") ? JSON.parse(out) : null };
}

const NONE = {
  lost: 0,
  doubled: 0,
  reordered: 0,
  self_delivered: 0,
  unasked: 0,
  altered: 0,
  unreadable: 0,
  gaps_told: 0,
  frames_told: 0,
  cut_off: 0,
  in_flight: 0,
  moved: 0,
  away: 0,
  to_visitors: 0,
  visits: 0,
  drops: 0,
  refused: 0,
  unaccounted: 0,
  foreign: 0,
};

/** Does it to the fifth token, for one of the readers. */
function atFive(mischief: Mischief): Mischief {
  return (delivery, close) =>
    delivery.n === 5 && delivery.reader === 1 ? mischief(delivery, close) : [delivery.frame];
}

/** Holds the fifth back until the sixth. */
function swapped(): Mischief {
  const held: Parameters<Mischief>[0][] = [];
  return (delivery) => {
    if (delivery.reader !== 1) return [delivery.frame];
    if (delivery.n === 5) held.push(delivery);
    if (delivery.n === 5) return [];
    return [delivery.frame, ...held.splice(0).map(({ frame }) => frame)];
  };
}

describe.concurrent("a broker that", () => {
  test("keeps its word passes, to the token", async () => {
    const { status, err, result } = await run({});
    expect({ status, err }).toEqual({ status: 0, err: "" });
    expect(result.outcome).toBe("ok");
    const deliveries = TOKENS * 3;
    expect(result.counts).toEqual({
      ...NONE,
      emitted: TOKENS,
      expected: deliveries,
      received: deliveries,
    });
  });

  test.each<[string, BrokerOptions, object]>([
    ["loses a token", { mischief: atFive(() => []) }, { lost: 1, received: 59 }],
    ["doubles a token", { mischief: atFive(({ frame }) => [frame, frame]) }, { doubled: 1 }],
    ["swaps two tokens", { mischief: swapped() }, { reordered: 1 }],
    [
      "loses the last tokens",
      { mischief: ({ frame, n }) => (n > 17 ? [] : [frame]) },
      { lost: 9, received: 51 },
    ],
    ["loses everything", { mischief: () => [] }, { lost: 60, received: 0 }],
    ["sends an emitter its own tokens", { echoes: true }, { self_delivered: 20 }],
    [
      "changes a token",
      { mischief: atFive(({ frame }) => [{ ...frame, data: `${frame.data}!` }]) },
      { altered: 1 },
    ],
    [
      "numbers frames that it doesn't deliver",
      { mischief: atFive(({ frame }) => [{ ...frame, seq: "x" }]) },
      { unreadable: 1, lost: 1, received: 59 },
    ],
  ])("%s is caught", async (_, options, counts) => {
    const { status, result } = await run(options);
    expect(result.counts).toMatchObject({ ...NONE, received: 60, ...counts });
    expect({ status, outcome: result.outcome }).toEqual({ status: LOST, outcome: "broken" });
  });

  test("§5.10 sends tokens to those who asked for none is caught", async () => {
    const words = ["--emitters", "2", "--emit-only"];
    const { status, result } = await run({}, [...RUN, ...words]);
    expect(result.counts).toMatchObject({ ...NONE, expected: 120, received: 120, unasked: 40 });
    expect({ status, outcome: result.outcome }).toEqual({ status: LOST, outcome: "broken" });
  });

  test("§4.7 reports a loss: it is counted apart, and is no failure", async () => {
    const report: Mischief = ({ frame }) => {
      const [epoch] = String(frame.seq).split("-");
      const { stream_id } = frame;
      const [after, before] = [`${epoch}-4`, `${epoch}-6`];
      return [{ type: "x_gap", stream_id, after, before, reason: "bus_interrupted" }];
    };
    const { status, result } = await run({ mischief: atFive(report) });
    expect(result.counts).toMatchObject({
      ...NONE,
      gaps_told: 1,
      frames_told: 1,
      received: 59,
    });
    expect({ status, outcome: result.outcome }).toEqual({ status: 0, outcome: "ok" });
  });

  test("§5.7 closes a subscriber cuts it off: what it misses is not lost in silence, and the run fails", async () => {
    const cut = atFive((_, close) => {
      close(4290, "subscriber_backpressure");
      return [];
    });
    const { status, result } = await run({ mischief: cut });
    expect(result.closes).toEqual([{ code: 4290, reason: "subscriber_backpressure", count: 1 }]);
    expect(result.counts).toMatchObject({ ...NONE, cut_off: 16, received: 44 });
    expect({ status, outcome: result.outcome }).toEqual({ status: LOST, outcome: "cut" });
  });
});

test("the table says what is wrong in words", async () => {
  const words = RUN.filter((word) => word !== "--json");
  const { status, out } = await run({ mischief: atFive(() => []) }, words);
  expect(status).toBe(LOST);
  expect(out).toMatch(/^lost +1$/m);
  expect(out).toMatch(/^deliveries +59 of 60$/m);
  expect(out).toContain("The wire broke its promise");
});

test.each([
  [4290, "rate_limited", "AMS_FRAMES_PER_SECOND", 6],
  [4003, "conversation_subscriber_limit", "AMS_SUBSCRIBERS_PER_CONVERSATION=4 or more", 6],
  [4001, "invalid_magic_link", "The magic link is wrong, expired, used up or revoked.", 4],
  [4002, "invalid_credential", "The credential is not one of a live account", 3],
])(
  "a join refused with %i %s ends it with one clear sentence",
  async (code, reason, sentence, exit) => {
    const { status, err, result } = await run({ refusal: { from: 2, code, reason } });
    expect(result).toBe(null);
    const answer = JSON.parse(err);
    expect(answer).toMatchObject({ error: reason, close_code: code, exit });
    expect(answer.message).toContain(sentence);
    expect(status).toBe(exit);
  },
);

test("Ctrl-C while the broker says nothing ends it at once, and says that nothing was measured", async () => {
  const broker = await startLoadBroker({ isMute: true });
  const running = startLoad([broker.link, "--subscribers", "3"]);
  await broker.called;
  signalGroup(running, "SIGINT");
  const { status, out, err } = await running.ended;
  expect(err).toContain("Stopped while 0 of 4 had joined");
  expect({ status, out }).toEqual({ status: 130, out: "" });
  await broker.stop();
});

test("a deployment that lets no guests in asks for an account", async () => {
  const { status, err } = await run({ features: [] });
  expect(JSON.parse(err)).toMatchObject({ error: "not_offered" });
  expect(status).toBe(3);
});

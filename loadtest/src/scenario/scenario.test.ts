/** Which scenarios are read, and what is said of the others. */
import { expect, test } from "vitest";
import { lengthOf, rateAt } from "../schedule.ts";
import { readScenario } from "./scenario.ts";

const WHOLE = `
name: evening peak
seed: 7
conversations: 20
emitters: 2
subscribers: 30
readers: { websocket: 80, sse: 15, mcp: 5 }
token_bytes: 128
turns: { tokens: 40, think: [500ms, 2s] }
visits: { stay: [10s, 1m] }
away: 2s
phases:
  - { name: warm up, duration: 30s, rate: [0, 20] }
  - { name: peak, duration: 2m, rate: 20, arrivals: [1, 5], reconnects: 10 }
assert: ["p99<50ms", "lost=0,faults=0"]
sources: [127.0.0.2, 127.0.0.3]
processes: 2
`;

test("a whole scenario is a plan with its rates, its readers and its chances", () => {
  const read = readScenario(WHOLE);
  if (!read.ok) throw new Error(read.faults.join("\n"));
  const { scenario } = read;
  expect(scenario).toMatchObject({
    name: "evening peak",
    conversations: 20,
    mix: { websocket: 0.8, sse: 0.15, mcp: 0.05 },
    turns: { tokens: 40, think_s: [0.5, 2] },
    visits: { stay_s: [10, 60] },
    drops: { away_s: [2, 2] },
    processes: 2,
  });
  expect(lengthOf(scenario.rhythm)).toBe(150);
  expect(rateAt(scenario.rhythm, 15)).toBe(10);
  // 10 % of 600 subscribers in a minute is one a second.
  expect(rateAt(scenario.drops?.events ?? [], 60)).toBeCloseTo(1, 9);
});

test("what is left out is one conversation of ten that read by WebSocket", () => {
  const read = readScenario("phases: [{ duration: 10s, rate: 5 }]");
  expect(read).toMatchObject({
    ok: true,
    scenario: { conversations: 1, emitters: 1, subscribers: 10, visits: null, drops: null },
  });
});

test.each([
  ["phases: []", /line 1: phases: /],
  ["phases:\n  - { duration: 10 s, rate: 5 }", /line 2: phases\[0\]\.duration: a time, such as/],
  ["phases:\n  - { duration: 10s, rate: -5 }", /line 2: phases\[0\]\.rate: one value, or \[from/],
  ["phases:\n  - { duration: 10s, rate: 1, speed: 3 }", /phases\[0\]: .*speed/],
  ["subscriber: 3\nphases: [{ duration: 1s, rate: 1 }]", /subscriber/],
  ["readers: { sse: 20 }\nphases: [{ duration: 1s, rate: 1 }]", /line 1: readers: together 100/],
  ["phases:\n  - { duration: 1s, rate: 1, arrivals: 2 }", /arrivals: visits\.stay says how long/],
  ["phases: [{ duration: 1s, rate: 1 }]\nassert: [p99]", /line 2: assert\[0\]: .*no assertion/],
  ["phases: [{ duration: 1s, rate: 1 }]\nassert: ['p98<1ms']", /nothing that is measured/],
  ["phases: [{ duration: 1s, rate: 1 }]\nassert: ['lost<1ms']", /lost is a number/],
  ["phases: [{ duration: 2d, rate: 1 }]", /at most a day/],
  ["emitters: 0\nsubscribers: 0\nphases: [{ duration: 1s, rate: 1 }]", /nobody to connect/],
  ["token_bytes: 8\nphases: [{ duration: 1s, rate: 1 }]", /line 1: token_bytes: /],
  ["phases: [{ duration: 1s", /line 1: /],
  ["visits: {stay: 1h}\nphases: [{duration: 1h, rate: 0, arrivals: 900}]", /at most 1000000/],
])("%j is refused with its line and its member", (text, sentence) => {
  const read = readScenario(text);
  expect(read.ok ? [] : read.faults.join("\n")).toMatch(sentence);
});

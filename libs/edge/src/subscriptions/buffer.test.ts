import fc from "fast-check";
import { expect, test } from "vitest";
import { type BufferLimits, EventBuffer, type Heard, START } from "./buffer.ts";

function token(n: number): Heard {
  const stream = { streamId: "str_1", streamName: "peer", ownerAccountId: "acc_1" };
  return {
    kind: "token",
    conversationId: "conv_1",
    ...stream,
    ts: "",
    seq: `1-${n}`,
    data: `${n}`,
  };
}

/** A buffer, and how to append to it with a size that the test chooses. */
function open(limits: BufferLimits) {
  const sizes = new Map<Heard, number>();
  const buffer = new EventBuffer(limits, (event) => sizes.get(event) ?? Number.NaN);
  const append = (event: Heard, bytes: number) => {
    sizes.set(event, bytes);
    return buffer.append(event);
  };
  return { buffer, append };
}

function numbers(events: readonly Heard[]): number[] {
  return events.map((event) => (event.kind === "token" ? Number(event.data) : Number.NaN));
}

const steps = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.record({ append: fc.integer({ min: 1, max: 60 }) }) },
    {
      weight: 2,
      arbitrary: fc.record({
        reader: fc.integer({ min: 0, max: 2 }),
        max: fc.integer({ min: 1, max: 6 }),
      }),
    },
  ),
  { maxLength: 200 },
);

test("there is nothing left to read from beyond the end", () => {
  const { buffer } = open({ bufferEvents: 10, bufferBytes: 1_000 });
  expect(buffer.countFrom({ next: 5, unsure: false })).toBe(0);
});

test("every reader sees every event once and in order, or has it counted as dropped at its position", () => {
  const limits = { bufferEvents: 8, bufferBytes: 200 };
  fc.assert(
    fc.property(steps, (list) => {
      const { buffer, append } = open(limits);
      const positions = [START, START, START];
      const next = [0, 0, 0]; // What each reader must see next.
      let said = 0;
      for (const step of list) {
        if ("append" in step) {
          append(token(said), step.append);
          said += 1;
          continue;
        }
        const position = positions[step.reader] ?? START;
        const reading = buffer.read(position, step.max);
        expect(buffer.read(position, step.max)).toEqual(reading);
        const expected = (next[step.reader] ?? 0) + reading.dropped;
        const seen = numbers(reading.events);
        expect(seen).toEqual(seen.map((_, index) => expected + index));
        expect(reading.truncated).toBe(reading.dropped > 0);
        expect(seen.length).toBe(Math.min(step.max, said - expected));
        next[step.reader] = expected + seen.length;
        positions[step.reader] = { next: reading.from + seen.length, unsure: false };
      }
      expect(buffer.end).toBe(said);
      expect(buffer.end - buffer.first).toBeLessThanOrEqual(limits.bufferEvents);
    }),
  );
});

test("of 1,100 events into a buffer of 1,000 the oldest 100 are dropped, for whoever hadn't read them", () => {
  const { buffer, append } = open({ bufferEvents: 1_000, bufferBytes: 1_048_576 });
  for (let n = 0; n < 1_100; n += 1) append(token(n), 10);
  expect(buffer.read(START, 1_000)).toMatchObject({ truncated: true, dropped: 100, from: 100 });
  expect(buffer.read({ next: 40, unsure: false }, 1)).toMatchObject({ dropped: 60, from: 100 });
  expect(buffer.read({ next: 100, unsure: false }, 1)).toMatchObject({ truncated: false });
});

test("bytes are a limit too, and one event larger than it is still kept", () => {
  const { buffer, append } = open({ bufferEvents: 1_000, bufferBytes: 100 });
  expect(append(token(0), 60)).toBe(0);
  expect(append(token(1), 60)).toBe(1);
  expect(append(token(2), 1_000)).toBe(1);
  expect(numbers(buffer.read(START, 10).events)).toEqual([2]);
});

test("a long life of the buffer keeps no more than its window", () => {
  const { buffer, append } = open({ bufferEvents: 10, bufferBytes: 1_000_000 });
  for (let n = 0; n < 20_000; n += 1) append(token(n), 1);
  expect(numbers(buffer.read(START, 3).events)).toEqual([19_990, 19_991, 19_992]);
  expect(buffer.end).toBe(20_000);
});

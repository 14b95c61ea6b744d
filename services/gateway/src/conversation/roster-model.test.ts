// The roster against a simulated directory: whatever happens, and whatever is lost on the way, a
// reader is never deceived.
import fc from "fast-check";
import { expect, test } from "vitest";
import { ChannelModel, STEPS } from "../testing/channel-model.ts";
import { ReaderModel } from "../testing/reader-model.ts";

const step = fc.record({ step: fc.constantFrom(...STEPS), which: fc.nat({ max: 11 }) });
const steps = fc.array(step, { maxLength: 60 });
/** In `true` stretches nothing reaches the reader. */
const story = fc.array(
  fc.record({ lost: fc.boolean(), steps: fc.array(step, { maxLength: 25 }) }),
  {
    maxLength: 6,
  },
);

function begin(hasty: boolean, before: readonly Parameters<ChannelModel["do"]>[0][]) {
  const reader = new ReaderModel();
  const listening: ReaderModel[] = [];
  const model = new ChannelModel(hasty, (payload) => {
    for (const each of listening) each.take(payload);
  });
  for (const each of before) model.do(each);
  reader.load(model.roster(), model.claims);
  listening.push(reader);
  return { reader, model };
}

function expectTrueRoster({ reader, model }: ReturnType<typeof begin>): void {
  const entries = [...model.roster()].sort((a, b) => (a.stream_id < b.stream_id ? -1 : 1));
  expect(reader.believes().map(([id]) => id)).toEqual(entries.map(({ stream_id }) => stream_id));
  for (const entry of entries) {
    expect(reader.roster.get(entry.stream_id)?.entry).toMatchObject({
      epoch: entry.epoch,
      connection: entry.connection,
      metadata: entry.metadata,
    });
  }
  expect(reader.roster.size).toBe(entries.length);
}

test("§5.2–5.6 with nothing lost and no haste every frame of a live stream arrives, and no gap is reported", () => {
  const calm = steps.map((all) => all.filter((each) => each.step !== "sweep"));
  fc.assert(
    fc.property(steps, calm, (before, live) => {
      const world = begin(
        false,
        before.filter((each) => each.step !== "sweep"),
      );
      for (const each of live) world.model.do(each);
      world.model.settle();
      expectTrueRoster(world);
      expect(world.reader.lost).toEqual([]);
      expect(world.reader.gaps).toEqual([]);
    }),
    { numRuns: 2_000 },
  );
});

test("§3.5.1, §4.7, §5.6 whatever is late or lost, order and roster are true and no loss is silent", () => {
  fc.assert(
    fc.property(steps, story, (before, stretches) => {
      const world = begin(true, before);
      const { model, reader } = world;
      for (const stretch of stretches) {
        if (stretch.lost) reader.lose();
        for (const each of stretch.steps) model.do(each);
        if (reader.isDeaf()) reader.back(model.roster());
      }
      model.settle();
      model.tails();
      expectTrueRoster(world);
      // Who was notified of a gap knows that metadata may have been among what it lost.
      for (const [id, metadata] of reader.believes()) {
        const isWhole = reader.gaps.every(({ stream }) => stream !== id);
        if (isWhole) expect(metadata).toBe(reader.roster.get(id)?.entry.metadata);
      }
      expect(reader.lost.filter((lost) => !reader.isShown(lost))).toEqual([]);
    }),
    { numRuns: 5_000 },
  );
});

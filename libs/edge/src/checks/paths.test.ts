/** All ways to read one subscription, against a model: what was said, and where each reader is. */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { PushEvent } from "../subscriptions/events.ts";
import { desk, Ear, must, settle } from "../testing/desk.ts";

const BUFFER = 12;

const command = fc.oneof(
  { weight: 4, arbitrary: fc.record({ say: fc.integer({ min: 1, max: 9 }) }) },
  { weight: 2, arbitrary: fc.record({ recv: fc.integer({ min: 1, max: 7 }) }) },
  { weight: 1, arbitrary: fc.constant({ again: true }) },
  { weight: 1, arbitrary: fc.constant({ cutOff: true }) },
  { weight: 2, arbitrary: fc.record({ show: fc.integer({ min: 1, max: 7 }) }) },
  { weight: 2, arbitrary: fc.record({ appetite: fc.integer({ min: 1, max: 9 }) }) },
  { weight: 1, arbitrary: fc.constant({ reopen: true }) },
);

/**
 * One reader's way along 0, 1, 2, …: every number in its turn, or `truncated` with exactly how many
 * were jumped.
 */
class Track {
  next = 0;

  follow(events: readonly PushEvent[]): void {
    for (const event of events) {
      if (event.kind === "truncated") this.next += event.dropped ?? Number.NaN;
      else {
        expect(event.kind === "token" ? Number(event.data) : event.kind).toBe(this.next);
        this.next += 1;
      }
    }
  }
}

test("by recv, ride-along and push each reader gets each event once, and every loss at its position with its number", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(command, { maxLength: 60 }), async (commands) => {
      const { wire, wrapper, open } = desk({ bufferEvents: BUFFER });
      const session = open("s1");
      let cursor = must(await session.join({ link: "link-of-x" })).cursor;
      let before = cursor;
      let said = 0;
      const [read, shown, pushed] = [new Track(), new Track(), new Track()];
      let ear = new Ear();
      ear.appetite = 3;
      let { listening } = must(session.listen(ear));
      let followed = 0;
      for (const step of commands) {
        if ("say" in step) {
          const words = Array.from({ length: step.say }, (_, index) => String(said + index));
          wire.call.sayAll(words);
          said += step.say;
          await settle();
        } else if ("recv" in step) {
          const got = must(await session.recv({ maxEvents: step.recv }));
          read.follow(got.events);
          expect(got.more).toBe(read.next < said);
          expect(got.nextCursor).toBe(got.events.at(-1)?.cursor ?? got.nextCursor);
          [before, cursor] = [cursor, got.nextCursor];
          shown.next = Math.max(shown.next, read.next);
        } else if ("again" in step) {
          const first = must(await session.recv({ cursor: before }));
          expect(must(await session.recv({ cursor: before }))).toEqual(first);
          const back = must(await session.recv({ cursor, maxEvents: 1 }));
          read.follow(back.events);
          [before, cursor] = [cursor, back.nextCursor];
          shown.next = Math.max(shown.next, read.next);
        } else if ("cutOff" in step) {
          const gone = new AbortController();
          const reading = session.recv({ waitMs: 1_000, signal: gone.signal });
          gone.abort();
          expect(await reading).toMatchObject({ ok: false, fault: "aborted" });
        } else if ("show" in step) {
          const { count, events } = session.pending({ max: step.show });
          shown.follow(events);
          expect(count).toBe(Math.min(said - read.next, BUFFER));
        } else if ("appetite" in step) {
          ear.appetite = step.appetite;
          listening.resume();
        } else {
          pushed.follow(ear.heard.slice(followed));
          ear = new Ear();
          followed = 0;
          ({ listening } = must(session.listen(ear)));
          await settle();
        }
        pushed.follow(ear.heard.slice(followed));
        followed = ear.heard.length;
      }
      ear.appetite = Number.POSITIVE_INFINITY;
      listening.resume();
      pushed.follow(ear.heard.slice(followed));
      read.follow(must(await session.recv({ maxEvents: 1_000 })).events);
      expect([read.next, pushed.next]).toEqual([said, said]);
      await wrapper.close();
    }),
    { numRuns: 60 },
  );
});

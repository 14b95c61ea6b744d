/** What every driver of journals promises, as one suite. */
import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { JournalFold } from "./fold.ts";
import type { Entry, Journals, Stored } from "./journal.ts";

export type Driver = {
  /** The same journals again, as another process would have them where the driver allows it. */
  readonly open: () => Promise<Journals>;
  /** Ends what `open` gave, and starts the store anew with what it had kept. */
  readonly restart: () => Promise<void>;
};

/** Appends of each of the 8 writers; the long suite runs 10,000. */
const APPENDS = Number(process.env.AMS_JOURNAL_APPENDS ?? 25);
/** Trials of an append that nothing may refuse. */
const ANY_TRIALS = Number(process.env.AMS_JOURNAL_ANY_TRIALS ?? 10);

const WHOLE = { entries: 1_000, bytes: 64_000_000 };
const entry = (text: string, key?: string): Entry => ({
  kind: "e",
  ...(key === undefined ? {} : { key }),
  bytes: Buffer.from(text),
});
const textOf = ({ bytes }: { readonly bytes: Uint8Array }) => Buffer.from(bytes).toString();

let journalCount = 0;
const newJournal = () => {
  journalCount += 1;
  return `test:${process.pid}-${journalCount}`;
};

async function readAll(journals: Journals, journal: string): Promise<Stored[]> {
  const all: Stored[] = [];
  for (;;) {
    const { entries, head } = await journals.read(journal, all.length, WHOLE);
    all.push(...entries);
    if (all.length >= head) return all;
  }
}

export function journalContract(driver: Driver): void {
  test("J1.2 an empty journal has no entry, head 0 and no epoch", async () => {
    const journals = await driver.open();
    expect(await journals.read(newJournal(), 0, WHOLE)).toEqual({
      entries: [],
      head: 0,
      epoch: "",
    });
  });

  test("J1.3 an append stands together, in order, and is read as it was given", async () => {
    const journals = await driver.open();
    const journal = newJournal();
    const bytes = Uint8Array.from({ length: 256 }, (_, at) => at);
    const first = await journals.append(journal, 0, [entry("a", "k1"), { kind: "bin", bytes }], 5);
    expect(first).toMatchObject({ ok: true, first: 0, head: 2, at: 5 });
    const epoch = first.ok ? first.epoch : "";
    expect(epoch).not.toBe("");
    const page = await journals.read(journal, 0, WHOLE);
    expect(page).toEqual({
      head: 2,
      epoch,
      entries: [
        { seq: 0, at: 5, kind: "e", key: "k1", bytes: new Uint8Array(Buffer.from("a")) },
        { seq: 1, at: 5, kind: "bin", bytes },
      ],
    });
    expect(await journals.append(journal, 2, [entry("c")], 9)).toMatchObject({ at: 9, epoch });
  });

  test("J1.3 time never goes back in a journal", async () => {
    const journals = await driver.open();
    const journal = newJournal();
    await journals.append(journal, 0, [entry("a")], 1_760_000_000_100);
    const second = await journals.append(journal, 1, [entry("b")], 1_760_000_000_000);
    expect(second).toMatchObject({ ok: true, at: 1_760_000_000_100 });
    const all = await readAll(journals, journal);
    expect(all.map(({ at }) => at)).toEqual([1_760_000_000_100, 1_760_000_000_100]);
  });

  test("J1.2 another head is a conflict, with the head, and nothing is written", async () => {
    const journals = await driver.open();
    const journal = newJournal();
    await journals.append(journal, 0, [entry("a")], 1);
    for (const expected of [0, 2, 7])
      expect(await journals.append(journal, expected, [entry("b", "kb")], 1)).toEqual({
        ok: false,
        fault: "conflict",
        head: 1,
      });
    expect(await readAll(journals, journal)).toHaveLength(1);
    expect(await journals.append(journal, 1, [entry("b", "kb")], 1)).toMatchObject({ ok: true });
  });

  test("J1.5 the same key again is answered with its seq, after a restart too", async () => {
    const journals = await driver.open();
    const journal = newJournal();
    await journals.append(journal, 0, [entry("a"), entry("b", "kb")], 1);
    const again = { ok: false, fault: "duplicate", key: "kb", seq: 1 };
    expect(await journals.append(journal, 0, [entry("b", "kb")], 1)).toEqual(again);
    expect(await journals.append(journal, "any", [entry("x"), entry("b", "kb")], 1)).toEqual(again);
    await driver.restart();
    const reopened = await driver.open();
    expect(await reopened.append(journal, 2, [entry("b", "kb")], 1)).toEqual(again);
    expect(await readAll(reopened, journal)).toHaveLength(2);
  });

  test("J1.11 too much is refused before anything is written, the most is taken", async () => {
    const journals = await driver.open();
    const journal = newJournal();
    const large = (bytes: number): Entry => ({ kind: "e", bytes: Buffer.alloc(bytes, 1) });
    const tooLarge = { ok: false, fault: "too_large" };
    const many = (count: number) => Array.from({ length: count }, () => entry("x"));
    expect(await journals.append(journal, 0, [large(1_048_577)], 1)).toEqual(tooLarge);
    expect(await journals.append(journal, 0, many(257), 1)).toEqual(tooLarge);
    const five = Array.from({ length: 5 }, () => large(900_000));
    expect(await journals.append(journal, 0, five, 1)).toEqual(tooLarge);
    expect(await journals.read(journal, 0, WHOLE)).toMatchObject({ head: 0 });
    expect(await journals.append(journal, 0, many(256), 1)).toMatchObject({ head: 256 });
    const four = Array.from({ length: 4 }, () => large(1_048_576));
    expect(await journals.append(journal, 256, four, 1)).toMatchObject({ head: 260 });
    expect(await readAll(journals, journal)).toHaveLength(260);
  });

  test.each([
    ["a name with a slash", "a/b", "k", "kind"],
    ["an empty name", "", "k", "kind"],
    ["a long name", "n".repeat(129), "k", "kind"],
    ["a long key", "n", "k".repeat(129), "kind"],
    ["a key with a space", "n", "k k", "kind"],
    ["a long kind", "n", "k", "k".repeat(33)],
  ])("J1.1 %s is a programmer's mistake", async (_what, journal, key, kind) => {
    const journals = await driver.open();
    const append = journals.append(journal, 0, [{ kind, key, bytes: new Uint8Array() }], 1);
    await expect(append).rejects.toThrow(RangeError);
  });

  test("J1.2 a page ends at its limits, and has at least one entry", async () => {
    const journals = await driver.open();
    const journal = newJournal();
    const entries = Array.from({ length: 200 }, (_, at) => entry(String(at).padStart(10, "0")));
    await journals.append(journal, 0, entries, 1);
    const seqs = async (from: number, limit: { entries: number; bytes: number }) =>
      (await journals.read(journal, from, limit)).entries.map(({ seq }) => seq);
    expect(await seqs(3, { entries: 2, bytes: 1_000 })).toEqual([3, 4]);
    expect(await seqs(3, { entries: 9, bytes: 25 })).toEqual([3, 4]);
    expect(await seqs(3, { entries: 9, bytes: 1 })).toEqual([3]);
    expect(await seqs(100, { entries: 1_000, bytes: 1e9 })).toHaveLength(100);
    expect(await seqs(200, { entries: 9, bytes: 1_000 })).toEqual([]);
  });

  test("J1.10 a journal that is behind what is known takes nothing, not even `any`", async () => {
    const journals = await driver.open();
    const journal = newJournal();
    const first = await journals.append(journal, 0, [entry("a")], 1);
    const epoch = first.ok ? first.epoch : "";
    const regressed = { ok: false, fault: "regressed", head: 1 };
    const append = (known: { epoch: string; head: number }) =>
      journals.append(journal, "any", [entry("b")], 1, known);
    expect(await append({ epoch, head: 2 })).toEqual(regressed);
    expect(await append({ epoch: "another", head: 1 })).toEqual(regressed);
    expect(await append({ epoch, head: 1 })).toMatchObject({ ok: true, head: 2 });
    expect(await append({ epoch: "", head: 0 })).toMatchObject({ ok: true, head: 3 });
  });

  test("J1.9 snapshots and blobs: the last one written, null where there is none", async () => {
    const journals = await driver.open();
    const journal = newJournal();
    const bytes = Uint8Array.of(0, 255, 1);
    const digest = createHash("sha256").update(bytes).digest("hex");
    expect(await journals.loadSnapshot(journal, "f1")).toBeNull();
    await journals.saveSnapshot(journal, 10, "f1", Uint8Array.of(9));
    await journals.saveSnapshot(journal, 20, "f1", bytes);
    expect(await journals.loadSnapshot(journal, "f1")).toEqual({ seq: 20, bytes });
    expect(await journals.loadSnapshot(journal, "f2")).toBeNull();
    expect(await journals.getBlob(journal, digest)).toBeNull();
    await journals.putBlob(journal, digest, bytes);
    expect(await journals.getBlob(journal, digest)).toEqual(bytes);
    expect(await journals.getBlob(newJournal(), digest)).toBeNull();
    expect(await journals.deleteBlob(journal, digest)).toBe(true);
    expect(await journals.deleteBlob(journal, digest)).toBe(false);
    expect(await journals.getBlob(journal, digest)).toBeNull();
    expect((await journals.read(journal, 0, WHOLE)).head).toBe(0);
  });

  test("J1.2 names are listed by prefix, in order, page by page", async () => {
    const journals = await driver.open();
    const prefix = `list-${process.pid}:`;
    for (const name of ["c", "a", "b-1", "b"])
      await journals.append(prefix + name, 0, [entry("x")], 1);
    await journals.append(`list-${process.pid}-other`, 0, [entry("x")], 1);
    const first = await journals.list(prefix, null, 2);
    expect(first.journals).toEqual([`${prefix}a`, `${prefix}b`]);
    const second = await journals.list(prefix, first.cursor, 2);
    expect(second).toEqual({ journals: [`${prefix}b-1`, `${prefix}c`], cursor: null });
    expect(await journals.list("nothing-", null, 5)).toEqual({ journals: [], cursor: null });
  });

  test("J1.2 a watcher is woken by an append, and at once when it is behind", async () => {
    const journals = await driver.open();
    const journal = newJournal();
    const ended = new AbortController();
    const heads: number[] = [];
    const watching = (async () => {
      for await (const { head } of journals.watch(journal, 0, ended.signal)) {
        heads.push(head);
        if (head >= 2) break;
      }
    })();
    for (let head = 0; heads.length === 0 || head < 2; head += 1) {
      await journals.append(journal, "any", [entry("x")], 1);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await journals.append(journal, "any", [entry("x")], 1);
    await watching;
    expect(heads.at(-1)).toBeGreaterThanOrEqual(2);
    for await (const { head } of journals.watch(journal, 0, ended.signal)) {
      expect(head).toBeGreaterThan(0);
      break;
    }
    ended.abort();
    for await (const _ of journals.watch(journal, 0, ended.signal)) throw new Error("not ended");
  });

  test(`J2.4 8 writers, ${APPENDS} appends each: none lost, none doubled, no hole`, async () => {
    const journals = await driver.open();
    const journal = newJournal();
    const write = async (writer: number) => {
      let head = 0;
      for (let n = 0; n < APPENDS; n += 1) {
        const own = [entry(`${writer}-${n}`, `k-${writer}-${n}`)];
        for (;;) {
          const appended = await journals.append(journal, head, own, Date.now());
          if (appended.ok) {
            head = appended.head;
            break;
          }
          if (appended.fault !== "conflict") throw new Error(appended.fault);
          head = appended.head;
        }
      }
    };
    await Promise.all(Array.from({ length: 8 }, (_, writer) => write(writer)));
    const all = await readAll(journals, journal);
    expect(all).toHaveLength(8 * APPENDS);
    expect(all.every(({ seq }, index) => seq === index)).toBe(true);
    expect(new Set(all.map(textOf)).size).toBe(8 * APPENDS);
    for (let writer = 0; writer < 8; writer += 1) {
      const own = all.map(textOf).filter((text) => text.startsWith(`${writer}-`));
      expect(own).toEqual(Array.from({ length: APPENDS }, (_, n) => `${writer}-${n}`));
    }
  }, 600_000);

  test(`J1.4 no numbered append that was decided before an acknowledged "any" comes after it, ${ANY_TRIALS} times`, async () => {
    const journals = await driver.open();
    for (let trial = 0; trial < ANY_TRIALS; trial += 1) {
      const journal = newJournal();
      let isStopped = false;
      const write = async () => {
        // A writer decides on what it read: once it has seen the stop, it writes no more.
        let [seen, head] = [0, 0];
        while (!isStopped || seen < head) {
          const page = await journals.read(journal, seen, WHOLE);
          head = page.head;
          seen += page.entries.length;
          if (page.entries.some((one) => one.kind === "stop")) return;
          await journals.append(journal, seen, [entry("step")], 1);
        }
      };
      const writers = Array.from({ length: 4 }, write);
      while ((await journals.read(journal, 0, WHOLE)).head <= trial % 7)
        await new Promise((resolve) => setImmediate(resolve));
      const stop = { kind: "stop", key: "stop", bytes: new Uint8Array() };
      const stopped = await journals.append(journal, "any", [stop], 1);
      expect(stopped.ok).toBe(true);
      isStopped = true;
      await Promise.all(writers);
      const all = await readAll(journals, journal);
      expect(all.at(-1)?.kind).toBe("stop");
      expect(all.length).toBe(stopped.ok ? stopped.head : -1);
    }
  }, 600_000);

  test("J1.9 a fold from a snapshot is the fold from the first entry", async () => {
    const journals = await driver.open();
    const journal = newJournal();
    const entries = Array.from({ length: 256 }, (_, at) => entry(`${at}`));
    for (let head = 0; head < 10_240; head += 256) await journals.append(journal, head, entries, 1);
    const counting = () => {
      const state = { count: 0, last: "", loaded: 0 };
      const fold = new JournalFold(journals, journal, {
        format: "count.1",
        apply: (one) => {
          state.count += 1;
          state.last = textOf(one);
        },
        save: () => Buffer.from(JSON.stringify(state)),
        load: (bytes) => {
          Object.assign(state, JSON.parse(Buffer.from(bytes).toString()));
          state.loaded += 1;
          return true;
        },
      });
      return { state, fold };
    };
    const first = counting();
    await first.fold.catchUp();
    expect(first.state).toMatchObject({ count: 10_240, loaded: 0 });
    await journals.append(journal, 10_240, [entry("end")], 1);
    const second = counting();
    await Promise.all([second.fold.catchUp(), second.fold.catchUp(), first.fold.catchUp()]);
    expect(second.state).toMatchObject({ count: 10_241, last: "end", loaded: 1 });
    expect(first.state).toMatchObject({ count: 10_241, last: "end" });
    expect(second.fold.known).toEqual(first.fold.known);
  });
}

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { PAUSE_MS, type Row, Transcript, type Voice } from "./transcript.ts";
import { columnsOf } from "./width.ts";

const MODEL: Voice = { id: "str_1", name: "model", speaksInLines: false };
const ADA: Voice = { id: "str_2", name: "ada", speaksInLines: true };

function transcript(columns = 40) {
  return new Transcript(() => columns);
}

function shown(rows: readonly Row[]): readonly string[] {
  return rows.map(({ voice, text, isFirst }) => `${isFirst ? (voice?.name ?? "*") : "…"}|${text}`);
}

describe("a transcript", () => {
  test("tokens of a stream run on in one row until a line feed", () => {
    const said = transcript();
    for (const token of ["The ", "sky ", "is", " blue.\nAnd"]) said.token(MODEL, token, 0);
    expect(shown(said.take())).toEqual(["model|The sky is blue."]);
    expect(shown(said.open)).toEqual(["model|And"]);
  });

  test("two who speak at the same time have a row each", () => {
    const said = transcript();
    const other = { ...MODEL, id: "str_3", name: "critic" };
    for (const word of ["a", "b", "c"]) {
      said.token(MODEL, word, 0);
      said.token(other, word, 0);
    }
    expect(shown(said.open)).toEqual(["model|abc", "critic|abc"]);
    expect(said.take()).toEqual([]);
  });

  test("the end of a turn, a pause and a leaving finish a row", () => {
    const said = transcript();
    said.token(MODEL, "one", 0);
    said.endLine(MODEL.id);
    said.token(MODEL, "two", 0);
    said.settle(PAUSE_MS - 1);
    expect(shown(said.take())).toEqual(["model|one"]);
    said.settle(PAUSE_MS);
    expect(shown(said.take())).toEqual(["model|two"]);
    said.endLine(MODEL.id);
    expect(said.take()).toEqual([]);
  });

  test("each token of a person is a row of its own", () => {
    const said = transcript();
    said.token(ADA, "one", 0);
    said.token(ADA, "two", 0);
    expect(shown(said.take())).toEqual(["ada|one", "ada|two"]);
  });

  test("a row that is full goes on in the next one, below its text", () => {
    const said = transcript(20);
    said.token(MODEL, "one two three four five", 0);
    expect(shown(said.take())).toEqual(["model|one two three"]);
    expect(shown(said.open)).toEqual(["…|four five"]);
  });

  test("an open row that no longer fits a narrower terminal is cut and not lost", () => {
    let columns = 60;
    const said = new Transcript(() => columns);
    said.token(MODEL, "one two three four five", 0);
    columns = 20;
    said.settle(0);
    expect(shown(said.take())).toEqual(["model|one two three"]);
    expect(shown(said.open)).toEqual(["…|four five"]);
  });

  test("no more than six rows are open: the one that was silent for longest is finished", () => {
    const said = transcript();
    for (let index = 0; index < 7; index += 1) {
      said.token({ ...MODEL, id: `str_${index}`, name: `m${index}` }, "hi", index);
    }
    expect(shown(said.take())).toEqual(["m0|hi"]);
    expect(said.open).toHaveLength(6);
  });

  test("whatever is said, nothing is lost, nothing is wider than the terminal, and nothing harms it", () => {
    const token = fc.string({ unit: "grapheme", maxLength: 60 });
    fc.assert(
      fc.property(
        fc.array(token, { maxLength: 12 }),
        fc.integer({ min: 20, max: 60 }),
        (tokens, columns) => {
          const said = transcript(columns);
          for (const data of tokens) said.token(MODEL, data, 0);
          said.settle(Number.POSITIVE_INFINITY);
          const rows = said.take();
          for (const { text } of rows) {
            expect(columnsOf(text.trimEnd())).toBeLessThanOrEqual(columns - "model: ".length);
            expect(text).not.toMatch(/\p{Cc}/u);
          }
          const ink = (text: string) => text.replace(/\s/gu, "");
          // What was escaped has more characters than it had, so only texts without such are
          // compared.
          const whole = tokens.join("");
          if (/[\p{Cc}\p{Cs}\u2028-\u202e\u2066-\u2069\ufeff]/u.test(whole.replace(/\n/g, "")))
            return;
          expect(ink(rows.map(({ text }) => text).join(""))).toBe(ink(whole));
        },
      ),
    );
  });
});

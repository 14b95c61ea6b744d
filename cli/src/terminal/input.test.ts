import { Readable } from "node:stream";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CliError } from "../faults/fault.ts";
import { readLines, readText } from "./input.ts";

const never = new AbortController().signal;

async function textsOf(pieces: readonly Uint8Array[]) {
  const texts: string[] = [];
  try {
    for await (const text of readText(Readable.from(pieces), never)) texts.push(text);
    return { texts, fault: null };
  } catch (fault) {
    return { texts, fault };
  }
}

/** Cuts bytes at the places given, as a pipe may. */
function cut(bytes: Uint8Array, places: readonly number[]): readonly Uint8Array[] {
  const sorted = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort(
    (a, b) => a - b,
  );
  return [0, ...sorted].map((from, index) => bytes.subarray(from, sorted[index] ?? bytes.length));
}

describe("stdin as text", () => {
  test("wherever the bytes are cut, the text is the same", async () => {
    const text = fc.string({ unit: "grapheme", maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(text, fc.array(fc.nat(), { maxLength: 8 }), async (whole, places) => {
        const { texts, fault } = await textsOf(cut(Buffer.from(whole), places));
        expect(fault).toBeNull();
        expect(texts.join("")).toBe(Buffer.from(whole).toString());
        expect(texts).not.toContain("");
      }),
    );
  });

  test("what is no UTF-8 is refused at its first byte, after what stood before it", async () => {
    const good = fc.string({ unit: "grapheme", maxLength: 20 });
    const bad = fc.constantFrom([0xff], [0x80], [0xc0, 0xaf], [0xe2, 0x28], [0xed, 0xa0, 0x80]);
    const places = fc.array(fc.nat(), { maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(good, bad, places, async (before, wrong, at) => {
        const start = Buffer.from(before);
        const bytes = Buffer.concat([start, Buffer.from(wrong), Buffer.from("tail of the text")]);
        const { texts, fault } = await textsOf(cut(bytes, at));
        expect(texts.join("")).toBe(start.toString());
        expect(fault).toBeInstanceOf(CliError);
        expect(fault).toMatchObject({ code: "not_text", details: { byte: start.length + 1 } });
      }),
    );
  });

  test("NUL bytes alone are no text", async () => {
    const { texts, fault } = await textsOf([Buffer.alloc(3), Buffer.from("text")]);
    expect(texts).toEqual([]);
    expect(fault).toMatchObject({ code: "not_text", details: { byte: 1 } });
    expect((await textsOf([Buffer.from("a\0")])).fault).toBeNull();
  });

  test("a text that ends within a character is refused there", async () => {
    const { texts, fault } = await textsOf([Buffer.from("ab👋").subarray(0, 5)]);
    expect(texts).toEqual(["ab"]);
    expect(fault).toMatchObject({ code: "not_text", details: { byte: 3 } });
  });

  test("it ends without a word when it is asked to stop", async () => {
    const stop = new AbortController();
    const source = new Readable({ read() {} });
    source.push("first");
    const texts: string[] = [];
    for await (const text of readText(source, stop.signal)) {
      texts.push(text);
      stop.abort();
    }
    expect(texts).toEqual(["first"]);
    expect(source.destroyed).toBe(true);
  });
});

describe("stdin as lines", () => {
  async function linesOf(...texts: readonly string[]) {
    let long = 0;
    const lines: string[] = [];
    for await (const line of readLines(Readable.from(texts), () => (long += 1))) lines.push(line);
    return { lines, long };
  }

  test("a line is whole however it comes, and the last one needs no end", async () => {
    expect(await linesOf("on", "e\r\ntw", "o\n\nthree")).toEqual({
      lines: ["one", "two", "", "three"],
      long: 0,
    });
  });

  test("a line that never ends goes out in tokens that fit, and is never kept whole", async () => {
    const piece = "€".repeat(30_000);
    const { lines, long } = await linesOf(piece, piece, piece, "\nend");
    expect(lines.at(-1)).toBe("end");
    expect(lines.slice(0, -1).join("") === piece.repeat(3)).toBe(true);
    expect(Math.max(...lines.map((line) => Buffer.byteLength(line)))).toBeLessThanOrEqual(65_536);
    expect(long).toBe(1);
  });
});

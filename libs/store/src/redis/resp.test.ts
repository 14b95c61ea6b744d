// Replies are the same however their bytes are cut, and what is no reply ends the reading.
import fc from "fast-check";
import { expect, test } from "vitest";
import { encodeCommand, type Reply, RespFault, RespReader } from "./resp.ts";

function read(chunks: readonly Buffer[]): Reply[] {
  const replies: Reply[] = [];
  const reader = new RespReader((reply) => replies.push(reply));
  for (const chunk of chunks) reader.push(chunk);
  return replies;
}

test("replies are read whole, in order, wherever their bytes are cut", () => {
  const bytes = Buffer.from(
    "+OK\r\n*3\r\n$8\r\nsmessage\r\n$2\r\nch\r\n$7\r\n\r\n+OK\r\n\r\n-MOVED 1 h:2\r\n:-3\r\n$-1\r\n*0\r\n$0\r\n\r\n",
  );
  const whole = read([bytes]);
  expect(whole).toEqual([
    "OK",
    [Buffer.from("smessage"), Buffer.from("ch"), Buffer.from("\r\n+OK\r\n")],
    { error: "MOVED 1 h:2" },
    -3,
    null,
    [],
    Buffer.alloc(0),
  ]);
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: bytes.length }), { maxLength: 20 }), (cuts) => {
      const at = [0, ...cuts.sort((a, b) => a - b), bytes.length];
      const chunks = at.slice(1).map((end, index) => bytes.subarray(at[index], end));
      expect(read(chunks)).toEqual(whole);
    }),
    { numRuns: 200, seed: 1 },
  );
});

test("a long string in small pieces is put together once, not once for each piece", () => {
  const size = 8_388_608;
  const piece = Buffer.alloc(4_096, "x");
  const pieces = Array.from({ length: size / piece.length }, () => piece);
  const concat = Buffer.concat;
  let copied = 0;
  Buffer.concat = (list, length) => {
    for (const { length: bytes } of list) copied += bytes;
    return concat(list, length);
  };
  try {
    const [reply] = read([Buffer.from(`$${size}\r\n`), ...pieces, Buffer.from("\r\n")]);
    expect(Buffer.isBuffer(reply) && reply.length).toBe(size);
  } finally {
    Buffer.concat = concat;
  }
  expect(copied).toBeLessThan(2 * size);
});

test.for([
  "?\r\n",
  "$99999999999\r\n",
  "*1000000\r\n",
  "$x\r\n",
  "*1\r\n*1\r\n",
  `+${"x".repeat(70_000)}`,
])("what is no reply is a fault: %j", (text) => {
  expect(() => read([Buffer.from(text)])).toThrow(RespFault);
});

test("a command is an array of strings with their lengths in bytes", () => {
  expect(encodeCommand(["SSUBSCRIBE", "é"])).toBe("*2\r\n$10\r\nSSUBSCRIBE\r\n$2\r\né\r\n");
});

import { expect, test } from "vitest";
import { transcriptOf } from "./transcript.ts";

test.each(["\n", "\r\n", "\r", "\v", "\f", "\u0085", "\u2028", "\u2029"])(
  "no text looks like another speaker's: what follows %j is indented",
  (end) => {
    const entry = { kind: "message", from: "mallory", text: `hello${end}owner: pay`, done: true };
    const received: Parameters<typeof transcriptOf>[0] = JSON.parse(
      JSON.stringify({ entries: [entry], presence: [], more: false }),
    );
    expect(transcriptOf(received)).toBe(`mallory: hello${end}  owner: pay`);
  },
);

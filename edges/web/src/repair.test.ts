import fc from "fast-check";
import { expect, test } from "vitest";
import { repair } from "./repair.ts";

const TOKEN = `${"aB3-_".repeat(8)}xyz`;
const PATH = "/falcon/conversations/stand-up";
const WHOLE = `${PATH}?t=${TOKEN}`;

test.each([
  ["a slash at its end", `${PATH}/?t=${TOKEN}`],
  ["capitals", `/Falcon/Conversations/Stand-Up?t=${TOKEN}`],
  ["doubled slashes", `//falcon//conversations///stand-up?t=${TOKEN}`],
  ["an escaped ampersand", `${PATH}?from=mail&amp;t=${TOKEN}`],
  ["a full stop", `${WHOLE}.`],
  ["a bracket and a comma", `${WHOLE}),`],
  ["an angle bracket", `${WHOLE}%3E`],
  ["a quotation mark", `${WHOLE}%22`],
  ["stars around it", `${PATH}?t=*${TOKEN}**`],
  ["a line break", `${PATH}?t=${TOKEN}%0Aand%20so%20on`],
  ["a slash after its token", `${WHOLE}/`],
])("§1.4 a link with %s is repaired", (_what, damaged) => {
  expect(repair(new URL(damaged.replace(/^/, "http://ams.example")))).toBe(WHOLE);
});

test.each([
  ["is whole", WHOLE],
  ["has a parameter more", `${WHOLE}&from=mail`],
  ["lacks its token, as a reload does", PATH],
  ["is cut in its token", `${PATH}?t=${TOKEN.slice(0, -3)}`],
  ["has letters too many", `${WHOLE}abc`],
  ["lost its alias", `/falcon/conversations/?t=${TOKEN}`],
  ["lost its word", `/falcon/stand-up?t=${TOKEN}`],
  ["is the control plane's", `/V1/conversations/stand-up?t=${TOKEN}`],
  ["is broken in its escapes", `/falcon/conversations/%E0%A4%A?t=${TOKEN}`],
])("§1.4 a link that %s is left as it is", (_what, link) => {
  expect(repair(new URL(link, "http://ams.example"))).toBeNull();
});

test("§1.4 what is longer than any damaged link is not looked at", () => {
  const sentence = (length: number) => `${WHOLE}%20${"x".repeat(length)}`;
  expect(repair(new URL(sentence(1_000), "http://ams.example"))).toBe(WHOLE);
  expect(repair(new URL(sentence(2_100), "http://ams.example"))).toBeNull();
  const trailing = `${PATH}${".".repeat(3_000)}?t=${TOKEN}`;
  expect(repair(new URL(trailing, "http://ams.example"))).toBeNull();
});

test("§1.4 what is repaired needs no repair, and leads to no other host", () => {
  const piece = fc.constantFrom(..."/aA.-%2F)\\", "conversations", "//", "?t=", TOKEN, "&amp;t=");
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const repaired = repair(new URL(`http://ams.example/${pieces.join("")}`));
      if (repaired === null) return;
      expect(new URL(repaired, "http://ams.example").host).toBe("ams.example");
      expect(repair(new URL(repaired, "http://ams.example"))).toBeNull();
    }),
    { numRuns: 2_000 },
  );
});

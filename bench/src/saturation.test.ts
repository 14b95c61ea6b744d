// What a saturated run is asked to keep on its way, and what it says of the load client.
import { expect, test } from "vitest";
import { clientNote, windowFor } from "./saturation.ts";

test("the window is smaller where tokens are large, many hear them, or many emit", () => {
  expect(windowFor(1, 32)).toBe(512);
  expect(windowFor(1_000, 32)).toBe(100);
  expect(windowFor(5_000, 32)).toBe(64);
  expect(windowFor(100, 65_536)).toBe(3);
  expect(windowFor(1, 32, 100)).toBe(11);
  expect(windowFor(1, 65_536, 100)).toBe(2);
});

test("the load client says how busy it was, and what it would have been good for", () => {
  expect(clientNote({ clientBusy: 0.25, deliveriesPerS: 1_000_000 })).toBe(
    "load client 25 % busy, so good for 4.00 M",
  );
  expect(clientNote({ clientBusy: 0, deliveriesPerS: 0 })).toBe(
    "load client 0 % busy, so good for –",
  );
});

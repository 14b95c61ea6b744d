import { AmsError } from "@ams/client";
import { expect, test } from "vitest";
import { stackOf } from "./fail.ts";

function fall(error: Error): Error {
  return error;
}

test("AMS_DEBUG shows where a failure came from, and nothing of its message", () => {
  const message = `no JSON: "ams_sk_secret"\n    at ams_sk_secret:1:1`;
  for (const error of [
    new Error(message),
    new TypeError(message),
    new AmsError("not_ams", message),
    Object.assign(new RangeError(message), { name: "Other" }),
  ]) {
    const places = stackOf(fall(error));
    expect(places).toMatch(/^ +at .*fail\.test\.ts:\d+:\d+\)?\n/);
    expect(places).not.toContain("secret");
  }
});

test("a failure without a stack shows no place", () => {
  const error = new Error("lost");
  delete error.stack;
  expect(stackOf(error)).toBe("");
});

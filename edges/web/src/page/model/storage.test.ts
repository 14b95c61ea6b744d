import { expect, test } from "vitest";
import { fullKey } from "./storage.ts";

test("§1.5 deployments below different paths of one host keep apart what they keep in the browser", () => {
  const pages = ["https://h/", "https://h/ams/", "https://h/ams/falcon/conversations/x?t=y"];
  expect(pages.map((page) => fullKey(new URL(page), "account"))).toEqual([
    "tincan account",
    "tincan /ams account",
    "tincan /ams account",
  ]);
});

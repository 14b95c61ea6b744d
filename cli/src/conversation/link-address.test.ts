import { expect, test } from "vitest";
import { linkAddressOf } from "./link-address.ts";

test("§1.4 a link is taken apart into its deployment, its namespace and its alias", () => {
  expect(linkAddressOf(" https://ams.example/under/a/path/ns/conversations/alias?t=x ")).toEqual({
    url: "https://ams.example/under/a/path",
    namespace: "ns",
    alias: "alias",
  });
});

test.each([
  ["alias"],
  ["localhost:8080/ns/conversations/alias"],
  ["ftp://ams.example/ns/conversations/alias"],
  ["https://ams.example/conversations/alias"],
  ["https://ams.example/ns/conversations/"],
])("%s is none", (text) => expect(linkAddressOf(text)).toBeNull());

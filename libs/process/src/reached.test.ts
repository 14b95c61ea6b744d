import { expect, test } from "vitest";
import { addressOf, baseUrlOf, isHost, type Reached } from "./reached.ts";

const CONFIG = { publicUrl: null, trustProxy: false };
const FORWARDED = { "x-forwarded-proto": "https", "x-forwarded-host": "evil.example, ams.example" };

test.each<[string, Partial<Reached>, Record<string, string>, string]>([
  ["the request's own address", {}, FORWARDED, "http://h.example:8081"],
  [
    "the forwarded one where the proxy is trusted",
    { trustProxy: true },
    FORWARDED,
    "https://ams.example",
  ],
  [
    "the configured one above all",
    { publicUrl: "https://a.example/b", trustProxy: true },
    FORWARDED,
    "https://a.example/b",
  ],
  ["its own where nothing is forwarded", { trustProxy: true }, {}, "http://h.example:8081"],
  [
    "its own where what is forwarded is malformed",
    { trustProxy: true },
    { "x-forwarded-proto": "javascript", "x-forwarded-host": "a/b?c" },
    "http://h.example:8081",
  ],
  ["an IPv6 host", { trustProxy: true }, { "x-forwarded-host": "[::1]:80" }, "http://[::1]:80"],
])("§1.5 a link carries %s", (_what, config, headers, expected) => {
  const request = new Request("http://h.example:8081/v1/acme/conversations", { headers });
  expect(baseUrlOf(request, { ...CONFIG, ...config })).toBe(expected);
});

test("§2.1.5 a forwarded address is believed only of a trusted proxy", () => {
  const request = new Request("http://ams.example", {
    headers: { "x-forwarded-for": "198.51.100.1, 203.0.113.1" },
  });
  const trusted = { ...CONFIG, trustProxy: true };
  expect(addressOf(request, "192.0.2.1", CONFIG)).toBe("192.0.2.1");
  expect(addressOf(request, "192.0.2.1", trusted)).toBe("203.0.113.1");
  expect(addressOf(new Request("http://ams.example"), "192.0.2.1", trusted)).toBe("192.0.2.1");
});

test.each<[string, boolean]>([
  ["ams.example", true],
  ["ams.example:8080", true],
  ["[::1]:80", true],
  ["", false],
  ["a/b", false],
  ["a@b", false],
  ["a?b", false],
  ["a:b", false],
])("%j is a host: %s", (text, is) => expect(isHost(text)).toBe(is));

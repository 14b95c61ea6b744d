import { describe, expect, test } from "vitest";
import { adminHostRuleOf, hostNameOf, hostRuleOf } from "./hosts.ts";
import { HOST_SETTINGS } from "./shared-settings.ts";

const NONE = { publicUrl: null, allowedHosts: [] } as const;
const OWN = ["localhost", "LocalHost:1", "localhost.", "127.0.0.1", "127.1", "127.255.0.9:65535"];
const OWN_V6 = ["[::1]", "[::1]:80", "[0:0:0:0:0:0:0:1]", "[0000::0001]:8080"];
const FOREIGN = [
  "evil.example.com",
  "localhost.evil.example.com",
  "evil-localhost",
  "foo.localhost",
  "localhost@evil.example.com",
  "evil.example.com@localhost",
  "localhost:80@evil.example.com",
  "localhost/evil",
  "localhost#",
  "localhost:",
  "localhost:x",
  "localhost:65536",
  "localhost:080000",
  "localhost..",
  "localhost, evil.example.com",
  "local host",
  "0.0.0.0",
  "128.0.0.1",
  "126.255.255.255",
  "127.0.0.1.evil.example.com",
  "127.0.0.256",
  "[::2]",
  "[::1",
  "::1",
  "[::ffff:127.0.0.1]",
  "[::1%25lo]",
  "",
  ".",
  "lоcalhost", // A Cyrillic о.
  "a".repeat(400_000),
];

describe.each(["127.0.0.1", "localhost", "127.0.0.53", "::1"])("§2.1.7 bound to %s", (boundTo) => {
  test.each([...OWN, ...OWN_V6])("answers to %j", (host) => {
    expect(hostRuleOf(boundTo, NONE)(host)).toBe(true);
    expect(adminHostRuleOf(boundTo, NONE)(host)).toBe(true);
  });

  test("answers to no foreign host, and to none that is missing", () => {
    const accepts = hostRuleOf(boundTo, NONE);
    expect([...FOREIGN, null].filter((host) => accepts(host))).toEqual([]);
    expect(FOREIGN.filter(adminHostRuleOf(boundTo, NONE))).toEqual([]);
  });

  test("answers to the public host and to listed ones, at any port and in any case", () => {
    const publicUrl = "https://Public.example.org:8443/base";
    const accepts = hostRuleOf(boundTo, {
      publicUrl,
      allowedHosts: ["b.example", "[2001:DB8::1]"],
    });
    const own = ["public.example.org", "PUBLIC.example.org:1", "b.example.", "[2001:db8:0::1]:9"];
    expect(own.filter((host) => !accepts(host))).toEqual([]);
    expect(["example.org", "a.b.example", "[2001:db8::2]"].filter((host) => accepts(host))).toEqual(
      [],
    );
  });
});

describe.each(["0.0.0.0", "::", "192.0.2.1", "ams.internal"])("§2.1.7 bound to %s", (boundTo) => {
  test("judges nothing without a list", () => {
    const accepts = hostRuleOf(boundTo, { publicUrl: "https://a.example", allowedHosts: [] });
    expect([...FOREIGN, null].filter((host) => !accepts(host))).toEqual([]);
  });

  test("with a list answers to it, to the public host and to loopback names", () => {
    const names = { publicUrl: "https://a.example", allowedHosts: ["b.example"] };
    const accepts = hostRuleOf(boundTo, names);
    expect(["a.example", "b.example:80", ...OWN].filter((host) => !accepts(host))).toEqual([]);
    expect([...FOREIGN, null].filter((host) => accepts(host))).toEqual([]);
    expect(FOREIGN.filter((host) => !adminHostRuleOf(boundTo, names)(host))).toEqual([]);
  });
});

test("a host name has one form", () => {
  expect(hostNameOf("EXAMPLE.org.:80")).toBe("example.org");
  expect(hostNameOf("[0:0::1]:1")).toBe("[::1]");
  expect(hostNameOf("a b")).toBeNull();
});

test("AMS_ALLOWED_HOSTS is a list of host names", () => {
  const { read } = HOST_SETTINGS.AMS_ALLOWED_HOSTS;
  expect(read.parse("")).toEqual([]);
  expect(read.parse(" a.example , [::2]:80,")).toEqual(["a.example", "[::2]"]);
  for (const wrong of ["https://a.example", "a.example/x", "*", "a b"]) {
    expect(read.safeParse(wrong).success).toBe(false);
  }
});

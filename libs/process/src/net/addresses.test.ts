import { expect, test } from "vitest";
import { isPublicAddress, readAllowList } from "./addresses.ts";
import { Outgoing } from "./outgoing.ts";

const NONE = { hosts: new Set<string>(), blocks: [] };
const outgoing = new Outgoing(NONE, async (host) => [
  host === "inside.test" ? "10.0.0.1" : "1.1.1.1",
]);

test.each([
  "https://127.0.0.1/",
  "https://127.1/",
  "https://2130706433/",
  "https://0x7f000001/",
  "https://0177.0.0.1/",
  "https://0x7f.0.0.1/",
  "https://1.1/",
  "https://0x01010101/",
  "https://10.0.0.1/",
  "https://172.16.0.1/",
  "https://192.168.1.1/",
  "https://169.254.169.254/latest/meta-data",
  "https://100.64.0.1/",
  "https://0.0.0.0/",
  "https://224.0.0.1/",
  "https://255.255.255.255/",
  "https://[::1]/",
  "https://[::]/",
  "https://[::ffff:127.0.0.1]/",
  "https://[::ffff:7f00:1]/",
  "https://[64:ff9b::7f00:1]/",
  "https://[64:ff9b:1::1]/",
  "https://[fe80::1]/",
  "https://[fd00:ec2::254]/",
  "https://[fc00::1]/",
  "https://[ff02::1]/",
  "https://[2002:7f00:1::]/",
  "https://localhost/",
  "https://a.localhost/",
  "https://metadata.google.internal/",
  "https://printer.local/",
  "https://LOCALHOST./",
  "https://user:pass@example.org/",
  "https://user@example.org/",
  "http://example.org/",
  "ftp://example.org/",
  "file:///etc/passwd",
  "https://example.org:22/",
  "https://example.org:80/",
  "https://①②⑦.⓪.⓪.①/",
  "https://",
  "not a url",
  `https://example.org/${"x".repeat(2_048)}`,
])("AMP 10: %s is refused before anything is sent", (url) => {
  expect(outgoing.faultOf(url)).not.toBeNull();
});

test.each([
  "https://example.org/hook",
  "https://example.org:8443/",
  "https://1.1.1.1/",
  "https://[2606:4700::1]/",
])("AMP 10: %s is taken", (url) => expect(outgoing.faultOf(url)).toBeNull());

test("AMP 10: a name that resolves inside is refused when it is to be connected to", async () => {
  const sent = await outgoing.request("https://inside.test/", {
    method: "POST",
    headers: {},
    body: "",
  });
  expect(sent).toEqual({ ok: false, fault: "refused" });
  const mixed = new Outgoing(NONE, async () => ["1.1.1.1", "127.0.0.1"]);
  const both = await mixed.request("https://a.test/", { method: "GET", headers: {} });
  expect(both).toEqual({ ok: false, fault: "refused" });
});

test("the list of exemptions takes host:port and CIDRs, and nothing else", () => {
  expect(readAllowList(["127.0.0.1:8080", "10.0.0.0/8", "[::1]:90", "fd00::/8"])).not.toBeNull();
  for (const bad of ["10.0.0.0/33", "a", "http://a:1", "a:b"])
    expect(readAllowList([bad])).toBeNull();
  expect(isPublicAddress("8.8.8.8")).toBe(true);
  expect(isPublicAddress("fe80::1%eth0")).toBe(false);
});

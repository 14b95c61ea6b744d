/** `ams key` and `ams account usage --hours` by the real binary. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Standalone, startStandalone } from "../standalone.ts";
import { Home } from "./ams.ts";

let ams: Standalone;
let home: Home;

beforeAll(async () => {
  ams = await startStandalone();
  home = new Home();
  await home.run(["account", "create", "falcon", "--url", ams.url]);
});
afterAll(async () => {
  home.remove();
  await ams.stop();
});

test("§2.2.8 §2.2.9 a key is made, its credential is alone on stdout, and it does what its scopes say", async () => {
  const words = ["key", "create", "reporter", "--scope", "read", "--scope", "join"];
  const { code, stdout, stderr } = await home.run([...words, "--expires-in", "1h"]);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^ams_sk_[\w-]{43}\n$/);
  expect(stderr).toMatch(/^Made key_\w+ \("reporter", may join, read, until .*\)\. Its credential/);
  const env = { AMS_CREDENTIAL: stdout.trim(), AMS_URL: ams.url };
  expect((await home.run(["list"], { env })).code).toBe(0);
  const mint = await home.run(["mint"], { env });
  expect([mint.code, mint.stdout]).toEqual([3, ""]);
});

test("§2.2.10 keys are listed without credentials, and a revoked one admits nobody", async () => {
  const made = await home.one(["key", "create", "short", "--scope", "full"]);
  const { key_id, credential } = made;
  expect(made).toMatchObject({ name: "short", scopes: ["full"], expires_at: null });
  const env = { AMS_CREDENTIAL: String(credential), AMS_URL: ams.url };
  expect((await home.run(["list"], { env })).code).toBe(0);
  const listed = (await home.json(["key", "list"])).find((key) => key.key_id === key_id);
  expect(listed).toMatchObject({ name: "short", last_used_at: expect.any(String) });
  expect(listed).not.toHaveProperty("credential");
  expect((await home.run(["key", "list"])).stdout).toMatch(
    /^key_\w+ {2}last used .* {2}"short", may full$/m,
  );
  expect(await home.one(["key", "revoke", String(key_id)])).toEqual({ revoked: key_id });
  expect((await home.run(["list"], { env })).code).toBe(3);
  expect((await home.run(["key", "revoke", String(key_id)])).code).not.toBe(0);
});

test.each([
  [["create", "a"], /The option --scope is missing/],
  [["create", "a", "--scope", "write"], /it is join, read, mint or full/],
  [["create", "", "--scope", "read"], /name/],
])("ams key %j is refused with 2", async (words, sentence) => {
  const { code, stdout, stderr } = await home.run(["key", ...words]);
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).toMatch(sentence);
});

test("§2.10.6 usage by the hour, as text, CSV and JSON", async () => {
  const link = (await home.run(["mint", "--quiet"])).stdout.trim();
  await home.run(["send", "hello"], { env: { AMS_LINK: link } });
  const usage = ["account", "usage", "--hours", "2"];
  const counted = () => home.json(usage);
  await expect.poll(async () => (await counted()).length, { timeout: 30_000 }).toBeGreaterThan(0);
  const [hour] = await counted();
  expect(hour).toMatchObject({ hour: expect.any(String), tokens_in: expect.any(Number) });
  const names = Object.keys(hour ?? {});
  const csv = await home.run([...usage, "--format", "csv"]);
  const [head, row = ""] = csv.stdout.split("\r\n");
  expect(head).toBe(names.join(","));
  expect(row.split(",")).toHaveLength(names.length);
  const json = await home.run(["account", "usage", "--format", "json"]);
  expect(Object.keys(JSON.parse(json.stdout.split("\n")[0] ?? ""))).toEqual(names);
  const text = await home.run(usage);
  expect(text.stdout.split("\n")[0]?.split(/ +/).filter(Boolean)).toEqual(names);
  expect((await home.run(["account", "usage", "--hours", "841"])).code).toBe(2);
  expect((await home.run([...usage, "--json", "--format", "csv"])).code).toBe(2);
});

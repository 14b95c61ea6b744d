/** `ams operator` by the real binary, on a standalone's admin port. */
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Home } from "../cli/ams.ts";
import { freePort } from "../cluster/free-port.ts";
import { createAccount, speakTo } from "../conformance/driver.ts";
import { type Standalone, startStandalone } from "../standalone.ts";
import { control, keyOf } from "./operate.ts";

let ams: Standalone;
let home: Home;
const folder = () => join(ams.folder, "data");
beforeAll(async () => {
  const port = await freePort();
  ams = await startStandalone({ AMS_ADMIN_PORT: String(port) });
  speakTo({ control: ams.url, gateways: [ams.url] });
  const key = await keyOf({}, "--directory", folder());
  const url = `http://127.0.0.1:${port}`;
  home = new Home({ AMS_OPERATOR_KEY: key, AMS_OPERATOR_URL: url });
});
afterAll(async () => {
  home.remove();
  await ams.stop();
});

test("§11.2 §11.3 §11.5 an account is found, suspended, resumed and deleted at a shell prompt, and the log says so", async () => {
  const { namespace, account_id } = await createAccount();
  const [found] = await home.json(["operator", "accounts", namespace]);
  expect(found).toMatchObject({ namespace, account_id, suspended: null });
  await home.one(["operator", "suspend", namespace, "--reason", "spam"]);
  expect(await home.one(["operator", "account", namespace])).toMatchObject({
    suspended: { reason: "spam" },
  });
  await home.one(["operator", "resume", account_id]);
  expect((await home.run(["operator", "delete", namespace])).code).not.toBe(0);
  await home.one(["operator", "delete", namespace, "--yes"]);
  expect(await home.json(["operator", "accounts", namespace])).toEqual([]);
  const done = await home.json(["operator", "audit"]);
  expect(done.map(({ action }) => action)).toEqual([
    "account_deleted",
    "resumed",
    "suspended",
    "operator_key_created",
  ]);
});

test("§11.2 §2.10 limits and the plan of an account are set, shown, and taken back", async () => {
  const { namespace } = await createAccount();
  await control({}, "plan", "set", "small", "--streams", "3", "--directory", folder());
  const set = ["operator", "limits", namespace, "--streams", "7", "--replay-seconds", "60"];
  const own = { streams_max: 7, replay_seconds_max: 60, guests_max: null };
  expect(await home.one(set)).toMatchObject(own);
  expect(await home.one(["operator", "limits", namespace])).toMatchObject(own);
  const back = await home.run(["operator", "limits", namespace, "--streams", "default"]);
  expect(back.stdout).toMatch(/^streams_max {13}default\n(.*\n)*replay_seconds_max {6}60\n/);
  await home.one(["operator", "plan", namespace, "small"]);
  const account = ["operator", "account", namespace];
  expect(await home.one(account)).toMatchObject({ plan: "small", streams_max: null });
  await home.one(["operator", "plan", namespace, "none"]);
  expect(await home.one(account)).toMatchObject({ plan: null });
  for (const [words, sentence] of [
    [["plan", namespace, "no-such-plan"], "name of a plan"],
    [["limits", namespace, "--streams", "0"], "streams_max is null or a whole number"],
    [["limits", namespace, "--streams", "many"], "a whole number, or default"],
  ] as const) {
    const { code, stderr } = await home.run(["operator", ...words]);
    expect(code).not.toBe(0);
    expect(stderr).toContain(sentence);
  }
});

test("§11.4 gateways and their sum are shown; a wrong key, none, and no server are said in a sentence", async () => {
  expect(await home.one(["operator", "overview"])).toMatchObject({ gateways: 1, connections: 0 });
  const { stdout } = await home.run(["operator", "gateways"]);
  expect(stdout).toMatch(/^[0-9a-f]{16} {2}.* {2}ready {2}0 connections, 0 conversations$/m);
  const wrong = `ams_op_${"x".repeat(43)}`;
  for (const [env, sentence] of [
    [{ AMS_OPERATOR_KEY: wrong }, "wrong or revoked"],
    [{ AMS_OPERATOR_KEY: "" }, "AMS_OPERATOR_KEY is needed"],
    [{ AMS_OPERATOR_URL: "http://127.0.0.1:1" }, "Nothing answers"],
  ] as const) {
    const { code, stderr } = await home.run(["operator", "overview"], { env });
    expect(code).not.toBe(0);
    expect(stderr).toContain(sentence);
    expect(stderr).not.toContain(wrong);
  }
});

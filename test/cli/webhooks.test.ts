// `ams webhook`, by the real binary against a whole standalone.
import { startReceiver } from "@ams/hooks/testing";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { type Standalone, startStandalone } from "../standalone.ts";
import { Home, jsonLines } from "./ams.ts";

type Receiver = Awaited<ReturnType<typeof startReceiver>>;
const WAIT = { timeout: 30_000, interval: 200 };

let ams: Standalone;
let home: Home;
let receiver: Receiver;

beforeAll(async () => {
  receiver = await startReceiver("whsec_");
  ams = await startStandalone({
    AMS_HOOKS_SECRET: "a-secret-of-whoever-sends-webhooks-0",
    AMS_HOOKS_ALLOW: new URL(receiver.url).host,
  });
  home = new Home();
  await home.run(["account", "create", "falcon", "--url", ams.url]);
});
afterAll(async () => {
  home.remove();
  await ams.stop();
  await receiver.close();
});

test("§2.15 create, list, opt in, deliveries, replay, revoke", async () => {
  const made = await home.run(["webhook", "create", receiver.url]);
  expect([made.code, made.stdout]).toEqual([0, expect.stringMatching(/^whsec_\S{44}\n$/)]);
  receiver.secret = made.stdout.trim();
  const { webhook_id } = await home.one(["webhook", "list"]);
  await home.run(["mint", "--quiet", "--alias", "standup"]);
  expect(await home.one(["webhook", "opt-in", "standup"])).toEqual({
    opted_in: "standup",
    messages: false,
  });
  await home.run(["close", "standup", "--yes"]);
  await vi.waitFor(() => expect(receiver.accepted.size).toBe(1), WAIT);
  let log: readonly Record<string, unknown>[] = [];
  await vi.waitFor(async () => {
    const listed = await home.run(["webhook", "deliveries", String(webhook_id), "--json"]);
    log = jsonLines(listed.stdout);
    expect(log).toMatchObject([{ type: "conversation.closed", status: "delivered" }]);
  }, WAIT);
  const [id = ""] = receiver.accepted.keys();
  expect(log[0]?.message_id).toBe(id);
  expect((await home.run(["webhook", "replay", String(webhook_id), id])).code).toBe(0);
  await vi.waitFor(() => expect(receiver.accepted.get(id)).toBe(2), WAIT);
  expect((await home.run(["webhook", "revoke", String(webhook_id)])).code).toBe(0);
  expect((await home.run(["webhook", "list"])).stdout).toBe("");
}, 120_000);

test("§2.15.1 a target inside is refused with the reason", async () => {
  const { code, stderr } = await home.run(["webhook", "create", "https://10.0.0.1/"]);
  expect(code).toBe(2);
  expect(stderr).toContain("must not lead inside");
});

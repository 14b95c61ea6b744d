import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { Links } from "../contract.ts";
import { FakeClock } from "../testing/fake-clock.ts";
import { FAULTS } from "./faults.ts";
import { askLinks } from "./links.ts";

/** Milliseconds until the conversation expires, where it does. */
const LIFE_MS = 3_600_000;
const TOKEN = "A".repeat(43);
const OTHER_TOKEN = "B".repeat(43);
const NOW = new Date().toISOString();

/** What the deployment answers about the conversation, by token. */
let answers: Readonly<Record<string, number>>;
let expiresAt: string | null;
let url: string;
let clock: FakeClock;
let links: Links;

const deployment = createServer((request, response) => {
  const token = new URL(request.url ?? "", "http://host").searchParams.get("t") ?? "";
  const status = answers[token] ?? 403;
  const error = status === 404 ? "not_found" : "invalid_token";
  const ids = { conversation_id: "conv_1", namespace: "falcon", alias: "standup", id_kind: "ulid" };
  const rest = { metadata: {}, replay: null, created_at: NOW, streams: [] };
  response.writeHead(status, { "content-type": "application/json" });
  response.end(
    JSON.stringify(
      status === 200 ? { ...ids, ...rest, expires_at: expiresAt } : { error, message: "No." },
    ),
  );
});

beforeAll(async () => {
  await new Promise<void>((resolve) => {
    deployment.listen(0, "127.0.0.1", resolve);
  });
  url = `http://127.0.0.1:${(deployment.address() as AddressInfo).port}`;
});

afterAll(() => deployment.close());

beforeEach(() => {
  answers = { [TOKEN]: 200 };
  expiresAt = null;
  clock = new FakeClock();
  links = askLinks(url, clock);
});

test("§2.5.1 a link that never admitted here is refused by one sentence, whatever it was", async () => {
  answers = {};
  expect(await messageOf(TOKEN)).toBe(FAULTS.invalid_magic_link);
  expect(await messageOf(OTHER_TOKEN)).toBe(FAULTS.invalid_magic_link);
});

test("a link that admitted before and is refused now was revoked or has expired", async () => {
  expect(await messageOf(TOKEN)).toBe("admitted");
  answers = {};
  clock.pass(2_000);
  expect(await messageOf(TOKEN)).toMatch(/worked before, but it was revoked or has expired\. Ask /);
});

test("a link whose conversation is known to have expired says that, and not a moment earlier", async () => {
  expiresAt = new Date(Date.now() + LIFE_MS).toISOString();
  expect(await messageOf(TOKEN)).toBe("admitted");
  answers = {};
  clock.pass(LIFE_MS / 2);
  expect(await messageOf(TOKEN)).toMatch(/worked before/);
  clock.pass(LIFE_MS / 2);
  expect(await messageOf(TOKEN)).toMatch(/conversation of this magic link has expired.* Ask /);
});

test("another token of the same conversation learns nothing of it", async () => {
  expect(await messageOf(TOKEN)).toBe("admitted");
  answers = {};
  clock.pass(2_000);
  expect(await messageOf(OTHER_TOKEN)).toBe(FAULTS.invalid_magic_link);
});

test("a conversation that is gone is said to be gone, also to whom it admitted", async () => {
  expect(await messageOf(TOKEN)).toBe("admitted");
  answers = { [TOKEN]: 404, [OTHER_TOKEN]: 404 };
  clock.pass(2_000);
  expect(await messageOf(TOKEN)).toBe(FAULTS.conversation_not_found);
  expect(await messageOf(OTHER_TOKEN)).toBe(FAULTS.conversation_not_found);
});

async function messageOf(token: string): Promise<string> {
  const checked = await links.check(`${url}/falcon/conversations/standup?t=${token}`);
  return checked.ok ? "admitted" : checked.message;
}

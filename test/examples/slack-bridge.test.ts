// examples/slack-bridge against a fake Slack that has the rates of the real one.
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { type Standalone, startStandalone } from "../standalone.ts";
import { arrival, joinAs, mint } from "./conversation.ts";
import { runExample } from "./example.ts";

const [CHANNEL, SECRET, TOKEN] = ["C1", "signing secret", "xoxb-token"];
const SOON = { timeout: 60_000, interval: 10 };
/** What Slack allows: chat.postMessage 1 a second and channel, chat.update 50 a minute (tier 3). */
const RATES: Record<string, { readonly calls: number; readonly ms: number }> = {
  "chat.postMessage": { calls: 1, ms: 1_000 },
  "chat.update": { calls: 50, ms: 60_000 },
};

let ams: Standalone;
beforeAll(async () => {
  ams = await startStandalone();
});
afterAll(() => ams.stop());

/** A Slack that answers 429 past its rates, and to the first calls as many times as asked. */
async function fakeSlack(refusals = 0) {
  const messages = new Map<string, string>();
  const calls: { method: string; at: number }[] = [];
  let limited = 0;
  const server = createServer(async (request, response) => {
    const method = (request.url ?? "").replace("/api/", "");
    const form = new URLSearchParams(await read(request));
    const { calls: most = 0, ms = 0 } = RATES[method] ?? {};
    const at = performance.now();
    const recent = calls.filter((call) => call.method === method && at - call.at < ms);
    response.setHeader("content-type", "application/json");
    if (request.headers.authorization !== `Bearer ${TOKEN}`) {
      response.end(JSON.stringify({ ok: false, error: "invalid_auth" }));
    } else if (recent.length >= most || limited < refusals) {
      limited += 1;
      response.writeHead(429, { "retry-after": "1" });
      response.end(JSON.stringify({ ok: false, error: "ratelimited" }));
    } else {
      calls.push({ method, at });
      const ts = form.get("ts") ?? `${messages.size + 1}.000`;
      messages.set(ts, form.get("text") ?? "");
      response.end(JSON.stringify({ ok: true, channel: form.get("channel"), ts }));
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/`;
  return { url, calls, shown: () => [...messages.values()], limited: () => limited };
}

async function read(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

async function startBridge(slackUrl: string) {
  const { magicLink, account, alias } = await mint(ams.url);
  const bridge = runExample("slack-bridge", [magicLink], {
    SLACK_API_URL: slackUrl,
    SLACK_TOKEN: TOKEN,
    SLACK_SIGNING_SECRET: SECRET,
    SLACK_CHANNEL: CHANNEL,
    PORT: "0",
  });
  const url = (await bridge.line(/leads to/)).split("leads to ")[1] ?? "";
  return { bridge, magicLink, url, close: () => account.close(alias) };
}

/** A request as Slack signs it; `age` in seconds. */
function deliver(url: string, body: unknown, { secret = SECRET, age = 0 } = {}) {
  const text = JSON.stringify(body);
  const time = String(Math.floor(Date.now() / 1_000) - age);
  const mac = createHmac("sha256", secret).update(`v0:${time}:${text}`).digest("hex");
  const headers = { "x-slack-request-timestamp": time, "x-slack-signature": `v0=${mac}` };
  return fetch(url, { method: "POST", body: text, headers });
}

const said = (text: string, fields = {}, id = text) => ({
  type: "event_callback",
  event_id: id,
  event: { type: "message", channel: CHANNEL, user: "U1", text, ...fields },
});

test("turns become messages that grow, within Slack's rates, escaped and whole", async () => {
  const slack = await fakeSlack();
  const { bridge, magicLink, close } = await startBridge(slack.url);
  const [ada, bob] = [await joinAs("ada", magicLink), await joinAs("bob", magicLink)];
  for (let n = 0; n < 200; n += 1) await ada.send(`${n} `);
  await bob.pipe(["<!channel> & all"]);
  await ada.endTurn();
  await bob.pipe(["y".repeat(5_000)]);
  const counted = Array.from({ length: 200 }, (_, n) => `${n} `).join("");
  const long = ["y".repeat(3_900), "y".repeat(1_100)].map((text) => `*bob*: ${text}`);
  const expected = [`*ada*: ${counted}`, "*bob*: &lt;!channel&gt; &amp; all", ...long];
  await vi.waitUntil(() => slack.shown().join() === expected.join(), SOON);
  expect(slack.limited()).toBe(0);
  expect(slack.calls.length).toBeLessThan(12);
  await close();
  expect(await bridge.ended).toMatchObject({ code: 1, stderr: expect.stringMatching(/closed/) });
}, 120_000);

test("a 429 is waited for, and the message comes once", async () => {
  const slack = await fakeSlack(1);
  const { magicLink } = await startBridge(slack.url);
  await (await joinAs("ada", magicLink)).pipe(["hello"]);
  await vi.waitUntil(() => slack.shown().length > 0, SOON);
  expect([slack.limited(), slack.shown()]).toEqual([1, ["*ada*: hello"]]);
}, 120_000);

test("what people write in the channel becomes turns; nothing else does", async () => {
  const slack = await fakeSlack();
  const { magicLink, url } = await startBridge(slack.url);
  const ada = await joinAs("ada", magicLink);
  await arrival(ada);
  const turns = ada.turns();
  const challenge = await deliver(url, { type: "url_verification", challenge: "abc" });
  expect([challenge.status, await challenge.text()]).toEqual([200, "abc"]);
  const forged = await deliver(url, said("forged"), { secret: "another" });
  const old = await deliver(url, said("old"), { age: 301 });
  const large = await deliver(url, said("x".repeat(1_048_577)));
  expect([forged.status, old.status, large.status]).toEqual([401, 401, 413]);
  for (const fields of [{ bot_id: "B1" }, { subtype: "message_changed" }, { channel: "C2" }]) {
    expect((await deliver(url, said("not this", fields))).status).toBe(200);
  }
  for (let n = 0; n < 2; n += 1) await deliver(url, said("once"));
  await deliver(url, said("twice", {}, "another id"));
  const heard = [await turns.next(), await turns.next()].map(({ value }) => value?.text);
  expect(await Promise.all(heard)).toEqual(["U1: once", "U1: twice"]);
}, 120_000);

test("without its settings it says so", async () => {
  const { code, stderr } = await runExample("slack-bridge", [], {}).ended;
  expect([code, stderr]).toEqual([1, "Usage: see examples/slack-bridge/README.md.\n"]);
});

// examples/webhook-wrapper, run as its README says, between a conversation and a URL; and what its
// being there has changed: nothing.
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { repositoryRoot } from "../repository-root.ts";
import { type Standalone, startStandalone } from "../standalone.ts";
import { joinAs, mint } from "./conversation.ts";
import { type Example, runExample } from "./example.ts";
import { signed, startReceiver } from "./webhook-receiver.ts";

const SECRET = "a secret of two";
const OK = () => 200;

let ams: Standalone;
beforeAll(async () => {
  ams = await startStandalone();
});
afterAll(() => ams.stop());

/** A conversation with ada in it and the wrapper, which posts to `url`. */
async function wrap(url: string) {
  const { account, alias, magicLink } = await mint(ams.url);
  const ada = await joinAs("ada", magicLink);
  const env = { WEBHOOK_URL: url, WEBHOOK_SECRET: SECRET, PORT: "0" };
  const wrapper = runExample("webhook-wrapper", [magicLink], env);
  const [endpoint = ""] = /http:\S+/.exec(await wrapper.line(/^POST to/)) ?? [];
  return { account, alias, ada, wrapper, endpoint };
}

async function quit(wrapper: Example) {
  wrapper.signal("SIGTERM");
  expect(await wrapper.ended).toMatchObject({ code: 0, stderr: "" });
}

const dataOf = ({ body }: { readonly body: string }) => JSON.parse(body).data;

describe("in: a POST", () => {
  test("becomes one token, exactly as it was posted, when it is signed", async () => {
    const { ada, endpoint, wrapper } = await wrap("http://127.0.0.1:2");
    const heard = ada.tokens();
    const body = 'from outside: "€𝄞"\n';
    const answer = await fetch(endpoint, { method: "POST", body, headers: signed(SECRET, body) });
    expect(answer.status).toBe(202);
    expect((await heard.next()).value?.data).toBe(body);
    await quit(wrapper);
  });

  test.each([
    ["without a signature", 401, "x", () => ({})],
    ["signed with another secret", 401, "x", () => signed("guessed", "x")],
    ["signed for another body", 401, "x", () => signed(SECRET, "y")],
    ["signed ten minutes ago", 401, "x", () => signed(SECRET, "x", Date.now() / 1000 - 600)],
    ["larger than a token may be", 413, "x".repeat(65_537), () => signed(SECRET, "x")],
    [
      "that is no UTF-8",
      400,
      Buffer.from([0xff, 0xfe]),
      () => signed(SECRET, Buffer.from([0xff, 0xfe])),
    ],
  ])("%s is refused, and nothing is sent", async (_, status, body, headers) => {
    const { ada, endpoint, wrapper } = await wrap("http://127.0.0.1:2");
    const heard = ada.tokens();
    const refused = await fetch(endpoint, { method: "POST", body, headers: headers() });
    expect(refused.status).toBe(status);
    expect((await fetch(endpoint)).status).toBe(405);
    const next = { method: "POST", body: "next", headers: signed(SECRET, "next") };
    expect((await fetch(endpoint, next)).status).toBe(202);
    expect((await heard.next()).value?.data).toBe("next");
    await quit(wrapper);
  });

  test("whose sender goes away in the middle is no token, and the next is served", async () => {
    const { ada, endpoint, wrapper } = await wrap("http://127.0.0.1:2");
    const heard = ada.tokens();
    const { port } = new URL(endpoint);
    const sender = connect(Number(port), "127.0.0.1");
    sender.end("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf");
    await once(sender.resume(), "close");
    const next = { method: "POST", body: "next", headers: signed(SECRET, "next") };
    expect((await fetch(endpoint, next)).status).toBe(202);
    expect((await heard.next()).value?.data).toBe("next");
    await quit(wrapper);
  });

  test("is answered 503 while AMS is away", async () => {
    const own = await startStandalone();
    const { magicLink } = await mint(own.url);
    const env = { WEBHOOK_URL: own.url, WEBHOOK_SECRET: SECRET, PORT: "0" };
    const wrapper = runExample("webhook-wrapper", [magicLink], env);
    const [endpoint = ""] = /http:\S+/.exec(await wrapper.line(/^POST to/)) ?? [];
    await own.stop();
    const answer = await fetch(endpoint, {
      method: "POST",
      body: "x",
      headers: signed(SECRET, "x"),
    });
    expect(answer.status).toBe(503);
  });
});

describe("out: a token", () => {
  test("is posted with its stream, seq and time, signed, in order", async () => {
    const receiver = await startReceiver(OK);
    const { ada, wrapper } = await wrap(receiver.url);
    const words = ["one", "two", "three"];
    for (const word of words) await ada.send(word);
    const last = await receiver.delivery((delivery) => dataOf(delivery) === "three");
    expect(receiver.deliveries.map(dataOf)).toEqual(words);
    const { data, ...where } = JSON.parse(last.body);
    expect(where).toEqual({
      stream_id: ada.streamId,
      stream_name: "ada",
      seq: expect.stringMatching(/^\d+-3$/),
      ts: expect.stringMatching(/Z$/),
    });
    const seconds = Number(last.headers["x-timestamp"]);
    expect(last.headers).toMatchObject(signed(SECRET, last.body, seconds));
    expect(last.headers["x-dropped"]).toBe("0");
    await quit(wrapper);
  });

  test("is tried again when the URL fails, and the next waits its turn", async () => {
    const receiver = await startReceiver((n) => [500, 429, 200][n] ?? 200);
    const { ada, wrapper } = await wrap(receiver.url);
    await ada.send("first");
    await ada.send("second");
    await receiver.delivery((delivery) => dataOf(delivery) === "second");
    const seen = receiver.deliveries.map((delivery) => [delivery.status, dataOf(delivery)]);
    expect(seen).toEqual([
      [500, "first"],
      [429, "first"],
      [200, "first"],
      [200, "second"],
    ]);
    await quit(wrapper);
  });

  test.each([400, 302])(
    "that the URL refuses for good with %i is dropped, and the next delivery says so",
    async (status) => {
      const receiver = await startReceiver((n) => (n === 0 ? status : 200));
      const { ada, wrapper } = await wrap(receiver.url);
      await ada.send("first");
      await ada.send("second");
      const second = await receiver.delivery((delivery) => dataOf(delivery) === "second");
      expect(receiver.deliveries).toHaveLength(2);
      expect(second.headers["x-dropped"]).toBe("1");
      await quit(wrapper);
    },
  );

  test("finds a place among 1,000 that wait, and what comes on top is dropped and counted", async () => {
    let answer = (_: number) => {};
    const first = new Promise<number>((resolve) => {
      answer = resolve;
    });
    const receiver = await startReceiver((n) => (n === 0 ? first : 200));
    const { ada, endpoint, wrapper } = await wrap(receiver.url);
    const words = Array.from({ length: 1_010 }, (_, n) => String(n));
    await ada.pipe(words, { endTurn: false });
    await ada.ping(); // The broker has passed them on to the wrapper,
    const post = { method: "POST", body: "x", headers: signed(SECRET, "x") };
    // whose receipt for this came behind them.
    expect((await fetch(endpoint, post)).status).toBe(202);
    answer(200);
    await receiver.delivery((delivery) => dataOf(delivery) === "999");
    await ada.send("after");
    const after = await receiver.delivery((delivery) => dataOf(delivery) === "after");
    expect(receiver.deliveries.map(dataOf)).toEqual([...words.slice(0, 1_000), "after"]);
    expect(after.headers["x-dropped"]).toBe("10");
    await quit(wrapper);
  });
});

test("it says why when the conversation is closed under it", async () => {
  const { account, alias, wrapper } = await wrap("http://127.0.0.1:2");
  await account.close(alias);
  const { code, stderr } = await wrapper.ended;
  expect([code, stderr]).toEqual([1, "The owner closed the conversation.\n"]);
});

test.each([
  ["no secret", { WEBHOOK_SECRET: "" }],
  ["a URL that is none", { WEBHOOK_URL: "somewhere" }],
  ["a port that is none", { PORT: "many" }],
])("with %s it says what it needs", async (_, wrong) => {
  const env = { WEBHOOK_URL: "http://127.0.0.1:2", WEBHOOK_SECRET: SECRET, ...wrong };
  const { code, stderr } = await runExample("webhook-wrapper", [ams.url], env).ended;
  expect(code).toBe(1);
  expect(stderr).toMatch(/^Usage: [^\n]+\n$/);
});

test("a port that is taken is reported in one sentence", async () => {
  const { endpoint, alias, account, wrapper } = await wrap("http://127.0.0.1:2");
  const link = await account.newLink(alias, { keepConnected: true });
  const { port } = new URL(endpoint);
  const env = { WEBHOOK_URL: "http://127.0.0.1:2", WEBHOOK_SECRET: SECRET, PORT: port };
  const second = await runExample("webhook-wrapper", [link], env).ended;
  expect(second).toMatchObject({ code: 1, stdout: "" });
  expect(second.stderr).toBe(`Port ${port} can't be used: set PORT to another one.\n`);
  await quit(wrapper);
});

describe("a second wrapper changes nothing of the wire", () => {
  const ROOT = repositoryRoot();
  /** Control has webhooks of its own, which this example doesn't use. */
  const WIRE = ["libs/store", "libs/log", "services/gateway"];

  test("it reaches AMS through the SDK alone", () => {
    const source = readFileSync(join(ROOT, "examples/webhook-wrapper/webhook-wrapper.ts"), "utf8");
    const imported = [...source.matchAll(/\bfrom "([^"]+)"|\bimport\(?\s*"([^"]+)"/g)];
    const outside = imported.flatMap(([, name = ""]) => (name.startsWith("node:") ? [] : [name]));
    expect(imported.length).toBeGreaterThan(1);
    expect(outside).toEqual(["@ams/client"]);
  });

  test("no source, setting or dependency of the token path names it", () => {
    const files = WIRE.flatMap((folder) =>
      readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
        .filter(
          (path) => /\.(ts|lua|json)$/.test(path) && !/(^|\/)(dist|node_modules)\//.test(path),
        )
        .map((path) => join(folder, path)),
    );
    expect(files.length).toBeGreaterThan(100);
    const naming = files.filter((path) =>
      /web-?hook/i.test(readFileSync(join(ROOT, path), "utf8")),
    );
    expect(naming).toEqual([]);
  });
});

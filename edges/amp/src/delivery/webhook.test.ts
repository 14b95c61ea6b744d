import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { isHmacSignature, timedBody } from "@ams/amp";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type Agent, startWorld, type World } from "../testing/world.ts";

type Hit = { readonly request: IncomingMessage; readonly body: string };

let world: World;
let alice: Agent;
let hooks: Server;
let base: string;
let hits: Hit[] = [];
/** What the receiver answers: a status, or nothing at all. */
let answers: (number | "never" | string)[] = [];
let shiftMs = 0;

beforeAll(async () => {
  hooks = createServer((request, response) => {
    let body = "";
    request.on("data", (part) => {
      body += part;
    });
    request.on("end", () => {
      hits.push({ request, body });
      const answer = answers.shift() ?? 200;
      if (answer === "never") return;
      if (typeof answer === "string") response.writeHead(307, { location: answer }).end();
      else response.writeHead(answer).end("x".repeat(100_000));
    });
  });
  await new Promise<void>((resolve) => hooks.listen(0, "127.0.0.1", resolve));
  const { port } = hooks.address() as AddressInfo;
  base = `http://127.0.0.1:${port}`;
  const env = { AMS_AMP_WEBHOOK_ALLOW: `127.0.0.1:${port}` };
  world = await startWorld({ env, now: () => Date.now() + shiftMs });
  alice = await world.register("alice");
});
afterAll(async () => {
  await world.stop();
  hooks.closeAllConnections();
  await new Promise((resolve) => hooks.close(resolve));
});
beforeEach(() => {
  hits = [];
  answers = [];
});

const withHook = (name: string, more: object = {}) =>
  world.register(name, "acme", { delivery: { webhook_url: `${base}/${name}`, ...more } });

test("AMP 10: a webhook gets the message signed, and a 2xx takes it out of the queue", async () => {
  const bob = await withHook("bob");
  const secret = String(Object(bob.body.delivery).webhook_secret);
  const sent = await alice.send("bob");
  expect(sent.body).toMatchObject({ status: "delivered", method: "webhook", basis: "webhook_2xx" });
  const [hit] = hits;
  const { headers } = hit?.request ?? {};
  expect(headers).toMatchObject({
    "x-amp-message-id": sent.body.id,
    "x-amp-delivery-attempt": "1",
    "content-type": "application/json",
  });
  const timestamp = String(headers?.["x-amp-timestamp"]);
  const text = timedBody(timestamp, hit?.body ?? "");
  expect(isHmacSignature(secret, text, String(headers?.["x-amp-signature"]))).toBe(true);
  const body = JSON.parse(hit?.body ?? "");
  expect(Object.keys(body)).toEqual(["envelope", "payload", "local", "signed_to"]);
  expect(body.local.delivery_method).toBe("webhook");
  expect(await bob.pending()).toEqual([]);
});

test("AMP 10: a 4xx is no retry, and the message stays pending", async () => {
  const carl = await withHook("carl");
  answers = [404];
  expect((await alice.send("carl")).body).toMatchObject({ status: "queued", method: "relay" });
  expect(await carl.pending()).toHaveLength(1);
  shiftMs += 31_000;
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  expect(hits).toHaveLength(1);
});

test("AMP 10: a 5xx is tried after 30 s and 2 min with the same id, an ack ends it", async () => {
  const dora = await withHook("dora");
  answers = [500, 503, 200];
  const sent = await alice.send("dora");
  expect(sent.body.status).toBe("queued");
  shiftMs += 31_000;
  await expect.poll(() => hits.length, { timeout: 10_000 }).toBe(2);
  shiftMs += 91_000;
  await expect.poll(() => hits.length, { timeout: 10_000 }).toBe(3);
  const attempts = hits.map(({ request: { headers } }) => [
    headers["x-amp-message-id"],
    headers["x-amp-delivery-attempt"],
  ]);
  expect(attempts).toEqual(["1", "2", "3"].map((attempt) => [sent.body.id, attempt]));
  await expect.poll(() => dora.pending()).toEqual([]);
  answers = [500];
  const other = await alice.send("dora");
  await dora.call("DELETE", `/messages/pending/${other.body.id}`);
  shiftMs += 31_000;
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  expect(hits).toHaveLength(4);
});

test("AMP 10: a slow webhook doesn't hold the sender for more than 5 s", async () => {
  await withHook("erin");
  answers = ["never"];
  const began = Date.now();
  expect((await alice.send("erin")).body.status).toBe("queued");
  expect(Date.now() - began).toBeLessThan(9_000);
});

test("AMP 10: a redirect inside is refused, one to a listed place followed with the body", async () => {
  const fred = await withHook("fred");
  answers = ["http://127.0.0.1:1/inside", 200];
  expect((await alice.send("fred")).body.status).toBe("queued");
  expect(hits).toHaveLength(1);
  answers = [`${base}/moved`, 200];
  expect((await alice.send("fred")).body.status).toBe("delivered");
  expect(hits.at(-1)?.body).toContain("envelope");
  expect(hits.at(-1)?.request.url).toBe("/moved");
  expect(await fred.pending()).toHaveLength(1);
});

test("AMP 7: with prefer_websocket false the webhook comes before the socket", async () => {
  const gina = await withHook("gina", { prefer_websocket: false });
  const socket = gina.connect({ authorization: `Bearer ${gina.apiKey}` });
  await socket.next();
  expect((await alice.send("gina")).body.method).toBe("webhook");
  answers = [500];
  expect((await alice.send("gina")).body.method).toBe("websocket");
  socket.socket.close();
});

test("AMP 10: no secret, payload or address is in a log line", () => {
  const logged = world.lines.join("");
  for (const secret of ["whsec_", "amp_live_sk_", "hello", "@acme"])
    expect(logged).not.toContain(secret);
});

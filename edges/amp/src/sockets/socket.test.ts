import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { WebSocket } from "ws";
import { type Agent, connect, signIn, startWorld, type World } from "../testing/world.ts";

let world: World;
let alice: Agent;
let bob: Agent;
beforeAll(async () => {
  world = await startWorld();
  alice = await world.register("alice");
  bob = await world.register("bob");
});
afterAll(() => world.stop());

test("AMP 9: after the first frame come connected, then all pending in order, as replay", async () => {
  const carol = await world.register("carol");
  const first = await alice.send("carol");
  const second = await alice.send("carol");
  const socket = await signIn(carol);
  expect(socket.connected).toEqual({
    type: "connected",
    data: { address: carol.address, pending_count: 2 },
  });
  for (const { body } of [first, second])
    expect(await socket.next()).toMatchObject({
      type: "message.new",
      data: { id: body.id, replay: true, local: { delivery_method: "websocket" } },
    });
  const live = await alice.send("carol");
  const frame = await socket.next();
  expect(frame).toMatchObject({ data: { id: live.body.id } });
  expect(frame.data).not.toHaveProperty("replay");
  socket.socket.close();
  await socket.closed;
  await carol.call("POST", "/messages/pending/ack", { body: { ids: [first.body.id] } });
  const again = await signIn(carol);
  const ids = [await again.next(), await again.next()].map(({ data }) => Object(data).id);
  expect(ids).toEqual([second.body.id, live.body.id]);
  again.socket.close();
});

test("AMP 9: every socket of an address gets every message once, in the queue's order", async () => {
  const dora = await world.register("dora");
  const sockets = await Promise.all([signIn(dora), signIn(dora), signIn(dora)]);
  const sent = await Promise.all(Array.from({ length: 20 }, () => alice.send("dora")));
  const pending = (await dora.pending()).map(({ id }) => id);
  expect(pending).toHaveLength(20);
  expect(new Set(sent.map(({ body }) => body.id))).toEqual(new Set(pending));
  for (const socket of sockets) {
    const got: unknown[] = [];
    while (got.length < 20) got.push(Object((await socket.next()).data).id);
    expect(got).toEqual(pending);
    expect(socket.waiting).toEqual([]);
    socket.socket.close();
  }
});

test("AMP 9: a bearer of the upgrade counts as the auth frame; the subprotocol is echoed", async () => {
  const headers = { authorization: `Bearer ${bob.apiKey}` };
  const socket = connect(world.endpoint, headers, ["amp.v1"]);
  expect(await socket.next()).toMatchObject({ type: "connected" });
  expect(socket.socket.protocol).toBe("amp.v1");
  socket.send({ type: "auth", token: "wrong" });
  socket.send({ type: "ping" });
  expect(await socket.next()).toMatchObject({ type: "pong" });
  socket.socket.close();
  const wrong = connect(world.endpoint, { authorization: "Bearer amp_live_sk_x" });
  expect(await wrong.next()).toMatchObject({ type: "error", error: "unauthorized" });
  expect((await wrong.closed).code).toBe(4003);
});

test("AMP 9: a wrong token closes 4003, any other first frame 4002", async () => {
  for (const [frame, code] of [
    [{ type: "auth", token: "amp_live_sk_x" }, 4003],
    [{ type: "ping" }, 4002],
    ["no json", 4002],
    [{ type: "auth" }, 4002],
  ] as const) {
    const socket = connect(world.endpoint);
    await socket.opened;
    socket.send(frame);
    expect(await socket.next()).toMatchObject({ type: "error", error: "unauthorized" });
    expect((await socket.closed).code).toBe(code);
  }
  const url = connect(`${world.endpoint}`.replace("/v1", "/v1"));
  await url.opened;
  url.socket.close();
});

test("AMP 9: a message is routed by a socket, and its answer has the ref", async () => {
  const socket = await signIn(alice);
  const data = JSON.parse(alice.draft("bob"));
  socket.send({ type: "route", ref: "r1", data });
  const result = await socket.next();
  expect(result).toMatchObject({ type: "route.result", ref: "r1", data: { status: "queued" } });
  const text = '{"type":"x","message":"","context":{"a":1.0}}';
  socket.send(`{"type":"route","data":${alice.draft("bob", { payload: text })}}`);
  expect(await socket.next()).toMatchObject({ type: "route.result" });
  const raw = await fetch(`${world.endpoint}/messages/pending`, {
    headers: { authorization: `Bearer ${bob.apiKey}` },
  });
  expect(await raw.text()).toContain(`"payload":${text}`);
  socket.send({ type: "route", ref: 2, data: JSON.parse(alice.draft("nobody")) });
  expect(await socket.next()).toMatchObject({ type: "error", ref: 2, error: "invalid_recipient" });
  socket.send({ type: "route", data: { ...data, subject: null } });
  expect(await socket.next()).toMatchObject({ error: "missing_field", field: "subject" });
  socket.send({ type: "route" });
  expect(await socket.next()).toMatchObject({ error: "missing_field", field: "data" });
  socket.socket.close();
});

test("AMP 9: unknown types and malformed JSON are reported, and the socket stays open", async () => {
  const socket = await signIn(bob);
  for (const frame of [{ type: "what" }, "{", "[]", { type: "ack", id: 7 }]) {
    socket.send(frame);
    let got = await socket.next();
    while (got.type === "message.new") got = await socket.next();
    expect(got).toMatchObject({ type: "error", error: "invalid_request" });
  }
  socket.socket.close();
});

test("AMP 9: frames over 1 MiB close 1009, binary ones 1003, an eleventh socket 4029", async () => {
  const erin = await world.register("erin");
  const large = await signIn(erin);
  large.send("x".repeat(1_048_577));
  expect((await large.closed).code).toBe(1009);
  const binary = await signIn(erin);
  binary.socket.send(Buffer.from("{}"), { binary: true });
  expect((await binary.closed).code).toBe(1003);
  const sockets = await Promise.all(Array.from({ length: 10 }, () => signIn(erin)));
  const eleventh = await signIn(erin);
  expect(await eleventh.closed).toEqual({ code: 4029, reason: "too_many_connections" });
  for (const { socket } of sockets) socket.close();
});

test("AMP 9: a stopping process closes with 1001, and loses nothing", async () => {
  const other = await startWorld();
  const agent = await other.register("agent");
  const socket = await signIn(agent);
  await other.stop();
  expect((await socket.closed).code).toBe(1001);
});

test("AMP 11: delivered comes once, at the first proof, and read once", async () => {
  const [fay, gus] = [await world.register("fay"), await world.register("gus")];
  const socket = await signIn(fay);
  const more = { options: { receipt: true } };
  const acked = await fay.send("gus", { more });
  await gus.call("DELETE", `/messages/pending/${acked.body.id}`);
  expect(await socket.next()).toMatchObject({
    type: "message.delivered",
    data: { id: acked.body.id, to: gus.address, method: "relay" },
  });
  const reader = await signIn(gus);
  const live = await fay.send("gus", { more });
  expect(await socket.next()).toMatchObject({
    type: "message.delivered",
    data: { id: live.body.id, method: "websocket" },
  });
  await gus.call("DELETE", `/messages/pending/${live.body.id}`);
  for (let times = 0; times < 2; times += 1) {
    const read = await gus.call("POST", `/messages/${live.body.id}/read`);
    expect(read.body).toEqual({ read_receipt_sent: true });
  }
  expect(await socket.next()).toMatchObject({ type: "message.read", data: { id: live.body.id } });
  expect(socket.waiting).toEqual([]);
  expect((await fay.call("POST", `/messages/${live.body.id}/read`)).status).toBe(404);
  expect((await gus.call("POST", "/messages/msg_1_x/read")).status).toBe(404);
  socket.socket.close();
  await socket.closed;
  await fay.send("gus", { more });
  await reader.next();
  await reader.next();
  await expect
    .poll(async () => (await signIn(fay)).next())
    .toMatchObject({
      type: "message.delivered",
    });
  reader.socket.close();
});

test("AMP 9: a socket that says nothing is closed 4001, one that falls silent 4009", async () => {
  const times = { authMs: 300, silenceMs: 300, stalledMs: 60_000 };
  const quick = await startWorld({ times });
  try {
    const mute = connect(quick.endpoint);
    expect(await mute.closed).toEqual({ code: 4001, reason: "auth_timeout" });
    const agent = await quick.register("agent");
    const socket = await signIn(agent);
    // Each frame begins the silence anew.
    for (let ping = 0; ping < 4; ping += 1) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      socket.send({ type: "ping" });
      expect(await socket.next()).toMatchObject({ type: "pong" });
    }
    expect(await socket.closed).toEqual({ code: 4009, reason: "silence" });
  } finally {
    await quick.stop();
  }
});

test("AMP 9: a reader that stands still is closed 4008, and nothing is lost", async () => {
  const times = { authMs: 10_000, silenceMs: 300_000, stalledMs: 500 };
  const slow = await startWorld({ times, env: { AMS_AMP_QUEUE_MAX: "1000" } });
  try {
    const [writer, reader] = [await slow.register("writer"), await slow.register("reader")];
    const socket = await signIn(reader);
    socket.socket.pause();
    const closing = vi.spyOn(WebSocket.prototype, "close");
    const context = { padding: "x".repeat(250_000) };
    const payload = { type: "note", message: "x".repeat(60_000), context };
    // More than the kernel takes for a reader that does not read.
    for (let sent = 0; sent < 60; sent += 1) await writer.send("reader", { payload });
    await expect.poll(() => slow.provider.feeds.size, { timeout: 30_000 }).toBe(0);
    // A reader that doesn't come back within 2 s never sees the close frame, which waits its turn.
    expect(closing).toHaveBeenCalledWith(4008, "slow_consumer");
    socket.socket.resume();
    await socket.closed;
    expect((await reader.call("GET", "/messages/pending/count")).body.count).toBe(60);
  } finally {
    await slow.stop();
  }
}, 60_000);

test("AMP 9: a client that sends and does not read is read no further, then closed 4008", async () => {
  const times = { authMs: 10_000, silenceMs: 300_000, stalledMs: 500 };
  const slow = await startWorld({ times });
  try {
    const reader = await slow.register("reader");
    const socket = await signIn(reader);
    socket.socket.pause();
    const noise = JSON.stringify({ type: "x".repeat(200) });
    // Each is answered by an error, until the answers fill what may be unsent.
    const closed = new Promise((resolve) => socket.socket.once("close", resolve));
    for (let sent = 0; slow.provider.feeds.size > 0 && sent < 400_000; sent += 1) {
      socket.socket.send(noise);
      if (sent % 1_000 === 0) await new Promise((resolve) => setImmediate(resolve));
      if (socket.socket.bufferedAmount > 8_388_608) break;
    }
    await expect.poll(() => slow.provider.feeds.size, { timeout: 30_000 }).toBe(0);
    socket.socket.resume();
    await closed;
  } finally {
    await slow.stop();
  }
}, 120_000);

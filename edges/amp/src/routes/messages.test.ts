import { afterAll, beforeAll, expect, test } from "vitest";
import { type Agent, startWorld, type World } from "../testing/world.ts";

let world: World;
let alice: Agent;
let bob: Agent;
let shiftMs = 0;
beforeAll(async () => {
  world = await startWorld({ now: () => Date.now() + shiftMs });
  alice = await world.register("alice");
  bob = await world.register("bob");
});
afterAll(() => world.stop());

test("AMP 8: pages are oldest first, at most 100, and say how much remains", async () => {
  const ids: unknown[] = [];
  for (let index = 0; index < 12; index += 1) ids.push((await alice.send("bob")).body.id);
  const page = await bob.call("GET", "/messages/pending");
  expect(page.body).toMatchObject({ count: 10, remaining: 2 });
  const messages: readonly { id: string }[] = Object(page.body.messages);
  expect(messages.map(({ id }) => id)).toEqual(ids.slice(0, 10));
  for (const path of ["/messages?limit=1", "/inbox?limit=1"])
    expect((await bob.call("GET", path)).body).toMatchObject({ count: 1, remaining: 11 });
  expect((await bob.call("GET", "/messages/pending?limit=1000")).body.count).toBe(12);
  for (const limit of ["0", "-1", "x", "1.5"]) {
    const reply = await bob.call("GET", `/messages/pending?limit=${limit}`);
    expect([reply.status, reply.body.field]).toEqual([400, "limit"]);
  }
  const count = await bob.call("GET", "/messages/pending/count");
  expect(count.body).toMatchObject({ count: 12 });
  expect(count.body.oldest_queued_at).toMatch(/Z$/);
});

test("AMP 8: each form of ack takes out what is the caller's, once", async () => {
  const [a, b, c, d] = (await bob.pending()).map(({ id }) => String(id));
  const done = { acknowledged: true };
  expect((await bob.call("DELETE", `/messages/pending/${a}`)).body).toEqual(done);
  expect((await bob.call("DELETE", `/messages/pending?id=${b}`)).body).toEqual(done);
  expect((await bob.call("POST", `/inbox/${c}/ack`)).body).toEqual(done);
  for (const agent of [alice, bob])
    expect((await agent.call("DELETE", `/messages/pending/${a}`)).status).toBe(404);
  expect((await alice.call("DELETE", `/messages/pending/${d}`)).status).toBe(404);
  const none = await bob.call("DELETE", "/messages/pending");
  expect([none.body.error, none.body.field]).toEqual(["missing_field", "id"]);
  const ids = (await bob.pending()).map(({ id }) => id);
  const batch = (body: object) => bob.call("POST", "/messages/pending/ack", { body });
  const racing = await Promise.all(Array.from({ length: 5 }, () => batch({ ids })));
  const acked = racing.map(({ body }) => Number(body.acknowledged));
  expect(acked.reduce((sum, one) => sum + one, 0)).toBe(ids.length);
  for (const wrong of [[], "x", [1], Array(101).fill("a")]) {
    const reply = await batch({ ids: wrong });
    expect([reply.status, reply.body.field]).toEqual([400, "ids"]);
  }
  expect((await batch({})).body.error).toBe("missing_field");
  const alias = await bob.call("POST", "/messages/pending", { body: { ids: ["msg_1_x"] } });
  expect(alias.body).toEqual({ acknowledged: 0 });
});

test("AMP 6: a message leaves the queue when it says, or after 7 days", async () => {
  const expires_at = new Date(Date.now() + shiftMs + 60_000).toISOString();
  const short = await alice.send("bob", { more: { expires_at } });
  await alice.send("bob");
  const [first] = await bob.pending();
  expect(first).toMatchObject({ id: short.body.id, expires_at });
  shiftMs += 60_001;
  expect(await bob.pending()).toHaveLength(1);
  expect((await bob.call("GET", "/messages/pending/count")).body.count).toBe(1);
  shiftMs += 7 * 86_400_000;
  expect(await bob.pending()).toEqual([]);
});

test("AMP 17: each rate has its headers, its refusal and its setting", async () => {
  const limited = await startWorld({
    env: {
      AMS_AMP_ROUTES_PER_MINUTE: "3",
      AMS_AMP_ROUTES_PER_HOUR: "500",
      AMS_AMP_RECEIVED_PER_MINUTE: "2",
      AMS_AMP_PENDING_PER_MINUTE: "1",
      AMS_AMP_UPLOADS_PER_MINUTE: "1",
      AMS_AMP_REQUESTS_PER_MINUTE: "2",
      AMS_AMP_BAD_BEARERS_PER_MINUTE: "2",
      AMS_AMP_REGISTRATIONS_PER_MINUTE: "3",
    },
    now: () => 1_796_000_000_000,
  });
  const [eve, eva] = [await limited.register("eve"), await limited.register("eva")];
  const body = { name: "x" };
  const third = await limited.call("POST", "/register", { body });
  expect(third.status).toBe(400);
  const fourth = await limited.call("POST", "/register", { body });
  expect([fourth.status, fourth.body.error]).toEqual([429, "rate_limited"]);
  expect(fourth.body.retry_after).toBe(Number(fourth.headers.get("retry-after")));
  const routed = await eve.send("eva");
  expect(routed.headers.get("x-ratelimit-limit")).toBe("3");
  expect(routed.headers.get("x-ratelimit-remaining")).toBe("2");
  const reset = Number(routed.headers.get("x-ratelimit-reset"));
  expect(reset).toBeGreaterThan(1_796_000_000);
  expect((await eve.send("eva")).status).toBe(200);
  const received = await eve.send("eva");
  expect(received.body).toMatchObject({ details: { reason: "recipient_rate" } });
  expect((await eve.send("eva")).headers.get("x-ratelimit-remaining")).toBe("0");
  expect((await eva.call("GET", "/messages/pending")).status).toBe(200);
  expect((await eva.call("GET", "/messages/pending")).status).toBe(429);
  expect((await eva.call("GET", "/agents/me")).status).toBe(200);
  expect((await eva.call("GET", "/agents/me")).status).toBe(200);
  expect((await eva.call("GET", "/agents/me")).status).toBe(429);
  const bad = () => limited.call("GET", "/agents/me", { key: "wrong" });
  expect([(await bad()).status, (await bad()).status, (await bad()).status]).toEqual([
    401, 401, 429,
  ]);
  expect((await eve.call("GET", "/agents/me")).status).toBe(200);
  await limited.stop();
});

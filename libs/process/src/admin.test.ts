import { Counter, Registry } from "prom-client";
import { afterEach, expect, test } from "vitest";
import { type AdminPort, openAdminPort } from "./admin.ts";

const NAMES = { publicUrl: null, allowedHosts: [] };
const NOW = Date.UTC(2026, 0, 2, 3, 4, 5, 6);
let admin: AdminPort | null = null;

afterEach(async () => {
  await admin?.close();
  admin = null;
});

async function open(notReady: () => string | null, registry = new Registry()) {
  const health = { now: () => NOW, instance: "here", notReady };
  admin = await openAdminPort({ host: "127.0.0.1", port: 0, names: NAMES }, health, registry);
  return (path: string, method = "GET") =>
    fetch(`http://127.0.0.1:${admin?.port}${path}`, { method });
}

test("§2 /healthz says the instance and the time", async () => {
  const get = await open(() => null);
  const response = await get("/healthz?probe=1");
  expect(response.status).toBe(200);
  expect(await response.json()).toEqual({ ok: true, host: "here", ts: "2026-01-02T03:04:05.006Z" });
});

test("/livez answers also while it isn't ready", async () => {
  const get = await open(() => "directory");
  expect((await get("/livez")).status).toBe(200);
});

test("/readyz follows readiness and says what it waits for", async () => {
  let reason: string | null = "directory";
  const get = await open(() => reason);
  const refused = await get("/readyz");
  expect(refused.status).toBe(503);
  expect(await refused.json()).toEqual({ ready: false, reason: "directory" });
  reason = null;
  const ready = await get("/readyz");
  expect(ready.status).toBe(200);
  expect(await ready.json()).toEqual({ ready: true });
});

test("/metrics is in Prometheus' text format", async () => {
  const registry = new Registry();
  new Counter({ name: "ams_tried_total", help: "Tries.", registers: [registry] }).inc(3);
  const response = await (await open(() => null, registry))("/metrics");
  expect(response.headers.get("content-type")).toContain("text/plain");
  expect(await response.text()).toContain("ams_tried_total 3");
});

test("a metric that can't be collected is a 500 and ends nothing", async () => {
  const registry = new Registry();
  new Counter({
    name: "ams_broken_total",
    help: "Breaks.",
    registers: [registry],
    collect: () => {
      throw new Error("broken");
    },
  });
  const get = await open(() => null, registry);
  expect((await get("/metrics")).status).toBe(500);
  expect((await get("/livez")).status).toBe(200);
});

test("any other path is a JSON 404", async () => {
  const get = await open(() => null);
  const response = await get("/admin");
  expect(response.status).toBe(404);
  expect(await response.json()).toMatchObject({ error: "not_found" });
});

test("a port that is taken is a rejection", async () => {
  await open(() => null);
  const again = openAdminPort(
    { host: "127.0.0.1", port: admin?.port ?? 0, names: NAMES },
    { now: () => NOW, instance: "here", notReady: () => null },
    new Registry(),
  );
  await expect(again).rejects.toMatchObject({ code: "EADDRINUSE" });
});

test("only GET and HEAD are answered: nothing here is changed by a request", async () => {
  const get = await open(() => null);
  expect((await get("/metrics", "HEAD")).status).toBe(200);
  const refused = await get("/metrics", "POST");
  expect([refused.status, refused.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
  expect(await refused.json()).toMatchObject({ error: "method_not_allowed" });
});

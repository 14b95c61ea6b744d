import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Agent, startWorld, type World } from "../testing/world.ts";

let one: World;
let two: World;
let alice: Agent;
let bob: Agent;
const folder = mkdtempSync(join(tmpdir(), "amp-mesh-"));

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
}

beforeAll(async () => {
  const ports = [await freePort(), await freePort()];
  const secret = "mesh-secret";
  const start = (own: number) => {
    const hosts = ports.map((port, index) => ({
      id: `host-${index + 1}`,
      url: `http://127.0.0.1:${port}`,
      ...(index === own ? { self: true } : { secret }),
    }));
    const file = join(folder, `${own}.json`);
    writeFileSync(file, JSON.stringify({ mesh: { hosts } }));
    const env = { AMS_AMP_DOMAIN: "ams.local", AMS_AMP_MESH_FILE: file };
    return startWorld({ env, port: ports[own] ?? 0 });
  };
  one = await start(0);
  two = await start(1);
  alice = await one.register("alice");
  bob = await two.register("bob");
});
afterAll(async () => {
  await one.stop();
  await two.stop();
  rmSync(folder, { recursive: true, force: true });
});

test("AMP 15: an agent of another host is found, and its message isn't wrapped", async () => {
  const sent = await alice.send("bob");
  expect(sent.body).toMatchObject({
    status: "queued",
    method: "mesh",
    remote_host: "host-2",
    basis: "peer_accepted",
  });
  const [got] = await bob.pending();
  expect(got).toMatchObject({
    id: sent.body.id,
    local: { verified: true, security: { trust: "verified", wrapped: false } },
  });
  expect((await alice.send("nobody")).body.error).toBe("not_found");
  const named = await alice.send("bob@host-2.acme.ams.local");
  expect(named.body).toMatchObject({ remote_host: "host-2" });
  expect((await alice.send("alice@host-1.acme.ams.local")).body.method).toBe("relay");
});

test("AMP 15: the header alone is worth nothing", async () => {
  const raw = alice.draft("bob");
  const headers = { "x-forwarded-from": "host-1", "x-amp-envelope-id": "msg_1_forged" };
  const forged = await two.call("POST", "/route", { raw, headers, key: bob.apiKey });
  expect([forged.status, forged.body.error]).toEqual([401, "unauthorized"]);
  const signed = { ...headers, "x-amp-timestamp": String(Math.floor(Date.now() / 1_000)) };
  const wrong = { ...signed, "x-amp-mesh-signature": "sha256=00" };
  expect((await two.call("POST", "/route", { raw, headers: wrong })).status).toBe(401);
});

test("AMP 15: for a named host that is away, the message waits", async () => {
  const health = await one.call("GET", "/health");
  expect(health.body.mesh).toMatchObject({
    enabled: true,
    hosts_configured: 2,
    self_host_id: "host-1",
  });
  await two.stop();
  const sent = await alice.send("bob@host-2.acme.ams.local");
  expect(sent.body).toMatchObject({ status: "queued", method: "relay", basis: "queued" });
  two = await startWorld();
});

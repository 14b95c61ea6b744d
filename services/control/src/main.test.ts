import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { findRedisBinary, type RedisServer, startRedisServer } from "@ams/store/testing";
import { Redis } from "ioredis";
import { afterEach, describe, expect, test } from "vitest";

const PEPPER = "canary-pepper-0123456789abcdefghijkl";
const running: ChildProcess[] = [];
let redis: RedisServer | null = null;

afterEach(async () => {
  for (const child of running.splice(0)) child.kill("SIGKILL");
  await redis?.stop();
  redis = null;
});

function start(file: "main" | "command", environment: Record<string, string>, args: string[] = []) {
  const path = fileURLToPath(new URL(`./${file}.ts`, import.meta.url));
  const node = ["--conditions=ams-source", "--import", "tsx", path, ...args];
  const { PATH = "" } = process.env;
  const child = spawn(process.execPath, node, { env: { PATH, ...environment } });
  running.push(child);
  const seen = { out: "", error: "" };
  child.stdout.on("data", (chunk) => {
    seen.out += chunk;
  });
  child.stderr.on("data", (chunk) => {
    seen.error += chunk;
  });
  return { child, seen, exit: once(child, "close").then(([code]) => code) };
}

async function eventOf(child: ChildProcess, event: string) {
  if (child.stderr === null) throw new Error("no stderr");
  for await (const line of createInterface(child.stderr)) {
    const logged = JSON.parse(line);
    if (logged.event === event) return logged;
  }
  throw new Error(`the process ended before ${event}`);
}

test("the process exits 78 without peppers and says every fault at once", async () => {
  const { seen, exit } = start("main", { PORT: "none" });
  expect(await exit).toBe(78);
  for (const name of ["PORT", "AMS_CREDENTIAL_PEPPERS", "AMS_LINK_PEPPERS", "AMS_REDIS_URL"]) {
    expect(seen.error).toContain(`  ${name} `);
  }
}, 30_000);

test("§8 an address of Redis that can't be read is exit 78 and isn't repeated", async () => {
  const { seen, exit } = start("main", {
    AMS_CREDENTIAL_PEPPERS: PEPPER,
    AMS_LINK_PEPPERS: PEPPER,
    AMS_REDIS_URL: "http://:canary@host",
  });
  expect(await exit).toBe(78);
  expect(seen.error).toContain("AMS_REDIS_URL");
  expect(seen.error).not.toContain("canary");
}, 30_000);

test("the command without a store is exit 78, with nonsense 64", async () => {
  expect(await start("command", {}, ["limits", "acme"]).exit).toBe(78);
  const nonsense = start("command", {}, ["limit", "acme"]);
  expect(await nonsense.exit).toBe(64);
  expect(nonsense.seen.error).toContain("usage: control limits");
}, 30_000);

describe.skipIf(findRedisBinary() === null)("on Redis", () => {
  test("it serves, shares its rates, says when Redis is away, and stops with 0 on SIGTERM", async () => {
    redis = await startRedisServer();
    const environment = {
      AMS_CREDENTIAL_PEPPERS: PEPPER,
      AMS_LINK_PEPPERS: PEPPER,
      AMS_REDIS_URL: redis.url,
      AMS_ACCOUNTS_PER_MINUTE: "3",
      PORT: "0",
      AMS_ADMIN_PORT: "0",
    };
    const processes = [start("main", environment), start("main", environment)];
    const started = await Promise.all(processes.map(({ child }) => eventOf(child, "started")));
    const create = async (port: number, namespace: string) => {
      const body = JSON.stringify({ namespace });
      return fetch(`http://127.0.0.1:${port}/v1/accounts`, { method: "POST", body });
    };
    const [one, two] = started.map(({ port }) => port);
    const created = await create(one, "acme");
    expect(created.status).toBe(201);
    expect((await create(two, "acme")).status).toBe(409);
    expect((await create(one, "other")).status).toBe(201);
    expect((await create(two, "third")).status).toBe(429);
    const ready = async () =>
      (await fetch(`http://127.0.0.1:${started[0].admin_port}/readyz`)).status;
    await expect.poll(ready).toBe(200);
    const limits = start("command", { AMS_REDIS_URL: redis.url }, [
      "limits",
      "acme",
      "--streams",
      "9",
    ]);
    expect(await limits.exit).toBe(0);
    const { credential }: { credential: string } = JSON.parse(await created.text());
    const shown = await fetch(`http://127.0.0.1:${two}/v1/account`, {
      headers: { authorization: `Bearer ${credential}` },
    });
    expect(JSON.parse(await shown.text()).limits.streams_per_account).toBe(9);
    const store = new Redis(redis.url);
    const keys = await store.keys("*");
    store.disconnect();
    const rates = keys.filter((key) => key.startsWith("ams:rate:"));
    expect(rates).toEqual([expect.stringMatching(/^ams:rate:accounts:[0-9a-f]{32}$/)]);
    expect(keys.join()).not.toContain(credential);
    await redis.kill();
    await expect.poll(ready, { timeout: 10_000 }).toBe(503);
    expect((await create(one, "fourth")).status).toBe(503);
    for (const { child } of processes) child.kill("SIGTERM");
    expect(await Promise.all(processes.map(({ exit }) => exit))).toEqual([0, 0]);
    const said = processes.map(({ seen }) => seen.out + seen.error).join("");
    for (const secret of [credential, PEPPER, "127.0.0.1"]) expect(said).not.toContain(secret);
  }, 60_000);
});

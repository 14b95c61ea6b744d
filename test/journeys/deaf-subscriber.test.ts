/**
 * A gateway whose subscription hears nothing while its connections stay open and its commands are
 * answered: only its own marks show that (§5.9).
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join as joinPath } from "node:path";
import { afterAll, expect, test } from "vitest";
import { type Proxy as CuttableProxy, openProxy } from "../chaos/proxy.ts";
import { startRedisServer } from "../cluster/redis-server.ts";
import { createAccount, mint, until } from "../conformance/driver.ts";
import { join } from "../conformance/subscriber.ts";
import { gatewayOf, inCluster, onRedis, readiness } from "./journey.ts";

onRedis("a gateway behind a proxy of Redis", () => {
  const stops: (() => Promise<unknown>)[] = [];
  // Registered before the cluster's own, so that it runs after that.
  afterAll(async () => {
    for (const stop of stops) await stop();
  });
  let proxy: CuttableProxy | null = null;
  const cluster = inCluster(async () => {
    const folder = await mkdtemp(joinPath(tmpdir(), "ams-deaf-"));
    const redis = await startRedisServer(folder);
    proxy = await openProxy({ port: Number(new URL(redis.url).port) });
    const { close } = proxy;
    stops.push(
      close,
      () => redis.stop(),
      () => rm(folder, { recursive: true, force: true }),
    );
    return { gateways: 1, redisUrl: `redis://127.0.0.1:${proxy.port}/0` };
  });

  test("§5.9 without marks for 5 s /readyz is 503, though Redis answers; when they come round again it is 200 and nothing was silent", async () => {
    const gateway = gatewayOf(cluster(), 0);
    const ready = (status: number) =>
      until(
        () => readiness(gateway),
        (is) => is === status,
        30_000,
      );
    const ann = await createAccount();
    const minted = await mint(ann);
    const speaker = await join(minted, { as: ann, name: "speaker" });
    const listener = await join(minted, { as: ann, name: "listener" });
    await ready(200);
    proxy?.deafen(true);
    await ready(503);
    // Its own subscribers are served, and commands work.
    speaker.say("while deaf");
    await listener.token("while deaf");
    expect((await mint(ann)).magic_link).toBeTruthy();
    proxy?.deafen(false);
    await ready(200);
    const late = await join(minted, { as: ann, name: "late" });
    await listener.see("late", () => listener.peers.size === 2);
    late.say("after");
    for (const one of [speaker, listener]) await one.token("after");
  });
});

/** The sender of webhooks, as a process or a standalone runs it. */
import { join } from "node:path";
import { defineEdge, type EdgeApp, type EdgeParts, type EdgeStart } from "@ams/edge";
import { HOOKS_SETTINGS, type HooksConfig, hooksProcessFaults, readHooks } from "./config.ts";
import { createHooksMetrics } from "./metrics.ts";
import { type Running, startHooks } from "./start.ts";
import { openEmbeddedStore } from "./store/embedded/embedded-store.ts";
import { openRedisStore } from "./store/redis/redis-store.ts";
import type { Store } from "./store/store.ts";

export const edge = defineEdge({
  name: "hooks",
  settings: HOOKS_SETTINGS,
  ports: { http: 8089, admin: 9099 },
  read: readHooks,
  processFaults: hooksProcessFaults,
  open: createHooks,
});

/** It answers no requests: its routes are control's (PROTOCOL §2.15). */
function createHooks(config: HooksConfig, { url, log, registry }: EdgeParts): EdgeApp {
  let running: Running | null = null;
  const [secret, ...others] = config.AMS_HOOKS_SECRET;
  const metrics = createHooksMetrics(registry, () => running?.observed() ?? 0);
  return {
    fetch: async () => new Response(null, { status: 404 }),
    notReady: () => {
      if (secret === undefined) return null;
      return running === null ? "store" : running.notReady();
    },
    start: async (at) => {
      if (secret === undefined) return [];
      const store = await openStore(config, at);
      const secrets = [secret, ...others] as const;
      const allow = config.AMS_HOOKS_ALLOW;
      running = startHooks({ secrets, allow, store, url, log, metrics, now: Date.now });
      return [];
    },
    stop: async () => {
      await running?.stop();
    },
  };
}

async function openStore(config: HooksConfig, at: EdgeStart): Promise<Store> {
  const redis = config.AMS_HOOKS_REDIS_URL;
  if (redis !== null) return openRedisStore(redis);
  if (at.kind === "process") throw new Error("AMS_HOOKS_REDIS_URL is needed");
  const opened = openEmbeddedStore(join(at.folder, "hooks"), Date.now);
  if (!opened.ok) throw new Error(opened.fault);
  return opened.value;
}

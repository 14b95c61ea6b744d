/** A sender with a control and a queue, for tests. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createSealer, openLog } from "@ams/process";
import { Registry } from "prom-client";
import type { Webhook } from "../control.ts";
import { createHooksMetrics } from "../metrics.ts";
import { type Running, startHooks } from "../start.ts";
import { openEmbeddedStore } from "../store/embedded/embedded-store.ts";
import type { Store } from "../store/store.ts";
import { type FakeControl, startFakeControl } from "./fake-control.ts";

export const SECRET = "a-secret-of-whoever-sends-webhooks-0";
export const SIGNING = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;
export const OLD_SIGNING = `whsec_${Buffer.alloc(32, 8).toString("base64")}`;

export type World = {
  readonly control: FakeControl;
  readonly lines: string[];
  /** Added to the machine's clock, for the sender and its queue. */
  readonly clock: { aheadMs: number };
  readonly hook: (url: string, over?: Partial<Webhook>) => Webhook;
  readonly restart: () => Promise<void>;
  readonly close: () => Promise<void>;
};

/** `allow`: `host:port` inside that may be reached. */
export async function openWorld(
  allow: readonly string[],
  store?: (now: () => number) => Promise<Store>,
): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), "ams-hooks-"));
  const control = await startFakeControl(SECRET);
  const lines: string[] = [];
  const clock = { aheadMs: 0 };
  const now = () => Date.now() + clock.aheadMs;
  const log = openLog(
    { service: "hooks", instance: "tried", level: "debug" },
    { write: (line: string) => void lines.push(line) },
  );
  const start = async (): Promise<Running> =>
    startHooks({
      secrets: [SECRET],
      allow: { hosts: new Set(allow), blocks: [] },
      store: store === undefined ? openFile(folder, now) : await store(now),
      url: () => control.url,
      log,
      metrics: createHooksMetrics(new Registry(), () => 0),
      now,
    });
  let running = await start();
  let made = 0;
  const { seal } = createSealer([SECRET], "ams webhook secrets 1");
  return {
    control,
    lines,
    clock,
    hook: (url, over = {}) => {
      made += 1;
      const webhook_id = `wh_${made}`;
      const types = ["stream.joined"];
      return { webhook_id, url, types, secrets: [seal(SIGNING)], enabled: true, ...over };
    },
    restart: async () => {
      await running.stop();
      running = await start();
    },
    close: async () => {
      await running.stop();
      await control.close();
      rmSync(folder, { recursive: true });
    },
  };
}

function openFile(folder: string, now: () => number): Store {
  const opened = openEmbeddedStore(join(folder, "queue"), now);
  if (!opened.ok) throw new Error(opened.fault);
  return opened.value;
}

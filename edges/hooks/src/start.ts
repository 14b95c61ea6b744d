/** Puts the parts of the sender together, and ends them in order. */
import { type AllowList, createSealer, type Log, Outgoing, type Resolve } from "@ams/process";
import { openControl } from "./control.ts";
import { Reports } from "./deliver/reports.ts";
import { Sender } from "./deliver/sender.ts";
import { Webhooks } from "./deliver/webhooks.ts";
import { Intake } from "./intake.ts";
import type { HooksMetrics } from "./metrics.ts";
import { Observers } from "./observe/observers.ts";
import type { Store } from "./store/store.ts";

/** As control seals them. */
const SECRETS_USE = "ams webhook secrets 1";

/** Milliseconds between two looks at the store. */
const PING_MS = 2_000;

export type HooksParts = {
  readonly secrets: readonly [string, ...string[]];
  readonly allow: AllowList;
  readonly store: Store;
  /** Base URL of the deployment. */
  readonly url: () => string;
  readonly log: Log;
  readonly metrics: HooksMetrics;
  /** Unix milliseconds. */
  readonly now: () => number;
  readonly resolve?: Resolve;
};

export type Running = {
  readonly notReady: () => string | null;
  readonly observed: () => number;
  readonly stop: () => Promise<void>;
};

export function startHooks(parts: HooksParts): Running {
  const { secrets, allow, store, url, log, metrics, now, resolve } = parts;
  const control = openControl(url, secrets[0]);
  const sealer = createSealer(secrets, SECRETS_USE);
  const webhooks = new Webhooks(control, now);
  const reports = new Reports(control, (count) => metrics.reportsLost.inc(count));
  const outgoing = new Outgoing(allow, resolve);
  const sending = { store, webhooks, reports, metrics, log, outgoing, sealer, now };
  const sender = new Sender({ ...sending, chance: Math.random });
  const observers = new Observers({
    ...{ control, store, log, now, url },
    add: (event) => intake.add(event),
  });
  const observe = observers.take.bind(observers);
  const intake = new Intake({ control, store, webhooks, metrics, log, now, observe });
  let isAway = false;
  const look = setInterval(() => {
    store.ping().then(
      () => {
        isAway = false;
      },
      () => {
        isAway = true;
      },
    );
  }, PING_MS);
  intake.start();
  sender.start();
  observers.start();
  return {
    notReady: () => (isAway ? "store" : null),
    observed: () => observers.size,
    stop: async () => {
      clearInterval(look);
      await intake.stop();
      await observers.stop();
      await sender.stop();
      await reports.flush();
      await store.close();
    },
  };
}

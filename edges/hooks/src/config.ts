/** The settings of the sender of webhooks. */
import {
  type Checked,
  type Environment,
  EVENT_SETTINGS,
  faultsOf,
  readSettings,
  secretText,
  type ValuesOf,
} from "@ams/process";
import { redisUrlFault } from "@ams/store";

export const HOOKS_SETTINGS = {
  ...EVENT_SETTINGS,
  AMS_HOOKS_REDIS_URL: secretText(
    "The Redis of the sender of webhooks, a database or user of its own, durable. Without it, its queue is in the folder `hooks` of a standalone; a process of its own needs it.",
  ),
};

export type HooksConfig = ValuesOf<typeof HOOKS_SETTINGS>;

export function readHooks(environment: Environment): Checked<HooksConfig> {
  const read = readSettings(HOOKS_SETTINGS, environment);
  const url = environment.AMS_HOOKS_REDIS_URL ?? "";
  const fault = url === "" ? null : redisUrlFault("AMS_HOOKS_REDIS_URL", url);
  if (fault === null) return read;
  return { ok: false, faults: faultsOf(read, { ok: false, faults: [fault] }) };
}

export function hooksProcessFaults(environment: Environment): readonly string[] {
  return ["AMS_HOOKS_SECRET", "AMS_HOOKS_REDIS_URL"]
    .filter((name) => !environment[name])
    .map((name) => `${name} is needed`);
}

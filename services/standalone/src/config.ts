/**
 * What a standalone AMS can be told by its environment: all that a gateway and control can be, and
 * where its state lies.
 */

import { type ControlConfig, readControl } from "@ams/control";
import { GATEWAY_SETTINGS, type GatewayConfig } from "@ams/gateway";
import { type McpConfig, readMcp } from "@ams/mcp";
import {
  type Environment,
  faultsOf,
  namesPeppers,
  type PepperLists,
  processSettings,
  readPepperSettings,
  readSettings,
  text,
  type ValuesOf,
} from "@ams/process";
import { redisUrlFault } from "@ams/store";
import { readWeb, type WebConfig } from "@ams/web";

/**
 * Milliseconds in which a stopping standalone closes its sockets: nobody else could take them over.
 */
const DRAIN_MS = "500";

export const STANDALONE_SETTINGS = {
  ...processSettings({ port: 8080, adminPort: "", logLevel: "warn" }),
  AMS_DATA: text(
    ".ams",
    "Folder of its state: directory, peppers, demo account. One process at a time.",
  ),
};

export type StandaloneConfig = {
  readonly own: ValuesOf<typeof STANDALONE_SETTINGS>;
  readonly gateway: GatewayConfig;
  readonly control: ControlConfig;
  readonly mcp: McpConfig;
  readonly web: WebConfig;
  /** Null when the environment says nothing of them: the state folder has its own. */
  readonly peppers: PepperLists | null;
};

/** All of it, or every fault at once. */
export function readStandalone(
  environment: Environment,
):
  | { readonly ok: true; readonly value: StandaloneConfig }
  | { readonly ok: false; readonly faults: readonly string[] } {
  const own = readSettings(STANDALONE_SETTINGS, environment);
  const gateway = readSettings(GATEWAY_SETTINGS, withDefaults(environment));
  const control = readControl(environment, environment.AMS_INSTANCE || null);
  const mcp = readMcp(environment);
  const web = readWeb(environment);
  const peppers = readOwnPeppers(environment);
  const redis = checkRedisUrl(environment);
  if (own.ok && gateway.ok && control.ok && mcp.ok && web.ok && peppers.ok && redis.ok) {
    const services = { gateway: gateway.value, control: control.value };
    const edges = { mcp: mcp.value, web: web.value };
    const parts = { ...services, ...edges, peppers: peppers.value };
    return { ok: true, value: { own: own.value, ...parts } };
  }
  return { ok: false, faults: faultsOf(own, peppers, gateway, control, mcp, web, redis) };
}

function readOwnPeppers(environment: Environment) {
  return namesPeppers(environment)
    ? readPepperSettings(environment)
    : ({ ok: true, value: null } as const);
}

function checkRedisUrl({ AMS_REDIS_URL: url = "" }: Environment) {
  const fault = url === "" ? null : redisUrlFault("AMS_REDIS_URL", url);
  return fault === null ? ({ ok: true } as const) : ({ ok: false, faults: [fault] } as const);
}

/** Where a standalone differs from a gateway of many. */
function withDefaults(environment: Environment): Environment {
  const { AMS_DRAIN_MS } = environment;
  return { ...environment, AMS_DRAIN_MS: AMS_DRAIN_MS || DRAIN_MS };
}

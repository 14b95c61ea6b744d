/**
 * What a standalone AMS can be configured by its environment: all that a gateway and control can
 * be, and where its state lies.
 */

import { join } from "node:path";
import { type ControlConfig, readControl } from "@ams/control";
import type { OpenEdge } from "@ams/edge";
import { GATEWAY_SETTINGS, type GatewayConfig } from "@ams/gateway";
import {
  type Checked,
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
import { EDGES } from "./edges.ts";

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
  /** What opens each edge, by its name. */
  readonly edges: ReadonlyMap<string, OpenEdge>;
  /** Null when the environment says nothing of them: the state folder has its own. */
  readonly peppers: PepperLists | null;
};

/** All of it, or every fault at once. */
export function readStandalone(environment: Environment): Checked<StandaloneConfig> {
  const own = readSettings(STANDALONE_SETTINGS, environment);
  const gateway = readSettings(GATEWAY_SETTINGS, withDefaults(environment));
  const control = readControl(environment, environment.AMS_INSTANCE || null);
  const edges = readEdges(withJournals(environment));
  const peppers = readOwnPeppers(environment);
  const redis = checkRedisUrl(environment);
  if (own.ok && gateway.ok && control.ok && edges.ok && peppers.ok && redis.ok) {
    const services = { gateway: gateway.value, control: control.value, edges: edges.value };
    return { ok: true, value: { own: own.value, ...services, peppers: peppers.value } };
  }
  return { ok: false, faults: faultsOf(own, peppers, gateway, control, edges, redis) };
}

function readEdges(environment: Environment): Checked<ReadonlyMap<string, OpenEdge>> {
  const opened = new Map<string, OpenEdge>();
  const faults = EDGES.flatMap(({ name, read }) => {
    const edge = read(environment);
    if (edge.ok) opened.set(name, edge.value);
    return edge.ok ? [] : edge.faults;
  });
  return faults.length === 0 ? { ok: true, value: opened } : { ok: false, faults };
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

/** Journals of services lie in the state folder, unless they are configured elsewhere. */
function withJournals(environment: Environment): Environment {
  const { AMS_JOURNAL_DIR, AMS_DATA } = environment;
  const folder = join(AMS_DATA || STANDALONE_SETTINGS.AMS_DATA.fallback, "journals");
  return { ...environment, AMS_JOURNAL_DIR: AMS_JOURNAL_DIR || folder };
}

/** Where a standalone differs from a gateway of many. */
function withDefaults(environment: Environment): Environment {
  const { AMS_DRAIN_MS } = environment;
  return { ...environment, AMS_DRAIN_MS: AMS_DRAIN_MS || DRAIN_MS };
}

/** All that the process of an edge runs with. */
import { hostname } from "node:os";
import {
  type Checked,
  createMeters,
  type Environment,
  faultsOf,
  type Meters,
  type Reached,
  readSettings,
  type ValuesOf,
} from "@ams/process";
import type { Edge, OpenEdge } from "./edge.ts";

export type EdgeProcess = {
  readonly open: OpenEdge;
  readonly reached: Reached;
  readonly meters: Meters;
  readonly deploymentUrl: string;
  readonly instance: string;
  readonly process: ValuesOf<Edge["processSettings"]>;
};

/** The edge's own settings and those of its process, or every fault of both at once. */
export function readEdgeProcess(edge: Edge, environment: Environment): Checked<EdgeProcess> {
  const own = readSettings(edge.processSettings, environment);
  const opening = edge.read(environment);
  const url = checkUrl(environment);
  const more = edge.processFaults(environment);
  if (!own.ok || !opening.ok || !url.ok || more.length > 0) {
    const faults = faultsOf(opening, own, url, { ok: false, faults: more });
    return { ok: false, faults };
  }
  const { AMS_PUBLIC_URL: publicUrl, AMS_TRUST_PROXY: trustProxy } = own.value;
  const reached = { publicUrl, trustProxy };
  const config = {
    ...reached,
    addressCpuMsPerSecond: own.value.AMS_ADDRESS_CPU_MS_PER_SECOND,
    accountCpuMsPerSecond: own.value.AMS_ACCOUNT_CPU_MS_PER_SECOND,
  };
  return {
    ok: true,
    value: {
      open: opening.value,
      reached,
      meters: createMeters({ config, now: Date.now }),
      deploymentUrl: own.value.AMS_URL ?? "",
      instance: own.value.AMS_INSTANCE ?? hostname(),
      process: own.value,
    },
  };
}

function checkUrl({ AMS_URL: url = "" }: Environment): Checked<null> {
  return url === "" ? { ok: false, faults: ["AMS_URL is needed"] } : { ok: true, value: null };
}

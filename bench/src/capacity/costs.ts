/** What one unit of each kind of work costs, from `bench/unit-costs.json`. */
import { readFileSync, writeFileSync } from "node:fs";
import type { Machine } from "../machine.ts";
import type { CaseResult } from "../row.ts";

const FILE = new URL("../../unit-costs.json", import.meta.url);

/** Times are of one processor, in microseconds. */
export type Costs = {
  /** Where, when and of what it was measured. */
  readonly measured: {
    readonly date: string;
    readonly commit: string;
    readonly machine: string;
    readonly by: string;
  };
  /** A token that travels alone, with its first reader on the same gateway. */
  readonly gatewayPerLoneTokenUs: number;
  readonly gatewayPerFurtherDeliveryUs: number;
  readonly gatewayPerJoinUs: number;
  /** User space; the kernel's part comes on top. */
  readonly gatewayPerConnectionBytes: number;
  readonly gatewayProcessBytes: number;
  readonly redisPerPublishUs: number;
  readonly redisPerJoinUs: number;
  /** What Redis sends to one gateway for one token. */
  readonly redisBytesPerToken: number;
  /** Of a frame around its data. */
  readonly frameBytes: number;
  /** From emit to receive without load, beside the processor times above. */
  readonly pathSameGatewayUs: number;
  readonly pathAcrossUs: number;
  readonly assumed: {
    readonly why: string;
    /** A token that comes over Redis, with its first reader. */
    readonly gatewayPerArrivalUs: number;
    /** Of a publish, for each gateway that listens beside the emitter's. */
    readonly redisPerListenerUs: number;
    /** Until a replica has taken over a shard and gateways listen to it. */
    readonly redisFailoverSeconds: number;
  };
};

export function readCosts(): Costs {
  return JSON.parse(readFileSync(FILE, "utf8"));
}

export function writeCosts(costs: Costs): void {
  writeFileSync(FILE, `${JSON.stringify(costs, null, 2)}\n`);
}

/** Which row of which case is which cost. */
const MEASURED_BY = {
  gatewayPerLoneTokenUs: ["lone-tokens", "gateway CPU µs per token"],
  redisPerPublishUs: ["lone-tokens", "Redis CPU µs per token"],
  gatewayPerFurtherDeliveryUs: ["paced-100", "server CPU µs per delivery"],
  gatewayPerJoinUs: ["connect-storm", "server CPU µs per connect"],
  redisPerJoinUs: ["connect-storm", "Redis CPU µs per connect"],
  gatewayPerConnectionBytes: ["idle-30k", "gateway bytes per connection"],
} as const satisfies Partial<Record<keyof Costs, readonly [string, string]>>;

/** The costs with what these results of the bench measured; the others stay as they were. */
export function costsFrom(before: Costs, results: readonly CaseResult[], machine: Machine): Costs {
  const ours = ([name, what]: readonly [string, string]) =>
    results.find((one) => one.name === name)?.rows.find((row) => row.what === what)?.ours;
  const found = Object.entries(MEASURED_BY).flatMap(([cost, where]) => {
    const value = ours(where);
    return typeof value === "number" ? [[cost, Number(value.toPrecision(3))] as const] : [];
  });
  if (found.length === 0) return before;
  const { processors, memoryGiB, node, commit, date } = machine;
  const measured = {
    date: date.slice(0, 10),
    commit,
    machine: `${processors}, ${memoryGiB} GiB, Node ${node}`,
    by: `npm run bench (${found.length} of ${Object.keys(MEASURED_BY).length} costs anew)`,
  };
  return { ...before, ...Object.fromEntries(found), measured };
}

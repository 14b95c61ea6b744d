/**
 * What a load run is to do, from the options or a scenario, held against what this machine and the
 * wire can do.
 */

import {
  lengthOf,
  type Machine,
  PAYLOAD_BYTES_MAX,
  PAYLOAD_BYTES_MIN,
  type Plan,
  rateMaxOf,
  type Scenario,
  steady,
} from "@ams/loadtest";
import { CliError } from "../faults/fault.ts";

export type Options = {
  readonly subscribers: number;
  readonly emitters: number;
  /** Tokens per second of each emitter. */
  readonly rate: number;
  readonly payloadBytes: number;
  /** Seconds. */
  readonly duration_s: number;
  readonly ramp_s: number;
  /** Null takes as many as it needs. */
  readonly processes: number | null;
  readonly emitOnly: boolean;
  /** Counts instead of peers. */
  readonly summary: boolean;
};

/**
 * Tokens and bytes per second that the SDK sends on one connection: a little less than deployments
 * allow by default (§4.4.3).
 */
const RATE_MAX = 16_000;
const BYTES_PER_SECOND_MAX = 26_843_545;
/**
 * Descriptors that a worker needs beside its connections: Node's own, the channel to the command,
 * margin.
 */
const DESCRIPTORS_OWN = 64;
/**
 * Deliveries per second for which one worker is enough: half of what one managed when it was
 * measured.
 */
const DELIVERIES_PER_PROCESS = 50_000;
/** Each takes some 60 MB. */
const PROCESSES_MAX = 64;
/** Seconds of a run, ramp included: a day. */
const LENGTH_S_MAX = 86_400;

/** The run of a command line without a scenario. Throws `CliError` with what is wrong in it. */
export function scenarioOf(options: Options): Scenario {
  const { subscribers, emitters, rate, payloadBytes, duration_s, ramp_s } = options;
  if (emitters === 0 && subscribers === 0) {
    throw wrong("There is nobody to connect: give --subscribers or --emitters.");
  }
  if (subscribers === 0 && options.emitOnly) {
    throw wrong("With --emit-only somebody must listen.");
  }
  if (payloadBytes < PAYLOAD_BYTES_MIN || payloadBytes > PAYLOAD_BYTES_MAX) {
    throw wrong(
      `--payload is ${PAYLOAD_BYTES_MIN} to ${PAYLOAD_BYTES_MAX} bytes: a token holds its index and time, and no more than the wire takes.`,
    );
  }
  if (duration_s === 0) throw wrong("--duration is at least 1 second.");
  if (ramp_s + duration_s > LENGTH_S_MAX) {
    throw wrong("A run, with its ramp, is at most a day.");
  }
  const { processes, emitOnly, summary } = options;
  return {
    name: null,
    conversations: 1,
    subscribers,
    emitters,
    mix: { websocket: 1, sse: 0, mcp: 0 },
    payloadBytes,
    summary,
    emitOnly,
    rhythm: steady(rate, ramp_s, duration_s),
    turns: null,
    visits: null,
    drops: null,
    seed: 1,
    sources: [],
    origins: [],
    processes,
    assertions: [],
  };
}

/**
 * Throws `CliError` with a sentence that names the limit and what to do. `workers` is how many
 * share the run elsewhere, each with the limits of this machine; null when they are started here.
 */
export function planOf(scenario: Scenario, machine: Machine, workers: number | null = null): Plan {
  const { conversations, subscribers, emitters, rhythm, payloadBytes, emitOnly } = scenario;
  const connections = conversations * (subscribers + emitters);
  const rate = rateMaxOf(rhythm);
  checkRate(rate, payloadBytes);
  const sockets = connections + visitorsOf(scenario) + agentsOf(scenario);
  checkPorts(sockets, machine, Math.max(1, scenario.sources.length));
  const audience = subscribers + (emitOnly ? 0 : Math.max(0, emitters - 1));
  const deliveriesPerSecond = conversations * emitters * rate * audience;
  const asked = workers ?? scenario.processes;
  const processes = processesOf(asked, sockets, deliveriesPerSecond, machine);
  const { processes: _, assertions: __, ...wanted } = scenario;
  // A worker elsewhere is one process, though it may have nobody to connect.
  return {
    ...wanted,
    processes: workers ?? Math.min(processes, Math.max(1, sockets)),
    connections,
    audience,
    deliveriesPerSecond,
  };
}

/** Seconds of the run. */
export function secondsOf({ rhythm }: Plan): number {
  return lengthOf(rhythm);
}

/** Visitors that may be there at once: as many as arrive while one stays longest. */
export function visitorsOf({ visits }: Pick<Scenario, "visits">): number {
  if (visits === null) return 0;
  return Math.ceil(rateMaxOf(visits.arrivals) * Math.max(1, visits.stay_s[1]));
}

/** Sockets that readers by MCP may need beside their first. */
function agentsOf({ mix, conversations, subscribers }: Scenario): number {
  return Math.ceil(mix.mcp * conversations * subscribers);
}

function checkRate(rate: number, payloadBytes: number): void {
  if (rate > RATE_MAX) {
    throw tooMuch(
      `One emitter sends at most ${RATE_MAX} tokens/s, as deployments allow little more on one connection: spread ${rate} over more --emitters.`,
    );
  }
  if (rate * payloadBytes > BYTES_PER_SECOND_MAX) {
    const most = Math.floor(BYTES_PER_SECOND_MAX / payloadBytes);
    throw tooMuch(
      `One emitter sends at most ${Math.floor(BYTES_PER_SECOND_MAX / 1_000_000)} MB/s, which is ${most} tokens/s of ${payloadBytes} bytes: spread ${rate} over more --emitters.`,
    );
  }
}

/**
 * All connections go to one address and port, so each needs a local port of its own, of each
 * address that they come from.
 */
function checkPorts(connections: number, { ports }: Machine, sources: number): void {
  if (ports === null || connections <= ports * sources) return;
  const needed = Math.ceil(connections / ports);
  throw tooMuch(
    `${connections} connections are more than the ${ports * sources} local ports of this machine: widen the range (sysctl net.ipv4.ip_local_port_range="1024 65535"), connect from ${needed} addresses of it (sources in a scenario), or run from several machines (--workers).`,
  );
}

function processesOf(
  asked: number | null,
  connections: number,
  deliveriesPerSecond: number,
  { descriptors, cores }: Machine,
): number {
  if (asked !== null && (asked < 1 || asked > PROCESSES_MAX)) {
    throw wrong(`--processes is 1 to ${PROCESSES_MAX}.`);
  }
  const each = descriptors === null ? connections : descriptors - DESCRIPTORS_OWN;
  const needed = each < 1 ? Number.POSITIVE_INFINITY : Math.ceil(connections / each);
  const most = asked ?? PROCESSES_MAX;
  if (needed > most) {
    const limit = `${connections} connections don't fit: one process of this machine may hold ${descriptors} descriptors (ulimit -n), ${DESCRIPTORS_OWN} of them its own`;
    const raise = `raise it (ulimit -n ${Math.ceil(connections / most) + DESCRIPTORS_OWN})`;
    throw tooMuch(
      needed <= PROCESSES_MAX
        ? `${limit}. Give --processes ${needed}, or ${raise}.`
        : `${limit}, and at most ${PROCESSES_MAX} processes are started. To go on, ${raise}.`,
    );
  }
  if (asked !== null) return Math.min(asked, connections);
  const busy = Math.min(cores, Math.ceil(deliveriesPerSecond / DELIVERIES_PER_PROCESS));
  return Math.min(connections, Math.max(needed, busy, 1));
}

function wrong(sentence: string): CliError {
  return new CliError("bad_usage", sentence);
}

function tooMuch(sentence: string): CliError {
  return new CliError("machine_limit", sentence);
}

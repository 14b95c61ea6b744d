/**
 * What a load run is to do, from the options, held against what this machine and the wire can do.
 */

import {
  lengthOf,
  type Machine,
  PAYLOAD_BYTES_MAX,
  PAYLOAD_BYTES_MIN,
  type Plan,
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

/** Throws `CliError` with a sentence that names the limit. */
export function planOf(options: Options, machine: Machine): Plan {
  const { subscribers, emitters, rate, payloadBytes, duration_s, ramp_s } = options;
  const rhythm = { rate, duration_s, ramp_s };
  const connections = subscribers + emitters;
  checkCounts(options);
  checkRate(options);
  if (duration_s === 0) throw wrong("--duration is at least 1 second.");
  if (lengthOf(rhythm) > LENGTH_S_MAX) throw wrong("A run, with its ramp, is at most a day.");
  checkPorts(connections, machine);
  const audience = subscribers + (options.emitOnly ? 0 : Math.max(0, emitters - 1));
  const deliveriesPerSecond = emitters * rate * audience;
  const processes = processesOf(options.processes, connections, deliveriesPerSecond, machine);
  const { emitOnly } = options;
  return {
    subscribers,
    emitters,
    payloadBytes,
    emitOnly,
    rhythm,
    processes,
    connections,
    audience,
    deliveriesPerSecond,
  };
}

function checkCounts({ subscribers, emitters, emitOnly }: Options): void {
  if (emitters === 0 && subscribers === 0) {
    throw wrong("There is nobody to connect: give --subscribers or --emitters.");
  }
  if (subscribers === 0 && emitOnly) throw wrong("With --emit-only somebody must listen.");
}

function checkRate({ rate, payloadBytes }: Options): void {
  if (payloadBytes < PAYLOAD_BYTES_MIN || payloadBytes > PAYLOAD_BYTES_MAX) {
    throw wrong(
      `--payload is ${PAYLOAD_BYTES_MIN} to ${PAYLOAD_BYTES_MAX} bytes: a token holds its index and time, and no more than the wire takes.`,
    );
  }
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

/** All connections go to one address and port, so each needs a local port of its own. */
function checkPorts(connections: number, { ports }: Machine): void {
  if (ports === null || connections <= ports) return;
  throw tooMuch(
    `${connections} connections are more than the ${ports} local ports of this machine: run from several machines, or widen the range (sysctl net.ipv4.ip_local_port_range="1024 65535").`,
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

/**
 * Very many members: spread over load clients and loopback addresses, since a process holds only so
 * many descriptors.
 */
import type { Run } from "./load-client.ts";
import type { Group, LoadSpec, Member } from "./load-spec.ts";
import type { Stage } from "./stage.ts";

/**
 * Connections of one load client: below the 20,000 descriptors that a process may have on many
 * systems.
 */
const PER_CLIENT = 15_000;
/** Connections from one loopback address: below the 28,000 ports that it has. */
const PER_SOURCE = 15_000;
/**
 * Connects that wait for their upgrade at once, over all clients: below what a listening socket
 * queues.
 */
const CONNECTING_MAX = 256;
/** Milliseconds that all of them may take to enter. */
const CONNECT_MS = 120_000;

export type Crowd = {
  readonly runs: readonly Run[];
  /** Members per second, from the first connect until the last of them had entered. */
  readonly perSecond: number;
  /** Lets them go. */
  readonly leave: () => Promise<void>;
};

/** Where the member of this number comes from. Only Linux has all of 127.0.0.0/8. */
export function sourceOf(number: number): string | undefined {
  if (process.platform !== "linux") return undefined;
  return `127.0.0.${2 + Math.floor(number / PER_SOURCE)}`;
}

/**
 * Lets this group in, so many at once, and keeps it there. Its `leave` rejects when one of them
 * didn't enter.
 */
export async function gather(
  stage: Stage,
  group: Group,
  enteringMax = CONNECTING_MAX,
): Promise<Crowd> {
  const parts = partsOf(group.members);
  const began = performance.now();
  const runs = parts.map((members) =>
    stage.client.start(specOf({ ...group, members }, parts.length, enteringMax)),
  );
  await Promise.all(runs.map((run) => run.ready));
  const seconds = (performance.now() - began) / 1_000;
  const leave = async () => {
    for (const run of runs) run.stop();
    const results = await Promise.all(runs.map((run) => run.result));
    for (const run of runs) run.close();
    const failed = results
      .flatMap(({ groups }) => groups)
      .reduce((sum, one) => sum + one.failed, 0);
    if (failed > 0) throw new Error(`${failed} of ${group.members.length} did not enter`);
  };
  return { runs, perSecond: group.members.length / seconds, leave };
}

function partsOf(members: readonly Member[]): readonly (readonly Member[])[] {
  return Array.from({ length: Math.ceil(members.length / PER_CLIENT) }, (_, index) =>
    members.slice(index * PER_CLIENT, (index + 1) * PER_CLIENT),
  );
}

function specOf(group: Group, clients: number, enteringMax: number): LoadSpec {
  return {
    warmupMs: 0,
    measureMs: null,
    drainMs: 2_000,
    connectMs: CONNECT_MS,
    connectingMax: Math.ceil(CONNECTING_MAX / clients),
    enteringMax: Math.ceil(enteringMax / clients),
    watched: {},
    groups: [group],
  };
}

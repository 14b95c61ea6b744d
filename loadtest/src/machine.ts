/** What this machine can hold, as far as it says. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { availableParallelism, cpus } from "node:os";

export type Machine = {
  readonly platform: NodeJS.Platform;
  readonly cores: number;
  readonly cpu: string;
  readonly node: string;
  /** Open files and sockets of one process; null when there is no limit, or none to be read. */
  readonly descriptors: number | null;
  /** Local ports towards one address; null when it can't be read. */
  readonly ports: number | null;
};

export function readMachine(): Machine {
  return {
    platform: process.platform,
    cores: availableParallelism(),
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    node: process.version,
    descriptors: readDescriptors(),
    ports: portsOf(readText("/proc/sys/net/ipv4/ip_local_port_range")),
  };
}

/** What can't be measured here, in sentences. */
export function blindSpotsOf({ platform, descriptors, ports }: Machine): readonly string[] {
  return [
    ...(descriptors === null
      ? ["The limit of descriptors can't be read here, so no count was refused for it."]
      : []),
    ...(ports === null
      ? [`The range of local ports can't be read on ${platform}, so no count was refused for it.`]
      : []),
  ];
}

/** `Max open files` of /proc/self/limits: the soft limit, which Node has raised to the hard one. */
export function descriptorsOf(limits: string): number | null {
  const found = /^Max open files\s+(\d+)/m.exec(limits)?.[1];
  return found === undefined ? null : Number(found);
}

/** The size of the range of /proc/sys/net/ipv4/ip_local_port_range. */
export function portsOf(range: string | null): number | null {
  const [, first, last] = /^(\d+)\s+(\d+)/.exec(range ?? "") ?? [];
  return first === undefined || last === undefined ? null : Number(last) - Number(first) + 1;
}

function readDescriptors(): number | null {
  const limits = readText("/proc/self/limits");
  if (limits !== null) return descriptorsOf(limits);
  // Without /proc a shell knows: a child has the limits of its parent.
  const { stdout } = spawnSync("sh", ["-c", "ulimit -n"], { encoding: "utf8" });
  const count = Number(stdout);
  return Number.isInteger(count) && count > 0 ? count : null;
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}

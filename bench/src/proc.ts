/** What Linux says of a process; null elsewhere. */
import { readFileSync } from "node:fs";

/**
 * Bytes that a process holds in user space and that are its own: not its code, not the kernel's
 * buffers.
 */
export function ownMemoryBytes(pid: number): number | null {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    return Number(/^RssAnon:\s+(\d+) kB/m.exec(status)?.[1]) * 1_024;
  } catch {
    return null;
  }
}

/** Ticks of the kernel's accounting per second, on every Linux that Node runs on. */
const TICKS_PER_S = 100;

/** Seconds of processor time that a process has used, all its threads. */
export function cpuSeconds(pid: number): number | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_S;
  } catch {
    return null;
  }
}

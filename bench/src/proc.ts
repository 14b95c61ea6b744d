/** What Linux tells of a process; null elsewhere. */
import { readFileSync } from "node:fs";

/** Bytes that a process holds in user space and that are its own: not its code, not the kernel's buffers. */
export function ownMemoryBytes(pid: number): number | null {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    return Number(/^RssAnon:\s+(\d+) kB/m.exec(status)?.[1]) * 1_024;
  } catch {
    return null;
  }
}

/** Descriptors that one process may hold. */
export function descriptorsMax(): number {
  try {
    return Number(
      /^Max open files\s+\d+\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1],
    );
  } catch {
    return 1_024;
  }
}

/**
 * Which process a pid means: a pid comes back for another process, a pid with its start time
 * doesn't.
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/**
 * Where the start time stands in /proc/<pid>/stat, counted behind the process's name in
 * parentheses.
 */
const START_TIME_FIELD = 19;

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // It is there, and somebody else's.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

/**
 * When this process began, in a spelling that is only good for comparing; null where the system
 * doesn't say.
 */
export function startedAt(pid: number): string | null {
  return fromProc(pid) ?? fromPs(pid);
}

/** On Linux: this boot, and the clock ticks from it to the process's start. */
function fromProc(pid: number): string | null {
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return `${boot}/${fields[START_TIME_FIELD]}`;
  } catch {
    return null;
  }
}

function fromPs(pid: number): string | null {
  try {
    const answer = execFileSync("ps", ["-o", "lstart=", "-p", String(pid)], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
    return answer.trim() || null;
  } catch {
    return null;
  }
}

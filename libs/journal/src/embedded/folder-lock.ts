/** One process at a time in a folder of journals: a file names who has it. */
import { linkSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

type Taken = { readonly ok: true; readonly release: () => void };
type Held = { readonly ok: false; readonly heldBy: number };

const HOLDER = /^(\d{1,10}) (\d{0,20})\n$/;

/** Tries that a lock of the dead may take: each removes one. */
const ATTEMPTS = 5;

/** The lock, or the pid of the live process that has it. The folder is there. */
export function lockFolder(folder: string): Taken | Held {
  const path = join(folder, "lock");
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, `${process.pid} ${startOf(process.pid) ?? ""}\n`, { mode: 0o600 });
  try {
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      // A link is made or refused in one step, and the file is never seen half written.
      if (isLinked(draft, path)) return { ok: true, release: () => rmSync(path, { force: true }) };
      const holder = readHolder(path);
      if (holder !== null && isSame(holder)) return { ok: false, heldBy: holder.pid };
      rmSync(path, { force: true });
    }
    return { ok: false, heldBy: readHolder(path)?.pid ?? 0 };
  } finally {
    rmSync(draft, { force: true });
  }
}

type Holder = { readonly pid: number; readonly start: string };

function readHolder(path: string): Holder | null {
  try {
    const [, pid = "", start = ""] = HOLDER.exec(readFileSync(path, "latin1")) ?? [];
    return pid === "" ? null : { pid: Number(pid), start };
  } catch {
    return null;
  }
}

/** True when the process of that pid is the one that wrote the lock. */
function isSame({ pid, start }: Holder): boolean {
  if (pid === process.pid) return true;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EPERM")) return false;
  }
  const now = startOf(pid);
  return now === null || start === "" || now === start;
}

/** When a process started, in the kernel's ticks; null where the system doesn't say. */
function startOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? null;
  } catch {
    return null;
  }
}

function isLinked(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw error;
  }
}

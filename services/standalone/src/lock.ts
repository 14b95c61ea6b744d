/**
 * One process at a time on one state folder. The lock is a file that names its holder by pid and
 * start time; a lock whose holder is dead is taken over.
 */
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { z } from "zod";
import { isAlive, startedAt } from "./process-identity.ts";

const holder = z.object({
  pid: z.number().int().positive(),
  /** See `startedAt`. */
  started: z.string().nullable(),
  /** Where it can be reached, as soon as it listens. */
  url: z.string().nullable(),
  /** The name of the file in its folder that has its demo account, likewise. */
  demo_file: z.string().nullable().default(null),
});

export type Holder = z.infer<typeof holder>;

export type Lock = {
  /**
   * Writes into the lock where this process can be reached and which demo is its own, for the
   * commands that look for it.
   */
  readonly announce: (found: { readonly url: string; readonly demo_file: string }) => void;
  readonly release: () => void;
};

/** The lock, or the pid of the live process that has it. */
export function takeLock(
  path: string,
): { readonly ok: true; readonly value: Lock } | { readonly ok: false; readonly heldBy: number } {
  const mine: Holder = {
    pid: process.pid,
    started: startedAt(process.pid),
    url: null,
    demo_file: null,
  };
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, JSON.stringify(mine), { mode: 0o600 });
  try {
    // A link is made or refused in one step, and the file behind it is never seen half written.
    while (!linked(draft, path)) {
      const found = readOrNull(path);
      const other = readHolder(found);
      if (other !== null && isSame(other)) return { ok: false, heldBy: other.pid };
      setAside(path, found);
    }
  } finally {
    rmSync(draft, { force: true });
  }
  return { ok: true, value: lockOf(path, mine) };
}

function lockOf(path: string, mine: Holder): Lock {
  const draft = `${path}.${process.pid}`;
  return {
    announce: (found) => {
      writeFileSync(draft, JSON.stringify({ ...mine, ...found }), { mode: 0o600 });
      renameSync(draft, path);
    },
    release: () => {
      if (readHolder(readOrNull(path))?.pid === process.pid) rmSync(path, { force: true });
    },
  };
}

/** True when the process that wrote this lives: not only its pid, but the same start time. */
function isSame({ pid, started }: Holder): boolean {
  if (!isAlive(pid)) return false;
  const now = startedAt(pid);
  return started === null || now === null || started === now;
}

/**
 * Moves a dead holder's lock out of the way. Of two processes that judged the same lock dead, the
 * second may have moved away the fresh lock of the first: it sees that by the content and puts it
 * back.
 */
function setAside(path: string, judged: string | null): void {
  const aside = `${path}.${process.pid}.dead`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if (isCode(error, "ENOENT")) return; // Its holder, or another one who waits, was faster.
    throw error;
  }
  if (readOrNull(aside) !== judged) linked(aside, path);
  rmSync(aside, { force: true });
}

function linked(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (isCode(error, "EEXIST")) return false;
    throw error;
  }
}

function readHolder(text: string | null): Holder | null {
  try {
    return holder.parse(JSON.parse(text ?? ""));
  } catch {
    return null; // Nobody writes that here: whatever it is, it holds nothing.
  }
}

function readOrNull(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}

/** On what, of what and when was measured. */
import { execFileSync } from "node:child_process";
import { cpus, release, totalmem } from "node:os";

export type Machine = {
  readonly processors: string;
  readonly system: string;
  readonly memoryGiB: number;
  readonly node: string;
  readonly commit: string;
  readonly date: string;
};

export function describeMachine(): Machine {
  const [first] = cpus();
  return {
    processors: `${cpus().length} × ${first?.model.trim() ?? "unknown"}`,
    system: `${process.platform} ${release()} ${process.arch}`,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    commit: commit(),
    date: new Date().toISOString(),
  };
}

/** The commit that is checked out, with a `+` when something differs from it. */
function commit(): string {
  const git = (...args: readonly string[]) =>
    execFileSync("git", args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  try {
    const changed = git("status", "--porcelain", "--untracked-files=no", "--", "services", "libs");
    return `${git("rev-parse", "--short", "HEAD")}${changed === "" ? "" : "+"}`;
  } catch {
    return "unknown";
  }
}

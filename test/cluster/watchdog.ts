/**
 * Lets no child process outlive this one, however this one ends. A shell reads pids from a pipe; when the pipe ends
 * before it was told that all is tidied up, this process has died, and the shell kills them.
 */
import { type ChildProcess, spawn } from "node:child_process";

const SCRIPT = `trap '' INT TERM HUP
while read -r word pid; do
  case $word in
    add) pids="$pids $pid" ;;
    remove) rest=; for p in $pids; do [ "$p" = "$pid" ] || rest="$rest $p"; done; pids=$rest ;;
  esac
done
for p in $pids; do kill -9 "$p" 2>/dev/null; done`;

let shell: ChildProcess | null = null;

/** Kills this process when the present one ends, unless it has ended before. */
export function watch(child: ChildProcess): void {
  const { pid } = child;
  if (pid === undefined) return;
  tell(`add ${pid}`);
  child.once("exit", () => tell(`remove ${pid}`));
}

function tell(line: string): void {
  shell ??= start();
  shell.stdin?.write(`${line}\n`);
}

function start(): ChildProcess {
  const started = spawn("/bin/sh", ["-c", SCRIPT], {
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
  });
  // Neither the shell nor its pipe keeps this process alive, and its death is no error of ours.
  started.unref();
  started.stdin?.on("error", () => undefined);
  if (started.stdin !== null && "unref" in started.stdin) unref(started.stdin);
  started.once("error", () => undefined);
  return started;
}

function unref(handle: object): void {
  if ("unref" in handle && typeof handle.unref === "function") handle.unref();
}

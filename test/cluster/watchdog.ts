/**
 * Lets no child process and no temporary folder outlive this process, however it ends. A shell
 * reads pids and paths from a pipe; when the pipe ends, this process has ended, and the shell kills
 * and removes what is left.
 */
import { type ChildProcess, spawn } from "node:child_process";

const SCRIPT = `trap '' INT TERM HUP
while read -r word what; do
  case $word in
    add) pids="$pids $what" ;;
    remove) rest=; for p in $pids; do [ "$p" = "$what" ] || rest="$rest $p"; done; pids=$rest ;;
    folder) set -- "$@" "$what" ;;
  esac
done
for p in $pids; do kill -9 "$p" 2>/dev/null; done
for f in "$@"; do rm -rf "$f" || { sleep 1; rm -rf "$f"; }; done`;

let shell: ChildProcess | null = null;

/** Kills this process when the present one ends, unless it has ended before. */
export function watch(child: ChildProcess): void {
  const { pid } = child;
  if (pid === undefined) return;
  report(`add ${pid}`);
  child.once("exit", () => report(`remove ${pid}`));
}

/** Removes this folder and all in it when the present process ends, if it is still there. */
export function watchFolder(path: string): void {
  report(`folder ${path}`);
}

function report(line: string): void {
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

/** The load client: built from C with the system's compiler, on Linux's epoll. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdirSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { createInterface, type Interface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { LoadResult } from "./load-result.ts";
import { formatSpec, type LoadSpec } from "./load-spec.ts";

const PACKAGE = fileURLToPath(new URL("..", import.meta.url));
const SOURCES = join(PACKAGE, "client");
const BUILT = join(PACKAGE, "dist", "client");
const COMPILER_FLAGS = ["-O2", "-std=gnu11", "-Wall", "-Wextra"];

/** Milliseconds past the times in its specification after which a client is taken to hang. */
const HANG_MS = 60_000;

export type LoadClient = {
  /** Runs to the end. */
  readonly run: (spec: LoadSpec) => Promise<LoadResult>;
  readonly start: (spec: LoadSpec) => Run;
};

/** A client at work. The promises reject when it ends before. */
export type Run = {
  /** Seconds until all had entered, or the time for it was up. */
  readonly ready: Promise<number>;
  /** Seconds for which somebody was away, once all are back. */
  readonly back: Promise<number>;
  /** Of a client that holds: ends the measure. */
  readonly stop: () => void;
  /** Comes while the connections are still open; then `close` is due. */
  readonly result: Promise<LoadResult>;
  readonly close: () => void;
};

/** Throws with a sentence where it can't be had. */
export function openLoadClient(): LoadClient {
  const missing = process.platform === "linux" ? build() : "it needs Linux's epoll";
  if (missing !== null) throw new NoLoadClient(`There is no load client: ${missing}.`);
  return {
    start: startClient,
    run: async (spec) => {
      const run = startClient(spec);
      return run.result.finally(() => run.close());
    },
  };
}

/** This machine can't load anything as the bench does; `ams load` runs everywhere. */
export class NoLoadClient extends Error {
  override readonly name = "NoLoadClient";
}

/** Compiles what has changed; null, or why it can't. */
function build(): string | null {
  const sources = readdirSync(SOURCES).map((name) => join(SOURCES, name));
  const isCurrent = sources.every((path) => mtimeMs(path) < mtimeMs(join(BUILT, "load")));
  if (isCurrent) return null;
  mkdirSync(BUILT, { recursive: true });
  const files = sources.filter((path) => path.endsWith(".c"));
  try {
    execFileSync("cc", [...COMPILER_FLAGS, "-o", join(BUILT, "load"), ...files]);
    return null;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "ENOENT"
      ? "there is no C compiler"
      : "its compilation failed";
  }
}

function mtimeMs(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function startClient(spec: LoadSpec): Run {
  // It ends by itself when its stdin does: no client outlives the bench.
  const child = spawn(join(BUILT, "load"), [], {
    stdio: ["pipe", "pipe", "inherit"],
    detached: true,
  });
  child.stdin.on("error", () => undefined); // Its exit shows it.
  child.stdin.write(formatSpec(spec));
  const planned = spec.connectMs + spec.warmupMs + (spec.measureMs ?? 0) + spec.drainMs;
  const hanging = setTimeout(() => child.kill("SIGKILL"), planned + HANG_MS);
  child.once("close", () => clearTimeout(hanging));
  const lines = createInterface({ input: child.stdout });
  const result: Promise<LoadResult> = answered(child, lines, "result", JSON.parse);
  return {
    ready: answered(child, lines, "ready", Number),
    back: answered(child, lines, "back", Number),
    stop: () => child.stdin.write("stop\n"),
    result,
    close: () => child.stdin.end(),
  };
}

/** What follows this word on the first line that begins with it. */
function answered<Value>(
  child: ChildProcess,
  lines: Interface,
  word: string,
  parse: (text: string) => Value,
): Promise<Value> {
  const answer = new Promise<Value>((resolve, reject) => {
    lines.on("line", (line) => {
      if (line.startsWith(`${word} `)) resolve(parse(line.slice(word.length + 1)));
    });
    child.once("error", reject);
    child.once("close", (code, signal) => {
      reject(new Error(`The load client ended (${signal ?? code}) before it answered "${word}".`));
    });
  });
  answer.catch(() => undefined); // Not everybody waits for every word.
  return answer;
}

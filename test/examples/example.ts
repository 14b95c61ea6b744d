/**
 * An example as its reader runs it: a process of its own in the repository's folder, with what it
 * prints and how it ends.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";
import { onTestFinished } from "vitest";
import { repositoryRoot } from "../repository-root.ts";

const ROOT = repositoryRoot();
/** What `npx tsx` loads, without the second process that it starts. */
const TSX = pathToFileURL(join(ROOT, "node_modules", "tsx", "dist", "esm", "index.mjs")).href;

export type Ended = {
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
};

export type Example = {
  /**
   * The first line of stdout, from the last call's on, that matches; rejects when the program ends
   * without it.
   */
  readonly line: (pattern: RegExp) => Promise<string>;
  /** Types a line. */
  readonly type: (line: string) => void;
  /** Ends its stdin, as Ctrl-D does. */
  readonly endInput: () => void;
  readonly signal: (signal: NodeJS.Signals) => void;
  readonly ended: Promise<Ended>;
};

type Environment = Readonly<Record<string, string>>;

/** Starts `examples/<name>/<name>.ts` as its README says. */
export function runExample(name: string, args: readonly string[], env: Environment): Example {
  return runTypeScript(`examples/${name}/${name}.ts`, args, env);
}

/** Starts a program by its path in the repository. */
export function runTypeScript(path: string, args: readonly string[], env: Environment): Example {
  return runProgram(process.execPath, ["--import", TSX, path, ...args], env);
}

/**
 * Starts any program in the repository's folder, without the AMS of this environment. The test's
 * end ends it.
 */
export function runProgram(file: string, args: readonly string[], env: Environment): Example {
  const { PATH = "", HOME = "" } = process.env;
  const child = spawn(file, args, { cwd: ROOT, env: { PATH, HOME, ...env }, stdio: "pipe" });
  onTestFinished(() => void child.kill("SIGKILL"));
  const [stdout, stderr] = [collect(child.stdout), collect(child.stderr)];
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    line: async (pattern) => {
      for (;;) {
        const { done, value } = await lines.next();
        if (done) throw new Error(`It never printed ${pattern}, but:\n${stdout()}${stderr()}`);
        if (pattern.test(value)) return value;
      }
    },
    type: (line) => void child.stdin.write(`${line}\n`),
    endInput: () => void child.stdin.end(),
    signal: (signal) => void child.kill(signal),
    ended: end(child).then((code) => ({ code, stdout: stdout(), stderr: stderr() })),
  };
}

async function end(child: ChildProcess): Promise<number | null> {
  const [code] = await once(child, "close");
  return typeof code === "number" ? code : null;
}

function collect(stream: NodeJS.ReadableStream): () => string {
  let text = "";
  stream.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
  });
  return () => text;
}

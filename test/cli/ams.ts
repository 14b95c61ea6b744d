/**
 * The command line as its users have it: the real binary in a process of its own, with a home of
 * its own.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { repositoryRoot } from "../repository-root.ts";

export const BINARY = join(repositoryRoot(), "cli", "bin", "ams.mjs");

/** Milliseconds for what a test waits for: a busy machine takes seconds to start a process. */
const PATIENCE_MS = 30_000;

export type Ended = {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
};

export type Wishes = {
  readonly stdin?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
  /** Run it on a terminal of this process's making. */
  readonly terminal?: boolean;
  readonly binary?: string;
};

/** Somebody's home on a machine: what `ams` keeps there stays until `remove`. */
export class Home {
  readonly folder = mkdtempSync(join(tmpdir(), "ams-cli-"));
  readonly config = join(this.folder, "ams");
  readonly #env: Readonly<Record<string, string>>;

  constructor(env: Readonly<Record<string, string>> = {}) {
    this.#env = env;
  }

  /** Starts a command; stdin stays open unless it is given. */
  start(words: readonly string[], { stdin, env = {}, terminal, binary }: Wishes = {}): Running {
    const { AMS_CREDENTIAL: _1, AMS_LINK: _2, AMS_PROFILE: _3, AMS_URL: _4, ...rest } = process.env;
    const command = [process.execPath, binary ?? BINARY, ...words];
    const [file = "", ...others] = terminal === true ? onTerminal(command) : command;
    const child = spawn(file, others, {
      cwd: this.folder,
      env: { ...rest, XDG_CONFIG_HOME: this.folder, NO_COLOR: "1", ...this.#env, ...env },
    });
    child.stdin.on("error", () => {}); // It may end before it has read everything.
    if (stdin !== undefined) child.stdin.end(stdin);
    return new Running(child);
  }

  /** Runs a command to its end; its stdin is empty unless given. */
  async run(words: readonly string[], wishes: Wishes = {}): Promise<Ended> {
    return await this.start(words, { stdin: "", ...wishes }).ended;
  }

  /** Runs a command that has to end well, and gives its JSON values. */
  async json(words: readonly string[], wishes: Wishes = {}): Promise<readonly Fields[]> {
    const { code, stdout, stderr } = await this.run([...words, "--json"], wishes);
    if (code !== 0) throw new Error(`ams ${words[0]} ended with ${code}: ${stderr}`);
    return jsonLines(stdout);
  }

  /** The same for a command that answers one value. */
  async one(words: readonly string[], wishes: Wishes = {}): Promise<Fields> {
    const [value, ...more] = await this.json(words, wishes);
    if (value === undefined || more.length > 0)
      throw new Error(`ams ${words[0]} answered not one value`);
    return value;
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export type Fields = Readonly<Record<string, unknown>>;

export class Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  stdout = "";
  stderr = "";
  #wake: (() => void)[] = [];

  constructor(child: ChildProcess) {
    this.child = child;
    const hear = (name: "stdout" | "stderr") => (text: string) => {
      this[name] += text;
      for (const wake of this.#wake.splice(0)) wake();
    };
    child.stdout?.setEncoding("utf8").on("data", hear("stdout"));
    child.stderr?.setEncoding("utf8").on("data", hear("stderr"));
    this.ended = once(child, "close").then(([code]) => {
      for (const wake of this.#wake.splice(0)) wake();
      return { code, stdout: this.stdout, stderr: this.stderr };
    });
  }

  type(text: string | Uint8Array): void {
    this.child.stdin?.write(text);
  }

  end(): void {
    this.child.stdin?.end();
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** Resolves when stdout and stderr together show it. */
  async shows(expected: string | RegExp): Promise<void> {
    const deadline = AbortSignal.timeout(PATIENCE_MS);
    const isShown = () => {
      const all = `${this.stdout}\n${this.stderr}`;
      return typeof expected === "string" ? all.includes(expected) : expected.test(all);
    };
    while (!isShown()) {
      const changed = new Promise<void>((resolve) => this.#wake.push(resolve));
      const late = once(deadline, "abort").then(() => "late" as const);
      const { exitCode } = this.child;
      if (
        deadline.aborted ||
        exitCode !== null ||
        (await Promise.race([changed, late])) === "late"
      ) {
        if (isShown()) return;
        throw new Error(
          `${expected} was not shown (exit ${exitCode}):\n${this.stdout}\n${this.stderr}`,
        );
      }
    }
  }
}

export function jsonLines(text: string): readonly Fields[] {
  const lines = text.split("\n").filter((line) => line !== "");
  return lines.map((line) => JSON.parse(line));
}

/** The same command on a terminal of 80 columns, whose other side are stdin and stdout. */
function onTerminal(command: readonly string[]): readonly string[] {
  if (process.platform === "darwin") return ["script", "-q", "/dev/null", ...command];
  const line = command.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
  return ["script", "-qefc", `stty cols 80 rows 24; exec ${line}`, "/dev/null"];
}

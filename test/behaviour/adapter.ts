/** An SDK as a child process that speaks JSON lines: a request has an id, and so has its answer. */
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Fields } from "./broker.ts";

export type Answer = { readonly ok: unknown } | { readonly error: string };

/** Milliseconds for one call of a case. */
const CALL_MS_MAX = 20_000;

export class Adapter {
  readonly #process: ChildProcess;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #id = 0;

  constructor(file: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env) {
    this.#process = spawn(file, args, { stdio: ["pipe", "pipe", "inherit"], env });
    if (this.#process.stdout === null) throw new Error("The adapter has no stdout.");
    createInterface({ input: this.#process.stdout }).on("line", (line) => {
      const { id, ...answer } = JSON.parse(line) as { readonly id: number } & Answer;
      this.#waiting.get(id)?.(answer);
      this.#waiting.delete(id);
    });
  }

  call(request: Fields): Promise<Answer> {
    this.#id += 1;
    const id = this.#id;
    return new Promise((resolve, reject) => {
      const late = () => reject(new Error(`No answer: ${JSON.stringify(request)}`));
      const timer = setTimeout(late, CALL_MS_MAX);
      this.#waiting.set(id, (answer) => {
        clearTimeout(timer);
        resolve(answer);
      });
      this.#process.stdin?.write(`${JSON.stringify({ id, ...request })}\n`);
    });
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.#process.once("exit", resolve));
    this.#process.stdin?.end();
    const timer = setTimeout(() => this.#process.kill("SIGKILL"), 5_000);
    await ended;
    clearTimeout(timer);
  }
}

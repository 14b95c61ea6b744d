/** Handlers of steps and of compensations, each task once, aborted when it has to stop. */
import type { Agent } from "./agent.ts";
import { WorkflowError } from "./errors.ts";
import type { Json } from "./http.ts";

export type HandlerTask = {
  readonly run: string;
  readonly step: string;
  readonly attempt: number;
  readonly branch: string | null;
};

export type HandlerTools = {
  /** Aborted by a halt, a lost lease, or a fork. */
  readonly signal: AbortSignal;
  /** The same for the same attempt: for the agent's own idempotency. */
  readonly key: string;
};

/** What it returns is the body of `done`; what it throws makes the attempt fail. */
export type Handler = (task: HandlerTask, tools: HandlerTools) => Promise<unknown>;

type Running = { readonly run: string; readonly controller: AbortController };

/** Keys of tasks that were taken, so that a frame that comes twice is one task. */
const TAKEN_MAX = 10_000;

export class Handlers {
  readonly #agent: Agent;
  readonly #steps = new Map<string, Handler>();
  readonly #compensations = new Map<string, Handler>();
  readonly #running = new Map<string, Running>();
  readonly #taken = new Set<string>();

  constructor(agent: Agent) {
    this.#agent = agent;
  }

  get isBusy(): boolean {
    return this.#running.size > 0;
  }

  on(step: string, handler: Handler): void {
    this.#steps.set(step, handler);
  }

  compensate(name: string, handler: Handler): void {
    this.#compensations.set(name, handler);
  }

  abort(reason: WorkflowError, run: string | null = null): void {
    for (const running of this.#running.values())
      if (run === null || running.run === run) running.controller.abort(reason);
  }

  task(frame: Json): void {
    const { run, step, attempt, key } = frame;
    const handler = this.#steps.get(String(step));
    if (handler === undefined) return;
    const branch = typeof frame.branch === "string" ? frame.branch : null;
    const task = { run: String(run), step: String(step), attempt: Number(attempt), branch };
    void this.#run(String(key), task, async (tools) => {
      await this.#agent.perform(task, "start", {});
      try {
        const result = await handler(task, tools);
        if (!tools.signal.aborted) await this.#agent.perform(task, "done", result ?? {});
      } catch (error) {
        if (tools.signal.aborted) return;
        await this.#agent.perform(task, "fail", { reason: String(error).slice(0, 1_000) });
      }
    });
  }

  compensation(frame: Json): void {
    const { run, step, attempt, handler: name, key } = frame;
    const handler = this.#compensations.get(String(name));
    if (handler === undefined) return;
    const task = { run: String(run), step: String(step), attempt: Number(attempt), branch: null };
    void this.#run(String(key), task, async (tools) => {
      const ok = await handler(task, tools).then(
        () => true,
        () => false,
      );
      if (!tools.signal.aborted) await this.#agent.compensated(task.run, task.step, ok);
    });
  }

  async #run(key: string, { run }: HandlerTask, work: (tools: HandlerTools) => Promise<void>) {
    if (this.#taken.has(key)) return;
    if (this.#taken.size >= TAKEN_MAX) this.#taken.clear();
    this.#taken.add(key);
    const controller = new AbortController();
    this.#running.set(key, { run, controller });
    try {
      await work({ signal: controller.signal, key });
    } catch (error) {
      // Another agent may have taken the task, or it was stopped: neither is this one's to do.
      if (!(error instanceof WorkflowError)) throw error;
    } finally {
      this.#running.delete(key);
    }
  }
}

/** The workflow service of one process: a space's fold is a conversation with its runs. */
import { type Space, SpaceProcess, type SpaceProcessOptions } from "@ams/edge";
import type { Journals } from "@ams/journal";
import type { WorkflowConfig } from "./config.ts";
import { createMetrics, type Metrics } from "./metrics.ts";
import { duesOf, rewind, tick } from "./space/commands.ts";
import { LiveSpace } from "./space/live-space.ts";
import { Wire } from "./wire/wire.ts";

export type WorkflowsOptions = SpaceProcessOptions<WorkflowConfig>;

/** Conversations in memory. */
const LOADED_MAX = 5_000;

export class Workflows extends SpaceProcess<WorkflowConfig, LiveSpace, Wire> {
  readonly metrics: Metrics;

  constructor(options: WorkflowsOptions) {
    super("workflow", LOADED_MAX, options);
    this.metrics = createMetrics(options.registry, () => this.#openRuns());
  }

  protected override openLive(space: Space, journals: Journals): LiveSpace {
    return new LiveSpace(space, journals, this.now);
  }

  protected override openWire(live: LiveSpace): Wire {
    return new Wire(this, live);
  }

  protected override loaded(live: LiveSpace): () => void {
    for (const run of live.conversation.runs.keys()) this.#lookAtRun(live, run);
    return live.listen(({ change }) => {
      this.metrics.commits.inc({ type: change.node.type });
      queueMicrotask(() => this.#lookAtRun(live, change.node.run));
    });
  }

  protected override lookAtTime(live: LiveSpace, now: number): void {
    live.bodies
      .eraseOld(live.conversation.nodes)
      .catch((error: unknown) => this.logWait("erase_failed", error));
    for (const id of live.conversation.open) {
      const run = live.conversation.runs.get(id);
      if (run === undefined) continue;
      for (const due of duesOf(run))
        if (due.at <= now)
          tick(live, due, this.now).catch((error: unknown) => this.logWait("tick_failed", error));
    }
  }

  #lookAtRun(live: LiveSpace, id: string): void {
    const run = live.conversation.runs.get(id);
    if (run?.isRewindDue !== true) return;
    rewind(live, id, this.now)
      .then((outcome) => {
        if (outcome.kind === "committed") this.metrics.rollbacks.inc({ result: "done" });
      })
      .catch((error: unknown) => this.logWait("rewind_failed", error));
  }

  #openRuns(): number {
    let runs = 0;
    for (const { conversation } of this.lives()) runs += conversation.open.size;
    return runs;
  }
}

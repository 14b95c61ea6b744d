/** A run as the service shows it, and the history at which it was so. */
import { type Json, numberAt, textAt } from "./http.ts";

export type RunState = {
  readonly id: string;
  readonly workflow: string;
  readonly version: number;
  readonly def: string;
  readonly epoch: number;
  readonly state: string;
  readonly size: number;
  readonly root: string;
  readonly main: string;
  readonly branches: ReadonlyMap<string, { readonly tip: string; readonly next: number }>;
  readonly steps: ReadonlyMap<string, readonly [string, number]>;
};

export function readRun(run: Json): RunState {
  const epoch = numberAt(run, "epoch");
  const branches = Object.entries(Object(run.branches)).map(([name, branch]) => {
    return [name, { tip: String(Object(branch).tip), next: Number(Object(branch).next) }] as const;
  });
  const steps = Object.entries(Object(Object(run.state_value).steps)).map(([name, step]) => {
    const [status, attempts] = Array.isArray(step) ? step : [];
    return [name, [String(status), Number(attempts)]] as const;
  });
  return {
    id: textAt(run, "run"),
    workflow: textAt(run, "workflow"),
    version: numberAt(run, "version"),
    def: textAt(run, "def"),
    epoch,
    state: textAt(run, "state"),
    size: numberAt(run, "size"),
    root: textAt(run, "root"),
    main: epoch === 0 ? "main" : `main@${epoch}`,
    branches: new Map(branches),
    steps: new Map(steps),
  };
}

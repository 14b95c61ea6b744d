/**
 * Whether the deployment answers, asked every few seconds: what `/readyz` of an edge served alone
 * shows to a load balancer.
 */
import type { Health } from "@ams/client";

/**
 * Milliseconds between two questions: a balancer learns of a lost deployment within a few of them.
 */
const EVERY_MS = 2_000;
/** Milliseconds while it doesn't answer, so that a start or a return isn't waited for. */
const EVERY_AWAY_MS = 200;

export type Readiness = {
  /**
   * Null when the deployment answered last, else `deployment`; `stopping` once stopped.
   */
  readonly notReady: () => string | null;
  readonly stop: () => void;
};

export function watchDeployment(ask: () => Promise<Health>): Readiness {
  let reason: string | null = "deployment";
  let timer: NodeJS.Timeout | null = null;
  let stopped = false;
  const look = async () => {
    reason = await ask().then(
      () => null,
      () => "deployment",
    );
    if (!stopped) timer = setTimeout(() => void look(), reason === null ? EVERY_MS : EVERY_AWAY_MS);
  };
  void look();
  return {
    notReady: () => (stopped ? "stopping" : reason),
    stop: () => {
      stopped = true;
      if (timer !== null) clearTimeout(timer);
    },
  };
}

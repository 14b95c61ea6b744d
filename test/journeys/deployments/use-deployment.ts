/**
 * Runs before each file of the conformance suite: points it at its project's deployment, or skips
 * it where there is none.
 */
import { beforeEach, inject } from "vitest";
import { type Deployment, speakTo } from "../../conformance/driver.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** Null where it can't be started for want of Redis. */
    deployment: Deployment | null;
  }
}

const deployment = inject("deployment");

if (deployment === null) beforeEach(({ skip }) => skip("no redis-server was found"));
else speakTo(deployment);

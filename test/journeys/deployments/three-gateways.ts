/**
 * The deployment of the project "conformance, three gateways": control, three gateways and Redis.
 */
import type { TestProject } from "vitest/node";
import { startForConformance } from "./start-cluster.ts";

export function setup(project: TestProject): Promise<() => Promise<void>> {
  return startForConformance(project, 3);
}

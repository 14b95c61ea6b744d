/**
 * The deployment of the project "conformance, standalone": one process, the embedded directory, no
 * Redis.
 */
import type { TestProject } from "vitest/node";
import { startStandalone } from "../../standalone.ts";
import { PROTOCOL_LIMITS } from "./limits.ts";

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const standalone = await startStandalone(PROTOCOL_LIMITS);
  project.provide("deployment", { control: standalone.url, gateways: [standalone.url] });
  return standalone.stop;
}

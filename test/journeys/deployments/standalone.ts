/** The deployment of the project "conformance, standalone": one process, the embedded directory, no Redis. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { freePort } from "../../cluster/free-port.ts";
import { startProcess } from "../../cluster/server-process.ts";
import { repositoryRoot } from "../../repository-root.ts";
import { PROTOCOL_LIMITS } from "./limits.ts";

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), "ams-standalone-"));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const { AMS_REDIS_URL: _, ...environment } = process.env;
  const own = { HOST: "127.0.0.1", PORT: String(port), AMS_DATA: join(folder, "data") };
  const command = {
    name: "standalone",
    file: process.execPath,
    args: [join(repositoryRoot(), "services", "standalone", "dist", "main.js")],
    env: { ...environment, ...PROTOCOL_LIMITS, ...own },
    logFile: join(folder, "standalone.log"),
  };
  const removeFolder = () => rm(folder, { recursive: true, force: true });
  const standalone = await startProcess(command, () => answers(url)).catch(async (error) => {
    await removeFolder();
    throw error;
  });
  project.provide("deployment", { control: url, gateways: [url] });
  return async () => {
    await standalone.stop();
    await removeFolder();
  };
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/healthz`)).ok;
  } catch {
    return false;
  }
}

// docker-compose.yml as a person runs it: built from the clone, started, and used.
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  DockerComposeEnvironment,
  GenericContainer,
  type StartedDockerComposeEnvironment,
  Wait,
} from "testcontainers";
import { afterAll, beforeAll, expect, test } from "vitest";
import { freePort } from "../cluster/free-port.ts";
import { edgeNames } from "../cluster.ts";
import { repositoryRoot } from "../repository-root.ts";

const ROOT = repositoryRoot();
const PROJECT = `ams-test-${randomBytes(4).toString("hex")}`;
/** The smoke journey: mint, two joins on different gateways, tokens, a takeover, MCP, the page. */
const JOURNEY = join(ROOT, "deploy/k8s/ams/files/helm-test.mjs");
/** Milliseconds that the journey may take in all. */
const JOURNEY_MS = 300_000;
/** Compose 2 is a part of `docker`; compose 1 is the program `docker-compose`. */
const HAS_COMPOSE_2 = spawnSync("docker", ["compose", "version"]).status === 0;
let environment: StartedDockerComposeEnvironment;
let port = 0;

beforeAll(async () => {
  port = await freePort();
  const pepper = () => randomBytes(32).toString("hex");
  environment = await new DockerComposeEnvironment(ROOT, "docker-compose.yml")
    .withProjectName(PROJECT)
    .withBuild()
    .withClientOptions(HAS_COMPOSE_2 ? {} : { executable: { standalone: true } })
    .withEnvironment({
      ...Object.fromEntries(secretNames().map((name) => [name, pepper()])),
      AMS_PUBLISH: `127.0.0.1:${port}`,
      AMS_BUILD_NETWORK: process.env.AMS_BUILD_NETWORK ?? "default",
    })
    .withWaitStrategy(containerName("entry"), Wait.forHttp("/healthz", 8080))
    .withStartupTimeout(JOURNEY_MS)
    .up();
});

afterAll(async () => {
  await environment?.down({ removeVolumes: true });
});

test("docker-compose up --build passes the smoke journey, on two gateways", async () => {
  const journey = await new GenericContainer("ams-gateway")
    .withNetworkMode(`${PROJECT}_front`)
    .withCopyFilesToContainer([{ source: JOURNEY, target: "/tmp/journey.mjs" }])
    .withCommand(["node", "/tmp/journey.mjs"])
    .withEnvironment({
      ENTRY_URL: "http://entry:8080",
      GATEWAYS: "gateway-1:8080,gateway-2:8080",
      ANY_HOST: "true",
      HAS_WEB: "true",
      HAS_MCP: "true",
      SIGNUP: "open",
    })
    .withWaitStrategy(Wait.forLogMessage(/Everything works, on 2 gateways|FAILED/))
    .withStartupTimeout(JOURNEY_MS)
    .start();
  const said: string[] = [];
  for await (const line of await journey.logs()) said.push(String(line));
  await journey.stop();
  expect(said.join("")).toContain("Everything works, on 2 gateways.");
});

test("the entry answers at the address that it publishes", async () => {
  expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200);
});

test("every container of ours is healthy, as its image checks it", async () => {
  for (const name of ["control", "gateway-1", "gateway-2", ...edgeNames()]) {
    const health = await inContainer(name, "node", "/ams/healthcheck.mjs");
    expect(health, name).toBe(0);
  }
});

/** The secrets that the file wants from its environment. */
function secretNames(): readonly string[] {
  const text = readFileSync(join(ROOT, "docker-compose.yml"), "utf8");
  const found = text.matchAll(/\$\{(AMS_\w+_(?:PEPPERS|SECRET|PASSWORD)):/g);
  return [...new Set([...found].map(([, name = ""]) => name))];
}

/** As testcontainers calls it: without the project's name where compose 2 made it. */
function containerName(service: string): string {
  return HAS_COMPOSE_2 ? `${service}-1` : `${PROJECT}_${service}_1`;
}

async function inContainer(service: string, ...words: string[]): Promise<number> {
  const container = environment.getContainer(containerName(service));
  const { exitCode } = await container.exec(words);
  return exitCode;
}

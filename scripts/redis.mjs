// Finds a Redis server for the tests, or gets one: from the PATH, from Debian's archive without leaving a daemon behind, or
// from Docker. What it finds is told to the tests in the environment: AMS_TEST_REDIS and AMS_TEST_REDIS_CLI.
import { execFileSync } from "node:child_process";
import { accessSync, constants, existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { ROOT, run, say } from "./set-up.mjs";

/** By argv0 this is the server: Debian's redis-tools brings it, without the daemon that redis-server would start. */
const REDIS_TOOLS_BINARY = "redis-check-rdb";

const APT = [
  ["apt-get", ["update", "-qq"]],
  ["apt-get", ["install", "-y", "-qq", "--no-install-recommends", "redis-tools"]],
];

/** The image, for machines that have an engine and no package. */
const IMAGE = "redis:7-alpine";

/**
 * The variables to add to the tests' environment, or in a sentence why there is no Redis.
 * @returns {Promise<{env: Record<string, string>, missing: string | null}>}
 */
export async function findRedis() {
  const { AMS_TEST_REDIS: told } = process.env;
  if (told) return { env: {}, missing: null };
  return fromPath() ?? (await fromApt()) ?? (await fromDocker()) ?? nowhere();
}

function fromPath() {
  const server = onPath("redis-server") ?? onPath(REDIS_TOOLS_BINARY);
  if (server === null) return null;
  const cli = onPath("redis-cli");
  return found({ AMS_TEST_REDIS: server, ...(cli !== null && { AMS_TEST_REDIS_CLI: cli }) });
}

async function fromApt() {
  if (process.getuid?.() !== 0 || onPath("apt-get") === null) return null;
  say("The tests need Redis. Getting Debian's redis-tools, which brings the server and no daemon:");
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  for (const [command, args] of APT) {
    say(`  ${command} ${args.join(" ")}`);
    if ((await run([command, args], { env })) !== 0) return null;
  }
  return fromPath();
}

/** A command that behaves like redis-server and runs it in a container: see redis-in-docker.sh. */
async function fromDocker() {
  if (process.platform !== "linux" || !engineAnswers()) return null;
  say(`The tests need Redis. Taking ${IMAGE} from Docker.`);
  const hasImage = () => quietly("docker", ["image", "inspect", IMAGE]);
  if (!hasImage() && (await run(["docker", ["pull", IMAGE]])) !== 0) return null;
  const wrapper = join(ROOT, "scripts", "redis-in-docker.sh");
  return found({ AMS_TEST_REDIS: wrapper });
}

function nowhere() {
  const missing =
    "no redis-server was found on the PATH, and neither root's apt-get nor a Docker engine is there to get one";
  return { env: {}, missing };
}

function found(env) {
  return { env, missing: null };
}

function onPath(name) {
  const places = (process.env.PATH ?? "").split(delimiter).map((folder) => join(folder, name));
  return places.find((place) => existsSync(place) && isExecutable(place)) ?? null;
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function engineAnswers() {
  return onPath("docker") !== null && quietly("docker", ["version"]);
}

function quietly(command, args) {
  try {
    execFileSync(command, args, { stdio: "ignore", timeout: 10_000 });
    return true;
  } catch {
    return false;
  }
}

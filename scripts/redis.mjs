// Finds a Redis server for the tests, or gets one: from the PATH, from Debian's archive without
// leaving a daemon, or from Docker. What it finds is passed to the tests in the environment:
// AMS_TEST_REDIS, and redis-cli on the PATH.
import { execFileSync } from "node:child_process";
import { accessSync, constants, existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { ROOT, run, say } from "./set-up.mjs";

/**
 * By argv0 this is the server: Debian's redis-tools brings it, without the daemon that redis-server
 * would start.
 */
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
  const { AMS_TEST_REDIS: named } = process.env;
  if (named) return { env: {}, missing: null };
  const both = fromPath({ withCli: true });
  return (
    both ?? (await fromApt()) ?? (await fromDocker()) ?? fromPath({ withCli: false }) ?? nowhere()
  );
}

/**
 * A server without its command line tool is most of what the tests need: it is taken when no place
 * has both.
 */
function fromPath({ withCli }) {
  const server = onPath("redis-server") ?? onPath(REDIS_TOOLS_BINARY);
  if (server === null || (withCli && onPath("redis-cli") === null)) return null;
  return found({ AMS_TEST_REDIS: server });
}

async function fromApt() {
  if (process.getuid?.() !== 0 || onPath("apt-get") === null) return null;
  say("The tests need Redis. Getting Debian's redis-tools, which brings the server and no daemon:");
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  for (const [command, args] of APT) {
    say(`  ${command} ${args.join(" ")}`);
    if ((await run([command, args], { env })) !== 0) return null;
  }
  return fromPath({ withCli: true });
}

/** Commands that behave like redis-server and redis-cli and run in containers. */
async function fromDocker() {
  if (process.platform !== "linux" || !engineAnswers()) return null;
  say(`The tests need Redis. Taking ${IMAGE} from Docker.`);
  const hasImage = () => quietly("docker", ["image", "inspect", IMAGE]);
  if (!hasImage() && (await run(["docker", ["pull", IMAGE]])) !== 0) return null;
  const folder = join(ROOT, "scripts", "redis-in-docker");
  const PATH = `${process.env.PATH ?? ""}${delimiter}${folder}`;
  return found({ AMS_TEST_REDIS: join(folder, "redis-server"), PATH });
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

/**
 * Centrifugo, the peer that is seldom a package: its program, built by Go from its module, and the
 * settings of its version.
 */
import { execFile } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** Newest first: a module proxy may not have the newest. */
const RELEASES = [
  { module: "github.com/centrifugal/centrifugo/v6", version: "6.2.0" },
  { module: "github.com/centrifugal/centrifugo/v5", version: "5.4.9" },
] as const;

/** The major version from which on its settings are nested. */
const NESTED = 6;
const BUILT = fileURLToPath(new URL("../dist/peers/centrifugo", import.meta.url));
/** Milliseconds for one command of Go: a first build on two busy cores takes one or two minutes. */
const GO_MS_MAX = 600_000;

/** Runs Go with these words and resolves with what it prints. */
export type Go = (words: readonly string[]) => Promise<string>;

/** The program that was built before, or null. */
export function builtCentrifugo(): string | null {
  return existsSync(BUILT) ? BUILT : null;
}

/**
 * Builds the newest release that can be had, and resolves with its path. Throws a sentence that
 * says why there is none.
 */
export async function buildCentrifugo(go: Go = runGo): Promise<string> {
  let why = "";
  for (const { module, version } of RELEASES) {
    try {
      const folder = folderOf(await go(["mod", "download", "-json", `${module}@v${version}`]));
      mkdirSync(dirname(BUILT), { recursive: true });
      // Without that, a build of one's own says that it is version 0.0.0.
      const stamp = `-s -w -X ${module}/internal/build.Version=${version}`;
      await go(["build", "-C", folder, "-trimpath", "-ldflags", stamp, "-o", BUILT, "."]);
      return BUILT;
    } catch (error) {
      if (isMissing(error)) throw new Error("it isn't installed here, nor is Go to build it");
      why ||= `${version}: ${reasonOf(error)}`;
    }
  }
  throw new Error(`Go can't build it here (${why})`);
}

/**
 * Of `Centrifugo v6.0.0 (…)`. One that was built without its version says 0, and is
 * taken for a new one.
 */
export function majorOf(versionLine: string): number {
  const major = Number(/\bv(\d+)\./.exec(versionLine)?.[1] ?? 0);
  return major === 0 ? NESTED : major;
}

/**
 * The same settings in the two ways in which versions want them. Insecure: anybody may subscribe
 * and publish without a token, which is the cheapest it has.
 */
export function configOf(major: number, port: number, redisUrl: string): object {
  const address = "127.0.0.1";
  if (major < NESTED) {
    return {
      address,
      port,
      client_insecure: true,
      engine: "redis",
      redis_address: redisUrl,
      log_level: "error",
      usage_stats_disable: true,
    };
  }
  return {
    http_server: { address, port },
    client: { insecure: true },
    engine: { type: "redis", redis: { address: redisUrl } },
    log: { level: "error" },
    usage_stats: { disabled: true },
  };
}

async function runGo(words: readonly string[]): Promise<string> {
  // The Go that is here, and no other that it might fetch.
  const env = { ...process.env, GOTOOLCHAIN: "local" };
  const { stdout } = await promisify(execFile)("go", [...words], { env, timeout: GO_MS_MAX });
  return stdout;
}

function folderOf(downloaded: string): string {
  const { Dir } = Object(JSON.parse(downloaded));
  if (typeof Dir !== "string") throw new Error("Go didn't say where it put the module");
  return Dir;
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}

/** What Go says on stdout of a download that failed, or else the last line of its error. */
function reasonOf(error: unknown): string {
  const { stdout, message } = Object(error);
  const reason = /"Error": "([^"\\]+)/.exec(String(stdout))?.[1];
  return reason ?? String(message).trim().split("\n").at(-1) ?? "";
}

/** The process of a standalone AMS: configuration, state folder, start, what it prints, stop. */
import {
  describeError,
  EXIT_UNAVAILABLE,
  exitMisconfigured,
  type Log,
  openLog,
  openMetrics,
  type PepperLists,
  readPepperFile,
  stopOnSignal,
  storeFault,
} from "@ams/process";
import { localUrl } from "./addresses.ts";
import { banner } from "./banner.ts";
import { readStandalone, type StandaloneConfig } from "./config.ts";
import { type Demo, openDemo } from "./demo.ts";
import { type Standalone, startStandalone } from "./standalone.ts";
import {
  FREE_BYTES_MIN,
  freeBytes,
  openStateFolder,
  type StateFolder,
  writePrivate,
} from "./state-folder.ts";
import { openStore, type Store } from "./store.ts";

/** Exit status of sysexits: try again when the other has ended. */
const EXIT_TEMPFAIL = 75;

/** Milliseconds that a stop may take beyond the time in which the sockets are closed. */
const STOP_SLACK_MS = 5_000;

await main().catch((error: unknown) =>
  end(EXIT_UNAVAILABLE, `AMS can't start: ${describeError(error).reason}`),
);

async function main(): Promise<void> {
  const read = readStandalone(process.env);
  const config = read.ok ? read.value : exitMisconfigured("ams", read.faults);
  const folder = takeFolder(config.own.AMS_DATA ?? ".ams");
  process.on("exit", folder.lock.release);
  const peppers = peppersOf(config, folder);
  const log = openLog({
    service: "standalone",
    instance: config.control.instance,
    level: config.own.AMS_LOG_LEVEL,
  });
  const registry = openMetrics(log);
  const store = await openStore(config.own, folder, log).catch((error: unknown) =>
    end(EXIT_UNAVAILABLE, `AMS can't open its store: ${describeError(error).reason}`),
  );
  const confirmed = await store.directory
    .confirmPeppers(peppers)
    .catch((error: unknown) => end(EXIT_UNAVAILABLE, describeError(error).reason));
  if (!confirmed.ok) return exitMisconfigured("ams", [storeFault(confirmed.fault)]);
  const started = await startStandalone({
    config,
    store,
    peppers,
    edgeSecret: folder.edgeSecret,
    log,
    registry,
  }).catch((error: unknown) =>
    end(EXIT_UNAVAILABLE, `AMS can't start: ${describeError(error).reason}`),
  );
  if (started === null) {
    const { PORT, HOST } = config.own;
    return end(
      EXIT_UNAVAILABLE,
      `Port ${PORT} of ${HOST} can't be had, probably because another program listens there: set PORT to another one.`,
    );
  }
  stopOnSignal(log, config.gateway.AMS_DRAIN_MS + STOP_SLACK_MS, async () => {
    await started.stop();
    await store.close();
  });
  await present(config, folder, started, store, log);
}

/** Locks the state folder, or says who has it. */
function takeFolder(path: string): StateFolder {
  const free = freeBytes(path);
  if (free !== null && free < FREE_BYTES_MIN) {
    return end(
      EXIT_UNAVAILABLE,
      `AMS can't start: the disk of ${path} has ${free} bytes free and a start needs ${FREE_BYTES_MIN}: free some, or set AMS_DATA to a folder elsewhere.`,
    );
  }
  try {
    const opened = openStateFolder(path);
    if (opened.ok) return opened.value;
    return end(
      EXIT_TEMPFAIL,
      `Process ${opened.heldBy} already runs AMS on ${path}: stop it, or set AMS_DATA to another folder.`,
    );
  } catch (error) {
    return exitMisconfigured("ams", [`AMS_DATA can't be used: ${describeError(error).reason}`]);
  }
}

/** Those of the environment where it has some, else those that the folder made for itself. */
function peppersOf({ peppers }: StandaloneConfig, { peppersFile }: StateFolder): PepperLists {
  if (peppers !== null) return peppers;
  const read = readPepperFile(peppersFile, peppersFile);
  return read.ok ? read.value : exitMisconfigured("ams", read.faults);
}

/** Makes the demo, and shows this terminal and the commands of this folder where AMS is. */
async function present(
  config: StandaloneConfig,
  folder: StateFolder,
  { port, admin, ask, lines }: Standalone,
  { directory }: Store,
  log: Log,
): Promise<void> {
  const { own, control } = config;
  const local = localUrl(own.HOST ?? "127.0.0.1", port);
  const baseUrl = control.publicUrl ?? local;
  const isRedis = directory.kind === "redis";
  const demoFile = isRedis ? "demo-redis.json" : "demo.json";
  folder.lock.announce({ url: local, demo_file: demoFile });
  const file = folder.file(demoFile);
  const invite = control.signUp.policy === "invite" ? (control.signUp.codes[0] ?? null) : null;
  const demo = await openDemo({ ask, baseUrl, file, invite }).catch((error: unknown) => {
    log.error({ event: "demo_failed", ...describeError(error) }, "the demo could not be made");
    return null;
  });
  process.stdout.write(
    banner({
      baseUrl,
      demo,
      headerFile: demo === null ? "" : writeHeaderFile(folder, demo),
      keptIn: isRedis ? "Redis" : folder.path,
      edgeLines: lines,
      adminUrl: admin === null ? null : localUrl(own.AMS_ADMIN_HOST ?? "127.0.0.1", admin.port),
    }),
  );
}

/**
 * The Authorization header of the demo account in a file, so that a command line to paste needs no
 * credential in it.
 */
function writeHeaderFile(folder: StateFolder, { credential }: Demo): string {
  const path = folder.file("demo-header.txt");
  writePrivate(path, `Authorization: Bearer ${credential}\n`);
  return path;
}

function end(status: number, sentence: string): never {
  process.stderr.write(`${sentence}\n`);
  process.exit(status);
}

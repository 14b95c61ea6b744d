// The path of one token in ARCHITECTURE is the one that the code takes: the calls that a token goes
// through are followed through the imports of the gateway.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { CallTrace, type Step } from "./call-trace.ts";
import { repositoryRoot } from "./repository-root.ts";

const ROOT = repositoryRoot();
const GATEWAY = "services/gateway/src";

/** Asked or counted on the way, and for frames that wait: a token goes on past them. */
const BESIDE = [
  "metrics.ts",
  "time.ts",
  "lifecycle/limits.ts",
  "lifecycle/backpressure.ts",
  "conversation/hold.ts",
  "conversation/waiting.ts",
  "conversation/held-frames.ts",
  "conversation/sessions.ts",
  "conversation/recent.ts",
  // The record that the roster keeps of a stream.
  "conversation/live-stream.ts",
  "conversation/notify.ts",
  "accept/early.ts",
  "bus/bus-marks.ts",
  // The bus of one process alone.
  "bus/bus-memory.ts",
  // Who may join.
  "accept/attach.ts",
  "accept/arrivals.ts",
].map((path) => join(GATEWAY, path));

/** How the text of a frame and of JSON is read and written. */
const TEXT = ["encode.ts", "json.ts", "scan.ts", "seq.ts"].map((path) =>
  join("libs/protocol/src", path),
);

/** Only hands one part to another. */
const COMPOSITION = join(GATEWAY, "conversation/conversation.ts");

/** What is done for other frames, and when a socket ends. */
const OTHER_STEPS =
  /^(?:emitMetadata|#keepMetadata|event|#fault|accept|opened|close|closed|end|expel)$/;

const trace = new CallTrace(ROOT, [...sources(GATEWAY), ...sources("libs/protocol/src")]);
/** Conversations that keep their frames: what is appended, and what was missed. */
const REPLAY = join(GATEWAY, "replay/");
const isBeside = ({ path, name }: Step) =>
  path.startsWith(REPLAY) ||
  [...BESIDE, ...TEXT].includes(path) ||
  OTHER_STEPS.test(name) ||
  isLibrary({ path, name });

const followed = (...starts: readonly [path: string, name: string][]) =>
  trace
    .filesFrom(
      starts.map(([path, name]) => ({ path: join(GATEWAY, path), name })),
      isBeside,
    )
    .filter((path) => path !== COMPOSITION)
    .toSorted();

/** From here on a frame is the server library's. */
function isLibrary({ path, name }: Step): boolean {
  return path === join(GATEWAY, "accept/open-socket.ts") && name === "publish";
}

test("ARCHITECTURE lists the files that a token passes from its socket to the bus", () => {
  expect(followed(["accept/server.ts", "message"])).toEqual(listed("client A", "Redis"));
});

test("ARCHITECTURE lists the files that a token passes from the bus to the sockets", () => {
  // The bus calls a function that it was given with the subscription: the intake's.
  const files = followed(["bus/bus-redis.ts", "#deliver"], ["bus/intake.ts", "receive"]);
  // Its outbox has a `deliver` too, which is the other direction's.
  expect(files.filter((path) => path !== join(GATEWAY, "bus/relay.ts"))).toEqual(
    listed("gateway B", "```"),
  );
});

test("the trace notices a step that ARCHITECTURE does not list", () => {
  const without = trace.filesFrom(
    [{ path: join(GATEWAY, "conversation/emission.ts"), name: "emitMetadata" }],
    () => false,
  );
  expect(without).toContain(join(GATEWAY, "lifecycle/holdings.ts"));
});

/** The files of ARCHITECTURE's path between two lines that begin like this. */
function listed(from: string, to: string): readonly string[] {
  const text = readFileSync(join(ROOT, "ARCHITECTURE.md"), "utf8");
  const [, path = ""] = text.split("## The path of one token");
  const lines = path.slice(path.indexOf(`\n${from}`) + 1).split("\n");
  const end = lines.findIndex((line, index) => index > 0 && line.trim().startsWith(to));
  const files = lines.slice(1, end).flatMap((line) => {
    const [, folder = "", file] = /^ ([\w/]+) +([\w-]+\.ts) /.exec(line) ?? [];
    if (file === undefined) return [];
    return [join(folder.startsWith("libs/") ? "" : GATEWAY, folder, file)];
  });
  return files.toSorted();
}

function sources(folder: string): readonly string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ts") && !path.endsWith(".test.ts"))
    .filter((path) => !/^(?:testing|simulation)\//.test(path))
    .map((path) => join(folder, path));
}

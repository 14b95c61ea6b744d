// `npm run images`: builds the image of every service and edge in deploy/images/images.json with
// the Docker engine that DOCKER_HOST names, says the size of each, and puts them where a cluster
// finds them without a registry. `npm run images -- --help` has the options.
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { ROOT, say } from "./set-up.mjs";

const HELP = `npm run images -- [options]

  --only NAME,NAME     only these of deploy/images/images.json
  --tag TAG            tag of each image; the version in package.json unless given
  --registry PREFIX    put before each name, as registry.example.org/team
  --push               push each to that registry
  --network NAME       network of the build; "host" on an engine without a bridge to npm's registry
  --sbom FOLDER        write each image's list of packages (CycloneDX) there
  --load docker        nothing more: they are in the engine (the default)
  --load kind          load them into a kind cluster (--kind-name NAME, "kind" unless given)
  --load tar           save them all to one file (--file PATH, ams-images.tar unless given)
  --load command       run a command with the names of the images behind its own words
                       (--command "minikube image load")
  --no-build           don't build: they are in the engine already
  --print              print the names and nothing else
`;

const LOADS = ["docker", "kind", "tar", "command"];
const MIB = 1_048_576;
/** What every image is built on: its bytes are not ours to bound. */
const BASE = "node:22-bookworm-slim";

/** Bytes of a command's output that are read: a list of packages is below 1 MiB. */
const OUTPUT_BYTES_MAX = 64 * MIB;

/** @returns {readonly {name: string, program: string, port: number, adminPort: number}[]} */
export function imageList() {
  return JSON.parse(readFileSync(join(ROOT, "deploy/images/images.json"), "utf8"));
}

if (process.argv[1] === import.meta.filename) main();

function main() {
  const given = options();
  const images = chosen(given).map((image) => ({ ...image, ref: nameOf(image, given) }));
  const refs = images.map(({ ref }) => ref);
  if (given.print) return process.stdout.write(`${refs.join("\n")}\n`);
  if (!given["no-build"]) for (const image of images) build(image, given);
  const faults = images.flatMap(sizeFaults);
  if (given.sbom !== undefined) for (const image of images) writeSbom(image, given.sbom);
  if (given.push) for (const ref of refs) docker("push", ref);
  load(refs, given);
  for (const fault of faults) say(fault);
  process.exitCode = faults.length === 0 ? 0 : 1;
}

function options() {
  const text = { type: "string" };
  const yes = { type: "boolean" };
  const spec = {
    only: text,
    tag: text,
    registry: text,
    network: text,
    sbom: text,
    load: { ...text, default: "docker" },
    "kind-name": { ...text, default: "kind" },
    file: { ...text, default: "ams-images.tar" },
    command: text,
    push: yes,
    "no-build": yes,
    print: yes,
    help: yes,
  };
  let values;
  try {
    ({ values } = parseArgs({ options: spec }));
  } catch (error) {
    refuse(error.message);
  }
  if (values.help) {
    process.stdout.write(HELP);
    process.exit(0);
  }
  if (!LOADS.includes(values.load)) refuse(`--load is one of ${LOADS.join(", ")}.`);
  if (values.load === "command" && !values.command) refuse("--load command needs --command.");
  if (values.push && !values.registry) refuse("--push needs --registry.");
  return values;
}

function chosen({ only }) {
  const all = imageList();
  if (only === undefined) return all;
  const names = only.split(",");
  const unknown = names.filter((name) => !all.some((image) => image.name === name));
  if (unknown.length > 0) {
    refuse(`No image ${unknown.join(", ")}; there are ${all.map(({ name }) => name).join(", ")}.`);
  }
  return all.filter(({ name }) => names.includes(name));
}

function nameOf({ name }, { registry, tag = version() }) {
  return `${registry ? `${registry}/` : ""}ams-${name}:${tag}`;
}

function build({ ref, program, port, adminPort }, { network }) {
  say(`Building ${ref} …`);
  const args = { program, port, admin_port: adminPort, version: version(), revision: revision() };
  docker(
    ...["build", "--quiet", "--file", "deploy/images/Dockerfile", "--tag", ref],
    ...(network ? ["--network", network] : []),
    ...Object.entries(args).flatMap(([name, value]) => ["--build-arg", `${name}=${value}`]),
    ".",
  );
}

/** Says the size of an image, and what it has beyond its base; a fault when that is too much. */
function sizeFaults({ ref, addedMiBMax }) {
  const [whole, added] = [sizeOf(ref), sizeOf(ref) - sizeOf(BASE)].map((n) => Math.ceil(n / MIB));
  process.stdout.write(`${ref}: ${whole} MiB, of them ${added} MiB beyond ${BASE}\n`);
  return added <= addedMiBMax ? [] : [`${ref} adds ${added} MiB; ${addedMiBMax} are allowed.`];
}

function sizeOf(ref) {
  return Number(read("docker", "image", "inspect", "--format", "{{.Size}}", ref));
}

function writeSbom({ name, ref }, folder) {
  mkdirSync(folder, { recursive: true });
  const text = read("docker", "run", "--rm", "--entrypoint", "cat", ref, "/ams/sbom.cdx.json");
  writeFileSync(join(folder, `ams-${name}.cdx.json`), text);
}

function load(refs, { load: how, file, command, "kind-name": kind }) {
  if (how === "tar") docker("save", "--output", file, ...refs);
  if (how === "kind") run("kind", "load", "docker-image", "--name", kind, ...refs);
  if (how === "command") run(...command.split(/\s+/).filter(Boolean), ...refs);
}

function version() {
  return JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")).version;
}

function revision() {
  const { status, stdout } = spawnSync("git", ["rev-parse", "HEAD"], { cwd: ROOT });
  return status === 0 ? String(stdout).trim() : "unknown";
}

function docker(...args) {
  run("docker", ...args);
}

/** Its output on our stderr: stdout has the sizes. */
function run(command, ...args) {
  const { status, error } = spawnSync(command, args, { cwd: ROOT, stdio: ["ignore", 2, 2] });
  if (status !== 0) fail(command, args, error);
}

function read(command, ...args) {
  const stdio = ["ignore", "pipe", "pipe"];
  const settings = { cwd: ROOT, maxBuffer: OUTPUT_BYTES_MAX, stdio };
  const { status, stdout, stderr, error } = spawnSync(command, args, settings);
  if (status !== 0) {
    process.stderr.write(stderr ?? "");
    fail(command, args, error);
  }
  return String(stdout);
}

function fail(command, args, error) {
  say(`${command} ${args[0]} failed${error === undefined ? "" : `: ${error.message}`}`);
  process.exit(error?.code === "ENOENT" ? 69 : 1);
}

function refuse(sentence) {
  say(`${sentence}\n\n${HELP}`);
  process.exit(64);
}

// Packs what a deployment serves at /_dist/: the command line and the SDKs, with their integrity.
// Run: `node scripts/packages.mjs [folder]`, after `tsc -b`. `npm start` and the image do.
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { npmCommand } from "./npm.mjs";
import { buildPythonPackage, SDK } from "./python.mjs";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const run = promisify(execFile);

/** Where the page's edge finds them. */
export const PACKAGES_FOLDER = join(ROOT, "edges", "web", "dist", "tarballs");

/** What is packed: the script that makes the package, and the name of its file. */
const PACKAGES = [
  { file: "ams", build: "cli/build.mjs" },
  { file: "ams-client", build: "libs/client/build.mjs" },
];

/**
 * Writes `<file>-<version>.tgz` of each package and `packages.json`, which describes them. What was
 * in the folder is replaced at once, when all is made.
 * @param {string} folder
 */
export async function buildPackages(folder = PACKAGES_FOLDER) {
  const work = mkdtempSync(join(tmpdir(), "ams-packages-"));
  const made = `${folder}.new`;
  rmSync(made, { recursive: true, force: true });
  mkdirSync(made, { recursive: true });
  try {
    const packages = [];
    for (const one of PACKAGES) packages.push(await pack(one, work, made));
    packages.push(...packPython(made));
    writeFileSync(join(made, "packages.json"), `${JSON.stringify({ packages }, null, 2)}\n`);
    rmSync(folder, { recursive: true, force: true });
    renameSync(made, folder);
  } finally {
    rmSync(work, { recursive: true, force: true });
    rmSync(made, { recursive: true, force: true });
  }
}

async function pack({ file, build }, work, target) {
  const source = join(work, file);
  await run(process.execPath, [join(ROOT, build), source], { cwd: ROOT });
  const manifest = JSON.parse(readFileSync(join(source, "package.json"), "utf8"));
  const { name, version, description } = manifest;
  const [command, first] = npmCommand();
  const flags = ["pack", "--silent", "--offline", "--ignore-scripts", "--pack-destination", work];
  const { stdout } = await run(command, [...first, ...flags, source], { cwd: work });
  const bytes = readFileSync(join(work, stdout.trim()));
  const fileName = `${file}-${version}.tgz`;
  writeFileSync(join(target, fileName), bytes);
  return { name, version, description, ...described(fileName, `${file}.tgz`, bytes) };
}

/**
 * The wheel and the sdist of the Python SDK, under the names that pip demands: they have no alias.
 * Without Python they are left out, as nothing that is served depends on them.
 */
function packPython(target) {
  const { files, missing } = buildPythonPackage();
  if (missing !== null) process.stderr.write(`The Python SDK is not packed: ${missing}.\n`);
  const project = readFileSync(join(SDK, "pyproject.toml"), "utf8");
  const [name, version, description] = ["name", "version", "description"].map(
    (key) => project.split(`\n${key} = "`)[1]?.split('"')[0] ?? "",
  );
  return files.map((path) => {
    const file = basename(path);
    copyFileSync(path, join(target, file));
    return { name, version, description, ...described(file, file, readFileSync(path)) };
  });
}

function described(file, alias, bytes) {
  const integrity = `sha512-${createHash("sha512").update(bytes).digest("base64")}`;
  return { file, alias, bytes: bytes.length, integrity };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  await buildPackages(process.argv[2] === undefined ? PACKAGES_FOLDER : resolve(process.argv[2]));
}

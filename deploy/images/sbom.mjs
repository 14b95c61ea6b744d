// Writes the list of the packages that are really in an image, as CycloneDX 1.5, on stdout: every
// package under node_modules of the current folder, with the hash that package-lock.json names.
// `npm sbom` can't be used: it fails where the development packages of workspaces are left out, and
// with the lock file alone it lists packages of other platforms.
import { existsSync, readdirSync, readFileSync, realpathSync } from "node:fs";
import { join } from "node:path";

const lock = JSON.parse(readFileSync("package-lock.json", "utf8")).packages;
const root = JSON.parse(readFileSync("package.json", "utf8"));
const found = installed("node_modules").map(component);
const components = [...new Map(found.map((one) => [one["bom-ref"], one])).values()];
components.sort((a, b) => (a["bom-ref"] < b["bom-ref"] ? -1 : 1));
const runtime = { type: "platform", name: "node", version: process.versions.node };
process.stdout.write(
  `${JSON.stringify(
    {
      bomFormat: "CycloneDX",
      specVersion: "1.5",
      version: 1,
      metadata: {
        component: {
          type: "application",
          name: process.argv[2] ?? root.name,
          version: root.version,
        },
      },
      components: [...components, { ...runtime, "bom-ref": `node@${runtime.version}` }],
    },
    null,
    2,
  )}\n`,
);

/** Paths of all packages below, those that packages hold for themselves included. */
function installed(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => !name.startsWith("."))
    .flatMap((name) => (name.startsWith("@") ? scoped(folder, name) : [join(folder, name)]))
    .filter((path) => existsSync(join(path, "package.json")))
    .flatMap((path) => [path, ...installed(join(path, "node_modules"))]);
}

function scoped(folder, scope) {
  return readdirSync(join(folder, scope)).map((name) => join(folder, scope, name));
}

function component(path) {
  const { name, version, license } = JSON.parse(readFileSync(join(path, "package.json"), "utf8"));
  const integrity = lock[path]?.integrity;
  // The repository's own packages are linked, and on no registry.
  const isOwn = !realpathSync(path).includes("node_modules");
  const purl = `pkg:npm/${name.replace("@", "%40")}@${version}`;
  return {
    type: "library",
    "bom-ref": `${name}@${version}`,
    name,
    version,
    ...(typeof license === "string" ? { licenses: [{ license: { name: license } }] } : {}),
    ...(isOwn ? {} : { purl }),
    ...(integrity === undefined ? {} : { hashes: [hashOf(integrity)] }),
  };
}

/** `sha512-<base64>` as CycloneDX writes it. */
function hashOf(integrity) {
  const [algorithm, base64] = integrity.split("-");
  const alg = algorithm.replace(/^sha(\d+)$/, "SHA-$1");
  return { alg, content: Buffer.from(base64, "base64").toString("hex") };
}

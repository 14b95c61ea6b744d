// The lists to which an edge is added agree: the images, the chart's values and the standalone's
// edges; and what an image promises an orchestrator.
import { readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { programFolder, repositoryRoot } from "../repository-root.ts";

type Image = {
  readonly name: string;
  readonly program: string;
  readonly port: number;
  readonly adminPort: number;
};

const ROOT = repositoryRoot();
const images: readonly Image[] = JSON.parse(file("deploy/images/images.json"));
const values = parse(file("deploy/k8s/ams/values.yaml"));
const dockerfile = file("deploy/images/Dockerfile");
const { EDGES } = await import(join(ROOT, "services/standalone/src/edges.ts"));
const edgeNames: readonly string[] = EDGES.map(({ name }: { name: string }) => name);

test("deploy/images/images.json has every service and edge, with its folder and its ports", () => {
  const names = images.map(({ name }) => name);
  expect(names.toSorted()).toEqual(["control", "gateway", ...edgeNames].toSorted());
  for (const { name, program } of images) expect(program).toBe(relative(ROOT, programFolder(name)));
  for (const { name, processSettings } of EDGES) {
    const image = images.find((one) => one.name === name);
    expect(image?.port, name).toBe(Number(processSettings.PORT.fallback));
    expect(image?.adminPort, name).toBe(Number(processSettings.AMS_ADMIN_PORT.fallback));
  }
});

test("the chart's values have every image, and every edge with its ports", () => {
  expect(new Set(Object.keys(values.edges))).toEqual(new Set(edgeNames));
  for (const { name, port, adminPort } of images) {
    const own = values.edges[name] ?? values[name];
    expect(own.image.repository).toBe(`ams-${name}`);
    if (edgeNames.includes(name)) {
      expect([own.port, own.adminPort], name).toEqual([port, adminPort]);
    }
  }
});

test("the chart has the version of the repository, and so the tag of its images", () => {
  const { version } = JSON.parse(file("package.json"));
  expect(parse(file("deploy/k8s/ams/Chart.yaml"))).toMatchObject({ version, appVersion: version });
});

test("an image runs as a number, gets its signals, and says whether it lives", () => {
  expect(dockerfile).toMatch(/^USER 1000:1000$/m);
  expect(dockerfile).toMatch(/^CMD \["node", /m);
  expect(dockerfile).toMatch(/^STOPSIGNAL SIGTERM$/m);
  expect(dockerfile).toMatch(/^HEALTHCHECK .*\["node", "\/ams\/healthcheck\.mjs"\]$/m);
  expect(dockerfile).toMatch(/org\.opencontainers\.image\.version=/);
});

test("no image is built from secrets or state", () => {
  const ignored = file(".dockerignore").split("\n");
  expect(ignored).toEqual(expect.arrayContaining([".env", ".ams", ".git", "**/node_modules"]));
});

function file(path: string): string {
  return readFileSync(join(ROOT, path), "utf8");
}

import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { createDist } from "./dist.ts";
import { openPackages, type Packages } from "./packages.ts";

const folder = mkdtempSync(join(tmpdir(), "ams-dist-"));
afterAll(() => rmSync(folder, { recursive: true }));

const BYTES = Buffer.from("not really gzip");
const INTEGRITY = `sha512-${createHash("sha512").update(BYTES).digest("base64")}`;
const WHEEL = "ams_client-1.2.3-py3-none-any.whl";
for (const file of ["ams-1.2.3.tgz", WHEEL]) writeFileSync(join(folder, file), BYTES);
writeFileSync(
  join(folder, "packages.json"),
  JSON.stringify({
    packages: [
      {
        name: "ams-cli",
        version: "1.2.3",
        description: "<b>",
        file: "ams-1.2.3.tgz",
        alias: "ams.tgz",
        bytes: BYTES.length,
        integrity: INTEGRITY,
      },
      {
        name: "ams-client",
        version: "1.2.3",
        description: "Python",
        file: WHEEL,
        alias: WHEEL,
        bytes: BYTES.length,
        integrity: INTEGRITY,
      },
    ],
  }),
);

function ask(
  path: string,
  init: RequestInit = {},
  packages: Packages | null = openPackages(folder),
) {
  const app = createDist({
    packages,
    baseUrl: () => "https://ams.example",
    page: async (title, body) => `${title}\n${await body}`,
  });
  return app.fetch(new Request(`https://ams.example${path}`, init));
}

describe("/_dist/", () => {
  test("serves each package by its version and as the newest, with its integrity as the tag", async () => {
    for (const name of ["ams-1.2.3.tgz", "ams.tgz"]) {
      const response = await ask(`/_dist/${name}`);
      expect(response.headers.get("content-type")).toBe("application/gzip");
      expect(response.headers.get("etag")).toBe(`"${INTEGRITY}"`);
      expect(Buffer.from(await response.arrayBuffer())).toEqual(BYTES);
    }
    const again = await ask("/_dist/ams.tgz", { headers: { "if-none-match": `"${INTEGRITY}"` } });
    expect(again.status).toBe(304);
    expect((await ask("/_dist/ams.tgz", { method: "HEAD" })).status).toBe(200);
  });

  test("serves the wheel under the one name that pip takes, and says how to install it", async () => {
    const response = await ask(`/_dist/${WHEEL}`);
    expect(response.headers.get("content-type")).toBe("application/zip");
    const text = await (await ask("/_dist/")).text();
    expect(text).toContain(`pip install https://ams.example/_dist/${WHEEL}`);
    expect(text.split(WHEEL)).toHaveLength(4); // To install, and once as a link with its name.
  });

  test("says how to install from this address, and each file's integrity, as a page and as JSON", async () => {
    const text = await (await ask("/_dist/")).text();
    expect(text).toContain("npx https://ams.example/_dist/ams.tgz join");
    expect(text).toContain("npm install https://ams.example/_dist/ams-client.tgz");
    expect(text).toContain(INTEGRITY);
    expect(text).toContain("&lt;b&gt;");
    expect(await (await ask("/_dist/packages.json")).json()).toMatchObject({
      packages: [
        { name: "ams-cli", file: "ams-1.2.3.tgz", integrity: INTEGRITY },
        { name: "ams-client", file: WHEEL },
      ],
    });
  });

  test("is found without its last slash", async () => {
    const response = await ask("/_dist");
    expect([response.status, response.headers.get("location")]).toEqual([302, "./_dist/"]);
  });

  test("what there isn't is 404, another method 405, and nothing else of the disk is reached", async () => {
    for (const name of ["ams-9.tgz", "..%2fpackages.json", "%2e%2e/%2e%2e/package.json"]) {
      expect((await ask(`/_dist/${name}`)).status).toBe(404);
    }
    expect((await ask("/_dist/ams.tgz", { method: "POST" })).status).toBe(405);
  });

  test("without built packages it says so, and stays up", async () => {
    for (const path of ["/_dist/", "/_dist/packages.json", "/_dist/ams.tgz"]) {
      const response = await ask(path, {}, openPackages(join(folder, "nowhere")));
      expect(response.status).toBe(503);
      expect(await response.text()).toMatch(/npm run build/);
    }
  });
});

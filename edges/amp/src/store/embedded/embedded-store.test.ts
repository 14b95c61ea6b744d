import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { describeStore } from "../store.contract.ts";
import { openEmbeddedStore } from "./embedded-store.ts";

const folder = mkdtempSync(join(tmpdir(), "amp-embedded-"));
const store = openEmbeddedStore(folder);

afterAll(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

describeStore("the embedded store", () => store);

test("what was written is there after the file was closed and opened again", async () => {
  const path = join(folder, "again");
  const first = openEmbeddedStore(path);
  await first.write("a", "kept", "v", null);
  await first.close();
  const second = openEmbeddedStore(path);
  expect(await second.read("a", "kept")).toBe("v");
  await second.close();
});

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeStore } from "../store.contract.ts";
import type { Store } from "../store.ts";
import { openEmbeddedStore } from "./embedded-store.ts";

let folder: string;
let store: Store;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "ams-hooks-"));
  store = open("queue");
});
afterAll(async () => {
  await store.close();
  rmSync(folder, { recursive: true });
});
describeStore("embedded", () => store);

test("what waits is there after a restart", async () => {
  const first = open("restart");
  await first.add({ id: "j", endpoint: "wh", value: "v" }, 1, 1e15);
  await first.close();
  const second = open("restart");
  expect(await second.dueEndpoints(1, 10)).toEqual(["wh"]);
  await second.close();
});

function open(name: string): Store {
  const opened = openEmbeddedStore(join(folder, name), Date.now);
  if (!opened.ok) throw new Error(opened.fault);
  return opened.value;
}

// What a page's program is told when a late part of the browser's bundle can't be loaded: an error as any other.
import { mkdtemp, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join as joinPath } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { WebSocket } from "ws";
import type { Sdk } from "./entries.ts";
import { buildPackage } from "./package.ts";

const LINK = `http://127.0.0.1:1/demo/conversations/stand-up?t=${"A".repeat(43)}`;

let folder: string;
let sdk: Sdk;
beforeAll(async () => {
  folder = await mkdtemp(joinPath(tmpdir(), "ams-sdk-"));
  const { browser } = await buildPackage(folder);
  for (const { name } of browser.slice(1)) {
    await rename(joinPath(folder, name), joinPath(folder, `${name}.away`));
  }
  if (!("WebSocket" in globalThis)) Object.assign(globalThis, { WebSocket });
  sdk = await import(pathToFileURL(joinPath(folder, "browser.js")).href);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const NOT_LOADED = {
  name: "AmsError",
  code: "unreachable",
  message: "A part of this SDK can't be loaded: is the network there?",
};

test("a question to the control plane rejects with `unreachable`", async () => {
  const url = "http://127.0.0.1:1";
  await expect(sdk.createAccount(url)).rejects.toMatchObject(NOT_LOADED);
  await expect(sdk.offer(url)).rejects.toMatchObject(NOT_LOADED);
  await expect(sdk.inspect(LINK)).rejects.toMatchObject(NOT_LOADED);
  await expect(sdk.offer(url, { signal: AbortSignal.abort() })).rejects.toMatchObject({
    code: "aborted",
  });
});

test("a join that fails without a word of AMS rejects with `unreachable` too", async () => {
  await expect(sdk.join(LINK, { guest: true })).rejects.toMatchObject(NOT_LOADED);
});

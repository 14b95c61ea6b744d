// What a page's program gets when a late part of the browser's bundle can't be loaded: an error
// as any other.
import { mkdtemp, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join as joinPath } from "node:path";
import { pathToFileURL } from "node:url";
import { createAccount } from "@ams/client";
import { afterAll, beforeAll, expect, test } from "vitest";
import { WebSocket } from "ws";
import { type Standalone, startStandalone } from "../standalone.ts";
import type { Sdk } from "./entries.ts";
import { buildPackage } from "./package.ts";

const LINK = `http://127.0.0.1:1/demo/conversations/stand-up?t=${"A".repeat(43)}`;

let ams: Standalone;
let folder: string;
let sdk: Sdk;
beforeAll(async () => {
  ams = await startStandalone();
  folder = await mkdtemp(joinPath(tmpdir(), "ams-sdk-"));
  const { browser } = await buildPackage(folder);
  for (const { name } of browser.slice(1)) {
    await rename(joinPath(folder, name), joinPath(folder, `${name}.away`));
  }
  if (!("WebSocket" in globalThis)) Object.assign(globalThis, { WebSocket });
  sdk = await import(pathToFileURL(joinPath(folder, "browser.js")).href);
});
afterAll(async () => {
  await ams.stop();
  await rm(folder, { recursive: true, force: true });
});

const NOT_LOADED = {
  name: "AmsError",
  code: "unreachable",
  message: "A part of this SDK can't be loaded: check the network, or load the page anew.",
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

test("joining, sending and hearing need no late part; a pipe rejects, its source unread", async () => {
  const { magicLink } = await (await createAccount(ams.url)).mint();
  const reader = await sdk.join(magicLink, { guest: true });
  const writer = await sdk.join(magicLink, { guest: true, streamName: "writer" });
  const text = reader.text("writer");
  let isRead = false;
  async function* source() {
    isRead = true;
    yield "never";
  }
  await expect(writer.pipe(source())).rejects.toMatchObject(NOT_LOADED);
  expect(isRead).toBe(false);
  await writer.send("hello");
  await writer.endTurn();
  let heard = "";
  for await (const piece of text) heard += piece;
  expect(heard).toBe("hello");
  await Promise.all([reader.close(), writer.close()]);
});

test("a join that fails without a word of AMS rejects with `unreachable` too", async () => {
  await expect(sdk.join(LINK, { guest: true })).rejects.toMatchObject(NOT_LOADED);
});

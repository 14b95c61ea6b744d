// The browser's file in a real browser, on a page of another origin than AMS: accounts over CORS,
// streams over its WebSocket.
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createAccount } from "@ams/client";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Standalone, startStandalone } from "../standalone.ts";
import { findChromium, openBrowser } from "../web/browser.ts";
import { buildPackage } from "./package.ts";

const PAGE =
  '<!doctype html><script type="module">import * as sdk from "./browser.js"; window.sdk = sdk;</script>';

type Sdk = typeof import("@ams/client");

let ams: Standalone;
let folder: string;
let pages: Server;
let browser: Browser | null = null;
/** The path of a file that isn't there just now. */
let gone: string | null = null;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "ams-sdk-"));
  ams = await startStandalone();
  const { browser: files } = await buildPackage(folder);
  const scripts = new Map(
    files.map(({ name }) => [`/${name}`, readFileSync(join(folder, name), "utf8")]),
  );
  pages = createServer(({ url = "" }, response) => {
    if (url === gone) {
      response.writeHead(404).end();
      return;
    }
    const script = scripts.get(url);
    response.setHeader("content-type", script === undefined ? "text/html" : "text/javascript");
    response.end(script ?? PAGE);
  });
  await new Promise<void>((resolve) => pages.listen(0, "127.0.0.1", resolve));
  if (findChromium() !== null) browser = await openBrowser();
});
afterAll(async () => {
  await browser?.close();
  pages.close();
  await ams.stop();
  await rm(folder, { recursive: true, force: true });
});

async function openPage(): Promise<Page | undefined> {
  const page = await browser?.newPage();
  await page?.goto(`http://127.0.0.1:${(pages.address() as AddressInfo).port}/`);
  await page?.waitForFunction(() => "sdk" in globalThis);
  return page;
}

/** Runs in the page: the code of the error, or null. */
async function ask(url: string): Promise<string | null> {
  const { offer } = (globalThis as unknown as { sdk: Sdk }).sdk;
  return await offer(url).then(
    () => null,
    (error) => error.code,
  );
}

/** Runs in the page: what was heard, and the files that the page has loaded by then. */
async function say(magicLink: string): Promise<readonly string[]> {
  const { join: joinSdk } = (globalThis as unknown as { sdk: Sdk }).sdk;
  const reader = await joinSdk(magicLink, { guest: true });
  const writer = await joinSdk(magicLink, { guest: true, receipts: true, streamName: "writer" });
  const heard = reader.tokens().next();
  await writer.send("hello");
  const token = (await heard).value;
  await Promise.all([reader.close(), writer.close()]);
  const loaded = performance.getEntriesByType("resource").map(({ name }) => new URL(name).pathname);
  return [token?.data ?? "", ...loaded.filter((path) => path.endsWith(".js"))];
}

/** Runs in the page. */
async function talk([url, namespace]: readonly [string, string]): Promise<readonly unknown[]> {
  const { createAccount, join: joinSdk, offer } = (globalThis as unknown as { sdk: Sdk }).sdk;
  const account = await createAccount(url, { namespace });
  const { magicLink } = await account.mint();
  const { credential } = account;
  const reader = await joinSdk(magicLink, { guest: true });
  const writer = await joinSdk(magicLink, { credential, streamName: "writer", receipts: true });
  const text = reader.text("writer");
  const piped = await writer.pipe(
    new Response("from a page").body?.pipeThrough(new TextDecoderStream()) ?? [],
  );
  await writer.endTurn();
  let heard = "";
  for await (const piece of text) heard += piece;
  const milliseconds = await writer.ping();
  const wrong = joinSdk(magicLink.replace(/t=.*/, `t=${"w".repeat(43)}`), { guest: true });
  const refused = await wrong.catch((error) => error.code);
  const nobody = await offer("http://127.0.0.1:1").catch((error) => error.code);
  await Promise.all([reader.close(), writer.close()]);
  return [heard, piped.tokens, typeof piped.receipt?.seq, milliseconds > 0, refused, nobody];
}

test.skipIf(findChromium() === null)(
  "a page makes an account, mints, joins, pipes, hears and is refused",
  async () => {
    const page = await openPage();
    expect(await page?.evaluate(talk, [ams.url, "a-page"] as const)).toEqual([
      "from a page",
      1,
      "string",
      true,
      "invalid_magic_link",
      "unreachable",
    ]);
  },
);

test.skipIf(findChromium() === null)(
  "a late file that doesn't come is an error of its call, and is asked for again by the next",
  async () => {
    const page = await openPage();
    gone = "/browser-control.js";
    expect(await page?.evaluate(ask, ams.url)).toBe("unreachable");
    gone = null;
    expect(await page?.evaluate(ask, ams.url)).toBe(null);
  },
);

test.skipIf(findChromium() === null)(
  "to join, send and hear a page loads the first file and no other",
  async () => {
    const { magicLink } = await (await createAccount(ams.url)).mint();
    const page = await openPage();
    expect(await page?.evaluate(say, magicLink)).toEqual(["hello", "/browser.js"]);
  },
);

/**
 * The SDK by each of its entries: as Node has it, as a browser has it, and both as they are
 * published.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe } from "vitest";
import { WebSocket } from "ws";
import { buildPackage, CLIENT } from "./package.ts";

export type Sdk = typeof import("@ams/client");

type Entry = {
  readonly name: string;
  /** `folder` is a built package. */
  readonly load: (folder: string) => Promise<Sdk>;
  /** True for an entry that uses the WebSocket of its surroundings, which Node 20 doesn't have. */
  readonly needsWebSocket: boolean;
};

const ENTRIES: readonly Entry[] = [
  { name: "Node's entry", load: () => import("@ams/client"), needsWebSocket: false },
  {
    name: "the browser's entry",
    load: () => load(join(CLIENT, "src", "index.ts")),
    needsWebSocket: true,
  },
  {
    name: "Node's bundle",
    load: (folder) => load(join(folder, "node.js")),
    needsWebSocket: false,
  },
  {
    name: "the browser's bundle",
    load: (folder) => load(join(folder, "browser.js")),
    needsWebSocket: true,
  },
];

/**
 * One entry of each kind, and both as published or from the source: for promises that take seconds
 * to check.
 */
export const TWO_DOORS = ENTRIES.filter(({ name }) => /Node's entry|browser's bundle/.test(name));

/**
 * The same promises by every entry. `sdk` gives the functions of the one whose turn it is, once its
 * tests run.
 */
export function describeEach(promises: (sdk: () => Sdk) => void, entries = ENTRIES): void {
  let folder = "";
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "ams-sdk-"));
    await buildPackage(folder);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));
  describe.each(entries)("by $name:", ({ load: loadEntry, needsWebSocket }) => {
    let sdk: Sdk | null = null;
    const brings = needsWebSocket && !("WebSocket" in globalThis);
    beforeAll(async () => {
      if (brings) Object.assign(globalThis, { WebSocket });
      sdk = await loadEntry(folder);
    });
    afterAll(() => {
      if (brings) Reflect.deleteProperty(globalThis, "WebSocket");
    });
    promises(() => {
      if (sdk === null) throw new Error("An entry is loaded before its tests run.");
      return sdk;
    });
  });
}

async function load(path: string): Promise<Sdk> {
  return await import(pathToFileURL(path).href);
}

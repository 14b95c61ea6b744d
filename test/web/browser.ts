/**
 * A Chromium for tests and pictures: Debian's, with a fresh profile, that speaks to nobody but the
 * page's own origin.
 */
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";

/** What it is called by Debian, by others, and by whoever knows better. */
const NAMES = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];

/** No sandbox, since tests may run as root; nothing that it would do by itself. */
const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Its path, by AMS_TEST_CHROMIUM or from the PATH; null where there is none. */
export function findChromium(): string | null {
  const { AMS_TEST_CHROMIUM: given = "", PATH = "" } = process.env;
  if (given !== "") return given;
  const places = PATH.split(delimiter).flatMap((folder) => NAMES.map((name) => join(folder, name)));
  return places.find((place) => existsSync(place)) ?? null;
}

export async function openBrowser(): Promise<Browser> {
  const executablePath = findChromium();
  if (executablePath === null) throw new Error("there is no chromium on this machine");
  return chromium.launch({ executablePath, args: [...FLAGS] });
}

/** A page, and everything that it should not have done. */
export type Watched = {
  readonly page: Page;
  /** Errors of the console and of scripts, and requests that left the origin. */
  readonly faults: readonly string[];
};

/**
 * What the console says of requests that fail, and of nothing else: for a test that provokes one.
 */
export const FAILED_REQUESTS = /^(?:Failed to load resource|WebSocket connection to)/;

/**
 * A page of its own profile. Errors of the console that match `provoked` are the test's own doing.
 */
export async function openPage(
  context: BrowserContext,
  origin: string,
  provoked: RegExp | null = null,
): Promise<Watched> {
  const page = await context.newPage();
  const faults: string[] = [];
  page.on("console", (message) => {
    if (message.type() !== "error" || provoked?.test(message.text())) return;
    faults.push(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => faults.push(`error: ${error.message}`));
  page.on("request", (request) => {
    const { protocol, host } = new URL(request.url());
    const isOwn = host === new URL(origin).host || protocol === "data:" || protocol === "blob:";
    if (!isOwn) faults.push(`left the origin: ${host}`);
  });
  return { page, faults };
}

/**
 * TinCan as people meet it: a browser at a deployment, pages at home and at links, and plain
 * sockets beside them.
 */
import type { Browser, BrowserContext, Page } from "playwright-core";
import { type Standalone, startStandalone } from "../standalone.ts";
import { openBrowser, openPage, type Watched } from "./browser.ts";

/** Milliseconds within which a page must show what it is waited for. */
const SHOW_MS = 15_000;

export type TinCan = {
  readonly ams: Standalone;
  readonly browser: Browser;
  /** A page in a browser context of its own: another person. */
  readonly visit: (url: string, options?: VisitOptions) => Promise<Watched>;
  /** A conversation minted over HTTP, by an account of its own. */
  readonly mint: (metadata?: object) => Promise<Minted>;
  readonly stop: () => Promise<void>;
};

export type VisitOptions = {
  readonly width?: number;
  readonly height?: number;
  readonly dark?: boolean;
  /** Runs in the page before its own script does. */
  readonly before?: string | (() => void);
  /** Takes the place of the page's sockets, or looks on. */
  readonly prepare?: (context: BrowserContext) => Promise<void>;
  /** Errors of the console that the test brings about itself. */
  readonly provoked?: RegExp;
};

export type Minted = {
  readonly link: string;
  readonly namespace: string;
  readonly alias: string;
  readonly credential: string;
};

export async function startTinCan(env: Readonly<Record<string, string>> = {}): Promise<TinCan> {
  const ams = await startStandalone(env);
  const browser = await openBrowser().catch(async (error: unknown) => {
    await ams.stop();
    throw error;
  });
  return {
    ams,
    browser,
    visit: async (url, options = {}) => {
      const { width = 1280, height = 800, dark = false, before, prepare, provoked } = options;
      const context = await browser.newContext({
        viewport: { width, height },
        colorScheme: dark ? "dark" : "light",
        permissions: ["clipboard-read", "clipboard-write"],
      });
      if (before !== undefined) await context.addInitScript(before);
      await prepare?.(context);
      const watched = await openPage(context, ams.url, provoked);
      watched.page.setDefaultTimeout(SHOW_MS);
      await watched.page.goto(url);
      return watched;
    },
    mint: (metadata) => mint(ams.url, metadata),
    stop: async () => {
      await browser.close();
      await ams.stop();
    },
  };
}

async function mint(url: string, metadata: object = {}): Promise<Minted> {
  const namespace = `test-${Math.random().toString(36).slice(2, 12)}`;
  const account = await post(`${url}/v1/accounts`, { namespace });
  const credential = String(account.credential);
  const minted = await post(`${url}/v1/${namespace}/conversations`, { metadata }, credential);
  return { link: String(minted.magic_link), namespace, alias: String(minted.alias), credential };
}

/** The JSON that a POST answers; throws when it is a refusal. */
export async function post(
  url: string,
  body: object,
  credential?: string,
): Promise<Readonly<Record<string, unknown>>> {
  const authorization = credential === undefined ? {} : { authorization: `Bearer ${credential}` };
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", ...authorization },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`POST answered ${response.status}`);
  const answer: unknown = await response.json();
  return Object.fromEntries(Object.entries(Object(answer)));
}

/** Mints on the home page and resolves with the link when the page is in. */
export async function mintAtHome(page: Page): Promise<string> {
  await page.click("#tincan-mint");
  const link = await page.locator("#tincan-link").inputValue();
  await isIn(page);
  return link;
}

/** Resolves when the page has joined: then it can write. */
export async function isIn(page: Page): Promise<void> {
  await page.locator(".composer textarea").waitFor();
  await page.locator(".roster .self, .self").first().waitFor({ state: "attached" });
}

export async function say(page: Page, text: string): Promise<void> {
  await page.locator(".composer textarea").fill(text);
  await page.keyboard.press("Enter");
}

/** Shows the frames of the wire, which a portal has closed until somebody asks. */
export async function openWire(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Wire" }).click();
  await page.locator(".frames").waitFor();
}

/** Resolves when a passage of the conversation holds the text, with a time of its own in ms. */
export async function hears(page: Page, text: string, timeout?: number): Promise<void> {
  const passage = page.locator(".passage .text", { hasText: text }).first();
  await passage.waitFor(timeout === undefined ? {} : { timeout });
}

/** The stream name under which the page itself is in. */
export async function streamNameOf(page: Page): Promise<string> {
  return (await page.locator(".roster .self .stream").first().textContent()) ?? "";
}

/** Names in the roster, as people see them. */
export function rosterOf(page: Page): Promise<readonly string[]> {
  return page.locator(".roster .name").allTextContents();
}

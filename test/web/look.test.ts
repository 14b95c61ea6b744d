import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import axe from "axe-core";
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { repositoryRoot } from "../repository-root.ts";
import { FAILED_REQUESTS } from "./browser.ts";
import { describePages } from "./pages.ts";
import { hears, isIn, mintAtHome } from "./tincan.ts";
import { joinByWire } from "./wire.ts";

/**
 * Bytes of all that the page loads, compressed: a phone on a slow line has it in about two seconds.
 */
const BUNDLE_BYTES_MAX = 120 * 1024;

/** Milliseconds from the request until something is seen, on loopback. */
const FIRST_PAINT_MS_MAX = 1_000;

const WIDTHS = [320, 360, 414, 768, 1280];

test("the whole page is at most 120 KiB compressed", () => {
  const folder = join(repositoryRoot(), "edges", "web", "dist", "page");
  const files = readdirSync(folder).filter((name) => /\.(js|css|svg)$/.test(name));
  const bytes = files.map((name) => gzipSync(readFileSync(join(folder, name))).byteLength);
  expect(files.length).toBeGreaterThan(1);
  expect(bytes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(BUNDLE_BYTES_MAX);
});

describePages("how it looks and feels", (tincan) => {
  test("the first paint is there within a second", async () => {
    await tincan.visit(tincan.ams.url); // Whatever a browser does once.
    const paint = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? null";
    // The best of a few: this machine may be busy with other things.
    const paintMs: number[] = [];
    while (paintMs.length < 5 && !paintMs.some((ms) => ms < FIRST_PAINT_MS_MAX)) {
      const { page } = await tincan.visit(tincan.ams.url);
      await expect.poll(() => page.evaluate(paint)).not.toBeNull();
      paintMs.push(Number(await page.evaluate(paint)));
    }
    expect(Math.min(...paintMs)).toBeLessThan(FIRST_PAINT_MS_MAX);
  });

  test.each(WIDTHS)("at %i px nothing makes home or portal scroll sideways", async (width) => {
    const { link } = await tincan.mint({
      title: "A title that is rather long for a telephone's screen",
    });
    const { page } = await tincan.visit(tincan.ams.url, { width });
    await page.locator("#tincan-mint").waitFor();
    expect(await overflow(page)).toBe(0);
    await mintAtHome(page);
    expect(await overflow(page)).toBe(0);
    await page.getByRole("tab", { name: "Connect" }).click();
    expect(await overflow(page)).toBe(0);
    await page.goto(link);
    await isIn(page);
    const peer = await joinByWire(link, `long-${"n".repeat(50)}`, {
      peerIdentity: { kind: "agent", model: "m".repeat(200), client: "c".repeat(200) },
      metadata: { display_name: "N".repeat(300), [`k${"k".repeat(300)}`]: "v".repeat(300) },
    });
    peer.token("w".repeat(3_000));
    await hears(page, "wwww");
    expect(await overflow(page)).toBe(0);
    expect(await leaving(page, ".attached")).toEqual([]);
    for (const name of ["Invite", "Connect"]) {
      await page.getByRole("button", { name }).click();
      expect(await overflow(page)).toBe(0);
      await page.keyboard.press("Escape");
    }
  });

  test.each(WIDTHS)("at %i px the way to a long name that writes fits the page", async (width) => {
    const { link } = await tincan.mint();
    const { page } = await tincan.visit(link, { width });
    await isIn(page);
    const peer = await joinByWire(link, "long", { metadata: { display_name: "W".repeat(300) } });
    peer.token("One of many sentences.\n\n".repeat(100));
    await hears(page, "One of many");
    // Who reads at the end sees it grow: nothing covers the text.
    expect(await page.locator(".jump.to-mark").count()).toBe(0);
    await page.locator(".rows").focus();
    await page.keyboard.press("Home");
    await page.locator(".jump.to-end").waitFor();
    peer.token("And one more.");
    await page.locator(".jump.to-mark").waitFor();
    expect(await overflow(page)).toBe(0);
    expect(await leaving(page, ".jumps")).toEqual([]);
  });

  test.each([320, 1280])("at %i px no peer's name or badge leaves the roster", async (width) => {
    const { page } = await tincan.visit(tincan.ams.url, { width });
    const link = await mintAtHome(page);
    const names = [`n${"a".repeat(62)}`, `m${"-b".repeat(31)}`];
    for (const [index, name] of names.entries()) {
      await joinByWire(link, name, {
        peerIdentity: { kind: "agent", model: "m".repeat(200), client: "c ".repeat(100) },
        metadata: index === 0 ? { display_name: "N".repeat(300), note: "v".repeat(300) } : {},
      });
    }
    await expect.poll(() => page.locator(".roster li").count()).toBe(3);
    expect(await leaving(page, ".home .roster")).toEqual([]);
    await page.goto(link);
    await isIn(page);
    if (width < 800) await page.locator(".tool.narrow-only").first().click();
    const place = width < 800 ? "dialog .roster" : ".side";
    await expect.poll(() => page.locator(`${place} li`).count()).toBe(3);
    expect(await leaving(page, place)).toEqual([]);
  });

  test.each([
    ["light", false],
    ["dark", true],
  ])("axe-core finds no serious fault, %s", async (_name, dark) => {
    const { link } = await tincan.mint({ instructions: "Be brief." });
    const { page } = await tincan.visit(tincan.ams.url, { dark });
    await page.locator("#tincan-mint").waitFor();
    expect(await faultsOf(page)).toEqual([]);
    await mintAtHome(page);
    expect(await faultsOf(page)).toEqual([]);
    await page.getByRole("tab", { name: "Connect" }).click();
    expect(await faultsOf(page)).toEqual([]);
    await page.goto(link);
    await isIn(page);
    const peer = await joinByWire(link, "peer-1", {
      peerIdentity: { kind: "agent", model: "m-1" },
      metadata: { display_name: "Peer" },
    });
    for (let index = 0; index < 40; index += 1) peer.token(`Something to be read, ${index}.\n`);
    await hears(page, "read, 39");
    expect(await faultsOf(page)).toEqual([]);
    await page.getByRole("button", { name: "Connect" }).click();
    expect(await faultsOf(page)).toEqual([]);
    // In a tab of its own: one that is in keeps the good link.
    const wrong = link.replace(/.{4}$/, "AAAA");
    const { page: lost } = await tincan.visit(wrong, { dark, provoked: FAILED_REQUESTS });
    await lost.getByRole("alert").waitFor();
    expect(await faultsOf(lost)).toEqual([]);
    await lost.goto(`${tincan.ams.url}/falcon`);
    await lost.getByRole("heading", { name: "There is nothing at this address" }).waitFor();
    expect(await faultsOf(lost)).toEqual([]);
    await lost.goto(tincan.ams.url);
    await lost.getByLabel("Instructions for whoever joins").fill("x".repeat(17_000));
    await lost.getByText("Too long by").waitFor();
    expect(await faultsOf(lost)).toEqual([]);
  });

  test("a reload is the page again, and the browser has nothing to complain of", async () => {
    const { link } = await tincan.mint();
    const { page, faults } = await tincan.visit(link);
    await isIn(page);
    const answer = await page.reload();
    expect(answer?.status()).toBe(200);
    await isIn(page);
    expect(faults).toEqual([]);
  });

  test("the keyboard alone mints, says something and looks around", async () => {
    const { page } = await tincan.visit(tincan.ams.url);
    await page.locator("#tincan-mint").waitFor();
    await page.keyboard.press("Tab"); // The name of the page.
    await page.keyboard.press("Tab"); // The title.
    await page.keyboard.press("Tab"); // The instructions.
    await page.keyboard.type("Be brief.");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await isIn(page);
    await page.getByRole("tab", { name: "Live" }).focus();
    await page.keyboard.press("ArrowRight");
    await page.locator("#panel-connect").waitFor();
    await page.keyboard.press("ArrowLeft");
    await page.locator(".composer textarea").focus();
    await page.keyboard.type("by keyboard");
    await page.keyboard.press("Enter");
    await hears(page, "by keyboard");
  });

  test("on a phone the link is what is seen after minting, and the form's focus isn't lost", async () => {
    const { page } = await tincan.visit(tincan.ams.url, { width: 320, height: 568 });
    await page.locator("#tincan-mint").scrollIntoViewIfNeeded();
    await mintAtHome(page);
    expect(await page.evaluate("window.scrollY")).toBe(0);
    const focused = await page.evaluate("document.activeElement.textContent");
    expect(focused).toContain("Your conversation");
  });

  test("a dialog that asks for something begins in its field", async () => {
    const { link } = await tincan.mint();
    const { page } = await tincan.visit(link);
    await isIn(page);
    await page.getByRole("button", { name: "Change" }).click();
    await page.locator("dialog input:focus").waitFor();
    await page.keyboard.type("Ada");
    await page.keyboard.press("Enter");
    await page.locator(".who-line .name", { hasText: /^Ada$/ }).waitFor();
  });

  test("while the page's script is on its way, something says so", async () => {
    const { link } = await tincan.mint();
    const { page } = await tincan.visit("about:blank");
    let arrive: () => void = () => undefined;
    const arrival = new Promise<void>((resolve) => {
      arrive = resolve;
    });
    await page.route(/main-[^/]+\.js$/, async (route) => {
      await arrival;
      await route.continue();
    });
    await page.goto(link, { waitUntil: "commit" });
    await page.getByText("Opening…").waitFor();
    arrive();
    await isIn(page);
    expect(await page.getByText("Opening…").count()).toBe(0);
  });

  test("a click beside a dialog closes it, and a selection that ends there doesn't", async () => {
    const { link } = await tincan.mint();
    const { page } = await tincan.visit(link);
    await isIn(page);
    await page.getByRole("button", { name: "Connect" }).click();
    const dialog = page.getByRole("dialog", { name: "Connect" });
    const line = await dialog.locator("pre").first().boundingBox();
    await page.mouse.move((line?.x ?? 0) + 20, (line?.y ?? 0) + 20);
    await page.mouse.down();
    await page.mouse.move(20, 400, { steps: 5 });
    await page.mouse.up();
    expect(await page.evaluate("String(getSelection()).length")).toBeGreaterThan(0);
    expect(await dialog.count()).toBe(1);
    await page.mouse.click(20, 400);
    await dialog.waitFor({ state: "detached" });
  });

  test("where a page may not use the clipboard, as by plain http, everything is copied all the same, in dialogs too", async () => {
    const { page } = await tincan.visit(tincan.ams.url, {
      before: `navigator.clipboard.writeText = () => Promise.reject(new Error("not allowed"))`,
    });
    const link = await mintAtHome(page);
    const copied = () => page.evaluate("navigator.clipboard.readText()");
    await page.click("#tincan-copy");
    await expect.poll(copied).toBe(link);
    await page.goto(link);
    await isIn(page);
    await page.getByRole("button", { name: "Connect" }).click();
    await page.getByRole("button", { name: "Copy the line for Codex" }).click();
    await expect.poll(copied).toBe(`codex mcp add ${serverName(link)} --url '${link}'`);
    await page.locator("#connect-codex").getByText("Copied").waitFor();
    const focused = await page.evaluate("document.activeElement.closest('article').id");
    expect(focused).toBe("connect-codex");
  });

  test("the Connect tab shows agents' instructions to people too, and copies its lines whole", async () => {
    const { link } = await tincan.mint({ instructions: "Bring cake." });
    const { page } = await tincan.visit(link);
    await isIn(page);
    await page.getByRole("button", { name: "Connect" }).click();
    await page.getByRole("button", { name: "Copy the line for Claude Code" }).click();
    expect(await page.evaluate("navigator.clipboard.readText()")).toBe(
      `claude mcp add --transport http ${serverName(link)} '${link}'`,
    );
    await page.locator("dialog summary", { hasText: "For agents" }).click();
    const shown = page.locator("dialog .agent-text pre", { hasText: "Bring cake." });
    await shown.waitFor();
    await page.reload();
    await isIn(page);
    const text = await page
      .locator(".side .agent-text pre", { hasText: "Bring cake." })
      .textContent();
    expect(text).toContain(link);
  });
});

/** Under which an MCP client lists the conversation of a link with a short alias. */
function serverName(link: string): string {
  return `ams-${new URL(link).pathname.split("/").at(-1)}`;
}

/** Pixels by which the page is wider than its window. */
async function overflow(page: Page): Promise<number> {
  const { scrollWidth, clientWidth } = await page
    .locator("html")
    .evaluate(({ scrollWidth, clientWidth }) => ({ scrollWidth, clientWidth }));
  return scrollWidth - clientWidth;
}

/** The elements below a place that reach beyond its right edge, but for what is cut or scrolls. */
function leaving(page: Page, place: string): Promise<readonly string[]> {
  return page.locator(place).evaluate((root) => {
    const edge = root.getBoundingClientRect().right + 0.5;
    const isCut = ({ parentElement: parent }: typeof root): boolean => {
      if (parent === null || parent === root) return false;
      const { overflowX } = parent.ownerDocument.defaultView?.getComputedStyle(parent) ?? {};
      return overflowX !== "visible" || isCut(parent);
    };
    const all = [...root.querySelectorAll<typeof root>("*")].filter((one) => !isCut(one));
    const out = all.filter((element) => element.getBoundingClientRect().right > edge);
    if (root.scrollWidth > root.clientWidth) out.push(root);
    return out.map(({ tagName, className }) => `${tagName}.${className}`);
  });
}

/**
 * What axe calls serious or critical, each with its place. The policy lets in no foreign script: it
 * is run from outside.
 */
async function faultsOf(page: Page): Promise<readonly string[]> {
  await page.evaluate(axe.source);
  const violations: readonly Violation[] = await page.evaluate(
    "axe.run(document).then(({ violations }) => violations)",
  );
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 160)}`));
}

type Violation = {
  readonly id: string;
  readonly impact: string;
  readonly nodes: readonly { readonly html: string }[];
};

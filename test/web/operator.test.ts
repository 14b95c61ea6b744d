import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Standalone, startStandalone } from "../standalone.ts";
import { findChromium } from "./browser.ts";
import { isIn, mintAtHome, post, startTinCan } from "./tincan.ts";

let folder = "";
let ams: Standalone;
let link = "";

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "ams-operator-"));
  writeFileSync(
    join(folder, "agents.md"),
    "Join {{alias}} at {{connect_url}}. {{conversation_instructions}}",
  );
  const theme = { name: "Acme Line", tagline: "Ours.", light: { mark: "#123456" } };
  writeFileSync(join(folder, "theme.json"), JSON.stringify(theme));
  ams = await startStandalone({
    AMS_WEB_INSTRUCTIONS: join(folder, "agents.md"),
    AMS_WEB_THEME: join(folder, "theme.json"),
  });
  const account = await post(`${ams.url}/v1/accounts`, { namespace: "acme" });
  const body = { alias: "standup", metadata: { instructions: "Be brief.", title: "Stand-up" } };
  const minted = await post(`${ams.url}/v1/acme/conversations`, body, String(account.credential));
  link = String(minted.magic_link);
});
afterAll(async () => {
  await ams.stop();
  rmSync(folder, { recursive: true, force: true });
});

test("the operator's own text is what agents read, with the facts of the link in it", async () => {
  const text = await (await fetch(link)).text();
  const connectUrl = link.replace("http", "ws").replace("?", "/connect?");
  expect(text).toBe(`Join standup at ${connectUrl}. > Be brief.`);
});

test("name and colours are the operator's, without a build", async () => {
  const page = await (await fetch(ams.url)).text();
  expect(page).toContain("<title>Acme Line</title>");
  expect(page).toContain('data-tagline="Ours."');
  const path = /\/_tincan\/theme-\w+\.css/.exec(page)?.[0] ?? "";
  expect(await (await fetch(ams.url + path)).text()).toContain("--mark: #123456;");
});

test("what the deployment says of a link is what the link answers", async () => {
  const body: unknown = await (
    await fetch(link, { headers: { accept: "application/json" } })
  ).json();
  expect(body).toMatchObject({
    pre_bound: {
      namespace: "acme",
      alias: "standup",
      conversation_id: expect.stringMatching(/^conv_/),
      metadata: { instructions: "Be brief.", title: "Stand-up" },
    },
    mcp_endpoint: link,
    tincan_url: link,
  });
});

test.each([
  ["a wrong token", (url: string) => url.replace(/.{4}$/, "AAAA"), 404],
  ["no such conversation", (url: string) => url.replace("standup", "stand"), 404],
  ["a token cut off", (url: string) => url.slice(0, -3), 404],
])("%s is refused for programs, agents and people alike", async (_what, spoil, status) => {
  for (const accept of ["text/html", "application/json", "text/markdown"]) {
    const response = await fetch(spoil(link), { headers: { accept } });
    expect(response.status).toBe(status);
    expect(response.headers.get("content-type")).toContain(accept);
  }
});

test.each([
  ["no token", (url: string) => url.replace(/\?.*/, "")],
  ["an empty token", (url: string) => url.replace(/t=.*/, "t=")],
])("%s is refused for programs and agents; a browser may have kept it", async (_what, spoil) => {
  for (const [accept, status] of [
    ["application/json", 400],
    ["text/markdown", 400],
    ["text/html", 200],
  ] as const) {
    const response = await fetch(spoil(link), { headers: { accept } });
    expect(response.status).toBe(status);
    expect(response.headers.get("content-type")).toContain(accept);
  }
});

test("the rest of the port is what it was: control, its documents, its errors", async () => {
  expect((await fetch(`${ams.url}/healthz`)).status).toBe(200);
  expect((await fetch(`${ams.url}/docs`)).status).toBe(200);
  expect((await fetch(`${ams.url}/nowhere`)).status).toBe(404);
  expect((await fetch(ams.url, { method: "POST" })).status).toBe(405);
  expect((await fetch(ams.url, { method: "HEAD" })).status).toBe(200);
});

describe.skipIf(findChromium() === null)("on pages", () => {
  test.each([320, 768, 1280])("at %i px a long name leaves space for all else", async (width) => {
    const theme = join(folder, "long.json");
    writeFileSync(theme, JSON.stringify({ name: `Acme ${"Line ".repeat(20)}${"x".repeat(90)}` }));
    const tincan = await startTinCan({ AMS_WEB_THEME: theme });
    try {
      const { page } = await tincan.visit(tincan.ams.url, { width });
      const minted = await mintAtHome(page);
      expect(await leaving(page)).toEqual([]);
      await page.goto(minted);
      await isIn(page);
      expect(await leaving(page)).toEqual([]);
      const title = await page.locator(".masthead h1").boundingBox();
      expect(title?.width).toBeGreaterThan(60);
      await page.goto(`${tincan.ams.url}/nowhere`);
      expect(await leaving(page)).toEqual([]);
    } finally {
      await tincan.stop();
    }
  });
});

/** What stands in the masthead over something else of it, or beyond the window. */
function leaving(page: Page): Promise<readonly string[]> {
  return page.locator(".masthead").evaluate((masthead) => {
    const parts = [...masthead.querySelectorAll(".brand, button, .pill, h1")];
    const boxes = parts.map((part) => part.getBoundingClientRect());
    const isFree = boxes.map(
      ({ left, right }, index) =>
        left >= (boxes[index - 1]?.right ?? 0) &&
        right <= masthead.getBoundingClientRect().right &&
        masthead.scrollWidth <= masthead.clientWidth,
    );
    return parts.filter((_, index) => !isFree[index]).map(({ className }) => String(className));
  });
}

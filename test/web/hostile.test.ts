import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findChromium } from "./browser.ts";
import { hears, isIn, openWire, startTinCan, type TinCan } from "./tincan.ts";
import { joinByWire } from "./wire.ts";

/** What a peer may say: each stays the text that it is. */
const HOSTILE: Readonly<Record<string, string>> = {
  html: `<img src=x onerror="document.title='taken'"><b>bold</b>`,
  script: `<script>document.title = "taken"</script>`,
  ansi: "\u001b[31mred\u001b[0m \u0007bell",
  rtl: "\u202egnirts desrever\u202c and \u05d0\u05d1\u05d2",
  oneLine: "x".repeat(65_536),
  newlines: "a\n\n\n\r\nb\u2028c",
};

describe.skipIf(findChromium() === null)("hostile text and secrets", () => {
  let tincan: TinCan;
  beforeAll(async () => {
    tincan = await startTinCan({ AMS_LOG_LEVEL: "debug" });
  });
  afterAll(() => tincan.stop());

  test.each(Object.entries(HOSTILE))("%s from a peer stays text", async (_name, text) => {
    const { link } = await tincan.mint();
    const { page, faults } = await tincan.visit(link);
    await isIn(page);
    const peer = await joinByWire(link, "peer-1", {
      metadata: { display_name: text.slice(0, 60), note: text.slice(0, 200) },
    });
    peer.token(text);
    peer.send({ type: "set_metadata", metadata: { "ams.convention.v1": "end_of_turn" } });
    peer.token("the end");
    await hears(page, "the end");
    await page.locator(".conversation .rows").evaluate("(rows) => rows.scrollTo(0, 0)");
    const shown = await page.locator(".passage .text").allTextContents();
    expect(text.startsWith(shown[0] ?? "nothing")).toBe(true);
    expect(shown[0]).toBe(text.slice(0, shown[0]?.length));
    expect(await page.locator("#tincan img, #tincan b, #tincan script").count()).toBe(0);
    expect(await page.title()).not.toBe("taken");
    const wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth";
    expect(await page.evaluate(wide)).toBe(false);
    expect(faults).toEqual([]);
    await page.close();
  });

  test("a name that would turn what stands beside it around reads straight, in the roster and in the frames", async () => {
    const { link } = await tincan.mint();
    const { page, faults } = await tincan.visit(link);
    await isIn(page);
    await openWire(page);
    const peer = await joinByWire(link, "peer-1", {
      peerIdentity: { kind: "agent", model: "m\u202e1-", client: "\u2067c" },
      metadata: { display_name: "\u202eadA" },
    });
    peer.token("\u202eolleh");
    await hears(page, "\u202eolleh");
    const entry = page.locator(".side .roster li", { hasText: "peer-1" });
    expect(await entry.locator(".face").textContent()).toBe("A");
    expect(await entry.textContent()).not.toMatch(/\p{Bidi_Control}/u);
    const shown = await page.locator(".tincan-frame .body").allTextContents();
    expect(shown.join("")).not.toMatch(/\p{Bidi_Control}/u);
    expect(shown.at(-1)).toContain("\\u202eolleh");
    await page.locator(".tincan-frame").last().getByRole("button").click();
    const copied = await page.evaluate("navigator.clipboard.readText()");
    expect(copied).toContain('"data":"\u202eolleh"');
    expect(faults).toEqual([]);
  });

  test("a lone surrogate arrives as it was sent", async () => {
    const { link } = await tincan.mint();
    const { page, faults } = await tincan.visit(link);
    await isIn(page);
    const peer = await joinByWire(link, "peer-1");
    peer.token("\ud800 and more");
    await hears(page, "and more");
    const code = `document.querySelector(".passage .text").textContent.charCodeAt(0)`;
    expect(await page.evaluate(code)).toBe(0xd8_00);
    expect(faults).toEqual([]);
  });

  test("metadata that is hostile text stays text, on the page and in the document", async () => {
    const { link } = await tincan.mint({
      title: "<b>T</b>",
      instructions: "</pre><script>document.title='taken'</script>",
    });
    const { page, faults } = await tincan.visit(link);
    await isIn(page);
    await page.locator("h1", { hasText: "<b>T</b>" }).waitFor();
    expect(await page.title()).not.toBe("taken");
    expect(faults).toEqual([]);
  });

  test("no inline script runs, and none comes from elsewhere", async () => {
    const { link } = await tincan.mint();
    const response = await fetch(link, { headers: { accept: "text/html" } });
    const policy = response.headers.get("content-security-policy") ?? "";
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self'");
    expect(policy).not.toContain("unsafe");
    expect(await response.text()).not.toMatch(/<script(?![^>]*\bsrc=)/);
    expect(response.headers.get("referrer-policy")).toBe("no-referrer");
    expect(response.headers.get("cache-control")).toBe("no-store");
  });

  test("the link token is in no log, in no address after the load, and in no request but its own", async () => {
    const { link } = await tincan.mint();
    const token = new URL(link).searchParams.get("t") ?? "no token";
    const { page } = await tincan.visit("about:blank");
    const requests: string[] = [];
    page.on("request", (request) => {
      requests.push(request.url());
      const { referer = "" } = request.headers();
      requests.push(referer);
    });
    await page.goto(link);
    await isIn(page);
    expect(page.url()).not.toContain(token);
    expect(await page.evaluate("JSON.stringify(history.state)")).not.toContain(token);
    // The load, and the look at the link's terms (§2.7.9).
    const look = link.replace(tincan.ams.url, `${tincan.ams.url}/v1`);
    expect(requests.filter((url) => url.includes(token))).toEqual([link, look]);
    const log = readFileSync(join(tincan.ams.folder, "standalone.log"), "utf8");
    const printed = /hello\?t=/; // The demo's own link, which a start prints for its person.
    expect(log).toMatch(printed);
    expect(log).not.toContain(token);
  });
});

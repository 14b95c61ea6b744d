import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { describePages } from "./pages.ts";
import { hears, isIn, rosterOf, say } from "./tincan.ts";
import { joinByWire } from "./wire.ts";

const END = '{"ams.convention.v1":"end_of_turn"}';

const MARKDOWN = `## Findings

1. The **retry loop** has no bound
2. See [the notes](https://example.org/notes)

\`\`\`ts
retry(5);
\`\`\`

| table | rows |
|---|--:|
| orders | 41 |

- [x] measured`;

describePages("messages on the page", (tincan) => {
  test("Markdown is shown as people expect it, and its links lead out without a referrer", async () => {
    const { link } = await tincan.mint();
    const { page, faults } = await tincan.visit(link);
    await isIn(page);
    const agent = await joinByWire(link, "agent-1");
    for (const piece of MARKDOWN.match(/.{1,7}/gs) ?? []) agent.token(piece);
    agent.token(END);
    const text = page.locator(".passage .text").first();
    await text.locator("th", { hasText: "rows" }).waitFor();
    expect(await text.locator(".heading").textContent()).toBe("Findings");
    expect(await text.locator("ol li").count()).toBe(2);
    expect(await text.locator("strong").textContent()).toBe("retry loop");
    expect(await text.locator("td.align-right").textContent()).toBe("41");
    expect(await text.locator("input[type=checkbox]").isChecked()).toBe(true);
    const anchor = text.locator("a");
    expect(await anchor.getAttribute("href")).toBe("https://example.org/notes");
    expect(await anchor.getAttribute("rel")).toContain("noreferrer");
    expect(await anchor.getAttribute("target")).toBe("_blank");
    await text.getByRole("button", { name: "Copy this code" }).click();
    expect(await page.evaluate("navigator.clipboard.readText()")).toBe("retry(5);");
    expect(await page.locator(".conversation").textContent()).not.toContain("end_of_turn");
    expect(faults).toEqual([]);
  });

  test("three messages of one stream in a row have a gap between them, under one name", async () => {
    const { link } = await tincan.mint();
    const { page } = await tincan.visit(link);
    await isIn(page);
    const peer = await joinByWire(link, "peer-1");
    for (const text of ["one", "two", "three"]) {
      peer.token(text);
      peer.token(END);
    }
    await hears(page, "three");
    const texts = page.locator(".passage .text");
    expect(await texts.allTextContents()).toEqual(["one", "two", "three"]);
    expect(await page.locator(".passage.headed").count()).toBe(1);
    const boxes = await Promise.all((await texts.all()).map((text) => text.boundingBox()));
    for (const [index, box] of boxes.slice(1).entries()) {
      const before = boxes[index];
      const gap = (box?.y ?? 0) - ((before?.y ?? 0) + (before?.height ?? 0));
      expect(gap).toBeGreaterThanOrEqual(6);
    }
  });

  test("who writes has a caret and a mark, until the turn ends", async () => {
    const { link } = await tincan.mint();
    const { page } = await tincan.visit(link);
    await isIn(page);
    const peer = await joinByWire(link, "peer-1");
    peer.token("I am still");
    await page.locator(".side li.writing", { hasText: "peer-1" }).waitFor();
    const caret = `getComputedStyle(document.querySelector(".growing .text p"), "::after").width`;
    expect(Number.parseFloat(String(await page.evaluate(caret)))).toBeGreaterThan(2);
    peer.token(" writing.");
    peer.token(END);
    await page.locator(".side li.writing").waitFor({ state: "detached" });
    expect(await page.locator(".growing").count()).toBe(0);
  });

  test("text that grows out of sight is one click away", async () => {
    const { link } = await tincan.mint();
    const { page } = await tincan.visit(link);
    await isIn(page);
    const slow = await joinByWire(link, "slow-1");
    const fast = await joinByWire(link, "fast-1");
    slow.token("It began ");
    await hears(page, "It began");
    for (let index = 0; index < 40; index += 1) {
      fast.token(`line ${index}`);
      fast.token(END);
    }
    await hears(page, "line 39");
    slow.token("long ago");
    const mark = page.getByRole("button", { name: "slow-1 is writing" });
    await mark.click();
    await expect.poll(() => isSeen(page, "long ago")).toBe(true);
    await mark.waitFor({ state: "detached" });
    await page.getByRole("button", { name: /Jump to latest/ }).click();
    await expect.poll(() => isSeen(page, "line 39")).toBe(true);
  });

  test("what is selected in a text that grows stays selected", async () => {
    const { link } = await tincan.mint();
    const { page } = await tincan.visit(link);
    await isIn(page);
    const peer = await joinByWire(link, "peer-1");
    peer.token("Select these words");
    await hears(page, "these words");
    await page.evaluate("getSelection().selectAllChildren(document.querySelector('.text p'))");
    peer.token(" and more");
    await hears(page, "and more");
    expect(await page.evaluate("String(getSelection())")).toContain("Select these words");
  });

  test("a message says when nobody was here to read it, and Resend reaches who came since", async () => {
    const { link } = await tincan.mint();
    const { page } = await tincan.visit(link);
    await isIn(page);
    await say(page, "Is anybody here?");
    const own = page.locator(".passage.own");
    await own.getByText("Nobody else was here to read this").waitFor();
    const peer = await joinByWire(link, "peer-1");
    await own.getByRole("button", { name: "Resend" }).click();
    await peer.frame((frame) => frame.includes('"data":"Is anybody here?"'));
    await expect.poll(() => page.locator(".pending").count()).toBe(0);
    expect(await page.locator(".delivery").allTextContents()).toEqual(["Sent again below."]);
  });

  test("an empty conversation invites to copy its link, and says who is there when somebody is", async () => {
    const { link } = await tincan.mint();
    const { page } = await tincan.visit(link);
    await isIn(page);
    await page.getByRole("heading", { name: "You are the only one here" }).waitFor();
    await page.getByRole("button", { name: "Copy link of this conversation" }).click();
    expect(await page.evaluate("navigator.clipboard.readText()")).toBe(link);
    expect(await page.locator(".frames").count()).toBe(0);
  });

  test("the tab's title is the conversation's, and counts what came while nobody looked", async () => {
    const { link } = await tincan.mint({ title: "Release review" });
    const { page } = await tincan.visit(link);
    await isIn(page);
    await expect.poll(() => page.title()).toBe("Release review · TinCan");
    await page.evaluate(
      "Object.defineProperty(document, 'visibilityState', { value: 'hidden', configurable: true })",
    );
    const peer = await joinByWire(link, "peer-1");
    for (const text of ["one", "two"]) {
      peer.token(text);
      peer.token(END);
    }
    await expect.poll(() => page.title()).toBe("(2) Release review · TinCan");
    await page.evaluate(
      "delete document.visibilityState; document.dispatchEvent(new Event('visibilitychange'))",
    );
    await expect.poll(() => page.title()).toBe("Release review · TinCan");
  });

  test("a name that somebody here has is not taken, in whatever case", async () => {
    const { link } = await tincan.mint();
    await joinByWire(link, "peer-1", { metadata: { display_name: "Ada" } });
    const { page } = await tincan.visit(link);
    await isIn(page);
    await page.getByRole("button", { name: "Change" }).click();
    await page.getByLabel("Your name, as the others see it").fill("  ADA ");
    await page.getByText("Somebody here is already called ADA").waitFor();
    expect(await page.getByRole("button", { name: "Use this name" }).isDisabled()).toBe(true);
  });

  test("an invented name is one that nobody here has", async () => {
    const { link } = await tincan.mint();
    await joinByWire(link, "peer-1", { metadata: { display_name: "Fern" } });
    const { page } = await tincan.visit(link, {
      before: `sessionStorage.setItem("tincan display name", "Fern")`,
    });
    await isIn(page);
    await expect.poll(async () => new Set(await rosterOf(page)).size).toBe(2);
    expect(await rosterOf(page)).toContain("Fern");
    await page.locator(".who-line .name", { hasText: /^(?!Fern$)/ }).waitFor();
  });
});

/** True when the passage with this text is within the window of the list. */
async function isSeen(page: Page, text: string): Promise<boolean> {
  const list = await page.locator(".conversation .rows").boundingBox();
  const found = page.locator(".passage .text", { hasText: text }).first();
  const box = (await found.count()) === 0 ? null : await found.boundingBox();
  if (box === null || list === null) return false;
  return box.y + box.height > list.y && box.y < list.y + list.height;
}

import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { FAILED_REQUESTS } from "./browser.ts";
import { describePages } from "./pages.ts";
import { isIn, mintAtHome, post, say } from "./tincan.ts";
import { joinByWire } from "./wire.ts";

describePages("what is one's own on the page", (tincan) => {
  /** Another tab of the same person. */
  async function tabBeside(page: Page, url: string): Promise<Page> {
    const tab = await page.context().newPage();
    await tab.goto(url);
    return tab;
  }

  test("New asks first: who stays keeps conversation and link, who goes on starts from an empty form", async () => {
    const { page, faults } = await tincan.visit(tincan.ams.url);
    const link = await mintAtHome(page);
    await page.getByRole("button", { name: "New conversation" }).click();
    const question = page.getByRole("dialog", { name: "Start a new conversation?" });
    await question.getByText("You find it again under Your conversations").waitFor();
    await question.getByRole("button", { name: "Stay here" }).click();
    await question.waitFor({ state: "detached" });
    expect(await page.locator("#tincan-link").inputValue()).toBe(link);
    await page.getByRole("button", { name: "New conversation" }).click();
    await question.getByRole("button", { name: "Yes, start a new one" }).click();
    await page.locator("#tincan-mint").waitFor();
    await page.reload();
    await page.locator("#tincan-mint").waitFor();
    expect(await page.locator("#tincan-link").count()).toBe(0);
    expect(await mintAtHome(page)).not.toBe(link);
    expect(faults).toEqual([]);
  });

  test("Forget it asks first: who keeps the account mints by it, who doesn't mints by another", async () => {
    const { page } = await tincan.visit(tincan.ams.url);
    const [, first] = new URL(await mintAtHome(page)).pathname.split("/");
    await page.getByRole("button", { name: "New conversation" }).click();
    await page.getByRole("button", { name: "Yes, start a new one" }).click();
    await page.getByRole("button", { name: "Forget it" }).click();
    await page.getByText("Its credential exists nowhere else").waitFor();
    await page.getByRole("button", { name: "Keep it" }).click();
    await page.getByText(`Your account is ${first}`).waitFor();
    await page.getByRole("button", { name: "Forget it" }).click();
    await page.getByRole("button", { name: "Yes, forget it" }).click();
    await page.getByText("No sign-up: this page creates an account").waitFor();
    const kept = await page.evaluate("JSON.stringify({ ...localStorage })");
    expect(kept).not.toContain("ams_sk_");
    const [, second] = new URL(await mintAtHome(page)).pathname.split("/");
    expect(second).not.toBe(first);
  });

  test("an account that one tab forgets is forgotten in all: nobody manages by it, and everybody goes on talking", async () => {
    const { page } = await tincan.visit(tincan.ams.url);
    await mintAtHome(page);
    const manage = page.getByRole("button", { name: "Manage" });
    await manage.waitFor();
    const other = await tabBeside(page, tincan.ams.url);
    await other.getByRole("button", { name: "Forget it" }).click();
    await other.getByRole("button", { name: "Yes, forget it" }).click();
    await manage.waitFor({ state: "detached" });
    await say(page, "still here");
    await page.locator(".passage.own", { hasText: "still here" }).waitFor();
    await page.reload();
    await isIn(page);
    expect(await manage.count()).toBe(0);
  });

  test("two tabs that were open before there was an account mint by one, and both manage", async () => {
    const { page } = await tincan.visit(tincan.ams.url);
    const other = await tabBeside(page, tincan.ams.url);
    await other.getByText("No sign-up: this page creates an account").waitFor();
    const [, first] = new URL(await mintAtHome(page)).pathname.split("/");
    await other.getByText(`Your account is ${first}`).waitFor();
    const [, second] = new URL(await mintAtHome(other)).pathname.split("/");
    expect(second).toBe(first);
    await page.reload();
    await page.getByRole("button", { name: "Manage" }).waitFor();
  });

  test("§2.2.4 Manage by a credential that was rotated elsewhere says why it can't", async () => {
    const { page } = await tincan.visit(tincan.ams.url, { provoked: FAILED_REQUESTS });
    const link = await mintAtHome(page);
    const kept: unknown = JSON.parse(
      String(await page.evaluate(`localStorage.getItem("tincan account")`)),
    );
    await page.getByRole("button", { name: "Manage" }).click();
    const dialog = page.getByRole("dialog", { name: "Your conversation" });
    // Its socket is closed too (§2.2.6); the dialog that is open stays.
    await post(
      `${tincan.ams.url}/v1/account/credential`,
      { grace_s: 0 },
      String(Object(kept).credential),
    );
    await page.getByRole("button", { name: "Replace the link" }).click();
    const alerts = dialog.getByRole("alert").filter({ hasText: "not in this browser any more" });
    await alerts.last().waitFor();
    await page.keyboard.press("Escape");
    expect(await page.locator("#tincan-link").inputValue()).toBe(link);
  });

  test("§2.3.3 instructions that are too long are reported before they are sent, and go when they fit", async () => {
    const { page, faults } = await tincan.visit(tincan.ams.url);
    const field = page.getByLabel("Instructions for whoever joins");
    const mint = page.locator("#tincan-mint");
    await field.fill("é".repeat(8_192));
    await page.getByRole("status").filter({ hasText: "Too long by 19 bytes" }).waitFor();
    expect(await mint.isDisabled()).toBe(true);
    await field.fill("é".repeat(8_182));
    await page.getByRole("status").filter({ hasText: "Space left: 1 byte." }).waitFor();
    await mintAtHome(page);
    expect(faults).toEqual([]);
  });

  test("a browser that keeps nothing: home says what is lost with the page, before and after", async () => {
    const { page, faults } = await tincan.visit(tincan.ams.url, {
      before: () => {
        for (const name of ["localStorage", "sessionStorage"]) {
          Object.defineProperty(globalThis, name, {
            get: () => {
              throw new DOMException("storage is off", "SecurityError");
            },
          });
        }
      },
    });
    await page.getByText("the account is gone when you leave").waitFor();
    await mintAtHome(page);
    await page.locator(".banner", { hasText: "copy the magic link before you leave" }).waitFor();
    await page.getByRole("button", { name: "Manage" }).waitFor();
    await page.getByRole("button", { name: "New conversation" }).click();
    await page.getByRole("button", { name: "Yes, start a new one" }).click();
    await page.getByText("gone when you leave: this browser keeps nothing").waitFor();
    expect(faults).toEqual([]);
  });

  test("§3.2.4 each kind of peer has its badge, and who says nothing of itself has none", async () => {
    const { link } = await tincan.mint();
    const { page } = await tincan.visit(link);
    await isIn(page);
    const kinds = { "bot-1": { kind: "agent" }, "person-1": { kind: "human" } };
    for (const [name, peerIdentity] of Object.entries(kinds)) {
      await joinByWire(link, name, { peerIdentity });
    }
    await joinByWire(link, "nobody-1");
    const badges = (name: string) =>
      page.locator(".side .roster li", { hasText: name }).locator(".badge").allTextContents();
    await expect.poll(() => badges("bot-1")).toEqual(["agent"]);
    await expect.poll(() => badges("person-1")).toEqual(["human"]);
    await page.locator(".side .roster li", { hasText: "nobody-1" }).waitFor();
    expect(await badges("nobody-1")).toEqual([]);
  });

  test("a reload after the conversation was closed says so, at home and at its link", async () => {
    const { page } = await tincan.visit(tincan.ams.url, { provoked: FAILED_REQUESTS });
    const link = await mintAtHome(page);
    const portal = await tabBeside(page, link);
    await isIn(portal);
    await page.getByRole("button", { name: "Manage" }).click();
    await page.getByRole("button", { name: "Close the conversation" }).click();
    await page.getByRole("button", { name: "Yes, end it for everybody" }).click();
    await page.getByRole("heading", { name: "The conversation is closed" }).waitFor();
    await portal.getByRole("heading", { name: "The conversation is closed" }).waitFor();
    expect(await portal.getByRole("button", { name: "Invite" }).count()).toBe(0);
    await page.reload();
    await page.getByRole("heading", { name: "Your conversation has ended" }).waitFor();
    await page.getByRole("button", { name: "Start a new conversation" }).click();
    expect(await mintAtHome(page)).not.toBe(link);
    await portal.reload();
    await portal.getByRole("heading", { name: "There is no such conversation" }).waitFor();
    expect(await portal.getByRole("button", { name: "Invite" }).count()).toBe(0);
    await portal.getByRole("button", { name: "Start a new conversation" }).click();
    await portal.locator("#tincan-mint").waitFor();
  });

  test("a warning about the clock that was dismissed doesn't come back, after a restart neither", async () => {
    const { link } = await tincan.mint();
    const { page } = await tincan.visit(link, {
      before: () => {
        const now = Date.now.bind(Date);
        Date.now = () => now() + 45 * 60_000;
      },
      provoked: FAILED_REQUESTS,
    });
    await isIn(page);
    const warning = page.locator(".banner", { hasText: "45 minutes fast" });
    await warning.getByRole("button", { name: "Dismiss" }).click();
    await warning.waitFor({ state: "detached" });
    await tincan.ams.restart();
    await page.locator(".note.connection", { hasText: "Connected again" }).waitFor();
    await say(page, "on with it");
    await page.locator(".passage.own", { hasText: "on with it" }).waitFor();
    expect(await warning.count()).toBe(0);
  });
});

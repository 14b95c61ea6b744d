import { expect, test } from "vitest";
import { FAILED_REQUESTS } from "./browser.ts";
import { describePages } from "./pages.ts";
import { isIn, mintAtHome, post, streamNameOf } from "./tincan.ts";

describePages("§1.4 a link that was damaged on its way", (tincan) => {
  test.each([
    ["a slash too many", (link: string) => link.replace("?t", "/?t")],
    ["a capital", (link: string) => link.replace("/conversations", "/Conversations")],
    ["doubled slashes", (link: string) => link.replace("/conversations", "//conversations")],
    ["a bracket and a full stop", (link: string) => `${link}).`],
    ["an escaped ampersand", (link: string) => link.replace("?t", "?a=b&amp;t")],
  ])("opens all the same where it had only %s", async (_what, damage) => {
    const { link } = await tincan.mint();
    const { page, faults } = await tincan.visit(damage(link));
    await isIn(page);
    expect(page.url()).toBe(link.replace(/\?.*/, ""));
    await page.getByRole("button", { name: "Invite" }).click();
    expect(await page.getByLabel("Magic link", { exact: true }).inputValue()).toBe(link);
    expect(faults).toEqual([]);
  });

  test.each(["/falcon/conv", "/falcon/conversations/", "/falcon/conversations/a/b", "/falcon"])(
    "cut to %s it is a page that says what to do, and leads home",
    async (path) => {
      const url = tincan.ams.url + path;
      const { page, faults } = await tincan.visit(url, { provoked: FAILED_REQUESTS });
      await page.getByRole("heading", { name: "There is nothing at this address" }).waitFor();
      const paper = "getComputedStyle(document.documentElement).backgroundColor";
      expect(await page.evaluate(paper)).not.toBe("rgba(0, 0, 0, 0)");
      await page.getByRole("link", { name: "Start a new conversation" }).click();
      await page.locator("#tincan-mint").waitFor();
      expect(faults).toEqual([]);
      expect(await (await fetch(url)).json()).toMatchObject({ error: "not_found" });
    },
  );

  test("a mangled link in a tab that is in its conversation takes nobody out of it", async () => {
    const { link } = await tincan.mint();
    const { page, faults } = await tincan.visit(link, { provoked: FAILED_REQUESTS });
    await isIn(page);
    const name = await streamNameOf(page);
    await page.goto(link.replace(/.{4}$/, "AAAA"));
    await isIn(page);
    expect(await streamNameOf(page)).toBe(name);
    await page.getByRole("button", { name: "Invite" }).click();
    expect(await page.getByLabel("Magic link", { exact: true }).inputValue()).toBe(link);
    await page.reload();
    await isIn(page);
    expect(await streamNameOf(page)).toBe(name);
    expect(faults).toEqual([]);
  });
});

const DEAD = "This link no longer works";

describePages("§2.7 a link that was replaced while its page is open", (tincan) => {
  test("a guest who stays sees that, and no link to copy", async () => {
    const { link, namespace, alias, credential } = await tincan.mint();
    const { page, faults } = await tincan.visit(link, { provoked: FAILED_REQUESTS });
    await isIn(page);
    await page.getByRole("button", { name: "Invite" }).click();
    const shown = page.getByLabel("Magic link", { exact: true });
    expect(await shown.inputValue()).toBe(link);
    await page.keyboard.press("Escape");
    const path = `${tincan.ams.url}/v1/${namespace}/conversations/${alias}/link`;
    await post(path, { keep_connected: true }, credential);
    for (const name of ["Invite", "Connect"]) {
      await page.getByRole("button", { name, exact: true }).click();
      const dialog = page.getByRole("dialog", { name });
      await dialog.getByRole("alert").filter({ hasText: DEAD }).waitFor();
      expect(await dialog.innerText()).toContain("ask the owner of the conversation");
      expect(await dialog.locator("input, pre, .qr").count()).toBe(0);
      await page.keyboard.press("Escape");
    }
    expect(faults).toEqual([]);
  });

  test("the owner's other tab shows it when it is looked at again, and makes a new one there", async () => {
    const { page } = await tincan.visit(tincan.ams.url, { provoked: FAILED_REQUESTS });
    const link = await mintAtHome(page);
    const portal = await page.context().newPage();
    await portal.goto(link);
    await isIn(portal);
    await portal.getByRole("button", { name: "Manage" }).click();
    await portal.getByRole("button", { name: "Replace the link" }).click();
    await portal.locator(".note", { hasText: "The magic link was replaced" }).waitFor();
    await page.evaluate(`document.dispatchEvent(new Event("visibilitychange"))`);
    await page.getByRole("alert").filter({ hasText: DEAD }).waitFor();
    await page.getByRole("button", { name: "Create a new link" }).click();
    await page.getByRole("button", { name: "Replace the link" }).click();
    const fresh = page.locator("#tincan-link");
    await fresh.waitFor();
    expect(await fresh.inputValue()).not.toBe(link);
    expect((await fetch(await fresh.inputValue())).status).toBe(200);
  });

  test("while nothing answers it is shown as ever", async () => {
    const { link } = await tincan.mint();
    const { page } = await tincan.visit(link, { provoked: FAILED_REQUESTS });
    await isIn(page);
    let asked = 0;
    await page.route(/\/v1\//, (route) => {
      asked += 1;
      return route.fulfill({ status: 429, json: { error: "rate_limited", message: "Wait." } });
    });
    await page.getByRole("button", { name: "Invite" }).click();
    await expect.poll(() => asked).toBeGreaterThan(0);
    expect(await page.getByLabel("Magic link", { exact: true }).inputValue()).toBe(link);
    expect(await page.getByText(DEAD).count()).toBe(0);
  });
});

import { expect, test } from "vitest";
import { FAILED_REQUESTS } from "./browser.ts";
import { describePages } from "./pages.ts";
import { hears, isIn, mintAtHome, post, say, streamNameOf } from "./tincan.ts";
import { joinByWire } from "./wire.ts";

describePages("§2.7.5 links with limits", (tincan) => {
  test("the owner makes one that reads only and expires; its guest sees both, and writes nothing", async () => {
    const { page, faults } = await tincan.visit(tincan.ams.url);
    await mintAtHome(page);
    await page.getByRole("button", { name: "Manage" }).click();
    const dialog = page.getByRole("dialog", { name: "Your conversation" });
    await dialog.getByLabel("For whom").fill("The auditors");
    await dialog.getByLabel("Expires").selectOption({ label: "In an hour" });
    await dialog.getByLabel("Read only").check();
    await dialog.getByRole("button", { name: "Create link" }).click();
    await dialog.getByText("Copy it now, it is shown only here").waitFor();
    const link = await dialog.getByLabel("Magic link", { exact: true }).inputValue();
    const entry = dialog.locator(".links li", { hasText: "The auditors" });
    await entry.getByText(/^read only · until .* · not used yet$/).waitFor();
    await page.keyboard.press("Escape");

    const guest = await tincan.visit(link, { provoked: FAILED_REQUESTS });
    await guest.page.getByText("Your link is for reading").waitFor();
    await guest.page.locator(".side .link-limits", { hasText: /read only · until/ }).waitFor();
    expect(await guest.page.locator("textarea").count()).toBe(0);
    await say(page, "The books are open.");
    await hears(guest.page, "The books are open.");

    await page.getByRole("button", { name: "Manage" }).click();
    await entry.getByText(/used once/).waitFor();
    await dialog.getByRole("button", { name: "End The auditors" }).click();
    await dialog.getByRole("button", { name: "Yes, end The auditors" }).click();
    await entry.waitFor({ state: "detached" });
    await guest.page.getByText("Your link was ended").waitFor();
    await isIn(page);
    expect(faults).toEqual([]);
    expect(guest.faults).toEqual([]);
  });

  test("a link for one name admits the page under that name, also after a reload", async () => {
    const { link: first, namespace, alias, credential } = await tincan.mint();
    const path = `${tincan.ams.url}/v1/${namespace}/conversations/${alias}/links`;
    const made = await post(path, { stream_name: "scout" }, credential);
    const { page, faults } = await tincan.visit(String(made.magic_link), {
      provoked: FAILED_REQUESTS,
    });
    await isIn(page);
    expect(await streamNameOf(page)).toBe("scout");
    await page.reload();
    await isIn(page);
    expect(await streamNameOf(page)).toBe("scout");
    const peer = await joinByWire(first, "peer");
    await say(page, "Under my name.");
    await peer.token("Heard.");
    await hears(page, "Heard.");
    expect(faults).toEqual([]);
  });

  test("§2.3.5 an open page says until when its link works, and when that is over", async () => {
    const { namespace, alias, credential } = await tincan.mint();
    const path = `${tincan.ams.url}/v1/${namespace}/conversations/${alias}/links`;
    const made = await post(path, { expires_in_s: 12 }, credential);
    const { page } = await tincan.visit(String(made.magic_link), { provoked: FAILED_REQUESTS });
    await isIn(page);
    await page.getByRole("button", { name: "Invite" }).click();
    const dialog = page.getByRole("dialog", { name: "Invite" });
    await dialog.getByText(/This link: until \d/).waitFor();
    await dialog.getByRole("alert").filter({ hasText: "This link no longer works" }).waitFor();
    expect(await dialog.locator("input").count()).toBe(0);
    await page.keyboard.press("Escape");
    await isIn(page);
  });
});

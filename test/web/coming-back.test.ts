import { expect, test } from "vitest";
import { FAILED_REQUESTS } from "./browser.ts";
import { describePages } from "./pages.ts";
import { hears, isIn, mintAtHome, post, say } from "./tincan.ts";
import { joinByWire } from "./wire.ts";

const END = '{"ams.convention.v1":"end_of_turn"}';

describePages("coming back to a conversation", (tincan) => {
  test("in the browser that opened it, the address alone opens the conversation again", async () => {
    const { link } = await tincan.mint({ title: "Release review" });
    const { page, faults } = await tincan.visit(link);
    await isIn(page);
    const address = page.url();
    expect(address).not.toContain("t=");
    await page.close();
    const other = await tincan.browser.contexts().at(-1)?.newPage();
    await other?.goto(address);
    if (other === undefined) throw new Error("there is no other tab");
    await isIn(other);
    await other.getByRole("button", { name: "Copy link of this conversation" }).click();
    expect(await other.evaluate("navigator.clipboard.readText()")).toBe(link);
    expect(faults).toEqual([]);
    // Another browser has never been there: it says what to do.
    const stranger = await tincan.visit(address);
    await stranger.page.getByRole("heading", { name: "This link is incomplete" }).waitFor();
  });

  test("home lists the conversations that this browser was in; each opens, and can be removed", async () => {
    const { link } = await tincan.mint({ title: "Release review" });
    const { page } = await tincan.visit(tincan.ams.url);
    await page.getByLabel("Title").fill("My own");
    await mintAtHome(page);
    await page.goto(link);
    await isIn(page);
    await page.goto(tincan.ams.url);
    await page.getByRole("button", { name: "New conversation" }).click();
    await page.getByRole("button", { name: "Yes, start a new one" }).click();
    const titles = page.locator(".visits .title");
    await titles.first().waitFor();
    expect(await titles.allTextContents()).toEqual(["My own", "Release review"]);
    expect(await page.locator(".visits a").evaluateAll((all) => all.map(String))).toEqual(
      expect.not.arrayContaining([expect.stringContaining("t=")]),
    );
    await page.getByRole("button", { name: "Remove My own from this list" }).click();
    expect(await titles.allTextContents()).toEqual(["Release review"]);
    await titles.first().click();
    await isIn(page);
    await page.locator("h1", { hasText: "Release review" }).waitFor();
  });

  test("a conversation that was closed is listed no more", async () => {
    const { link, namespace, alias, credential } = await tincan.mint({ title: "Over" });
    const { page } = await tincan.visit(link, { provoked: FAILED_REQUESTS });
    await isIn(page);
    await fetch(`${tincan.ams.url}/v1/${namespace}/conversations/${alias}`, {
      method: "DELETE",
      headers: { authorization: `Bearer ${credential}` },
    });
    await page.getByRole("heading", { name: "The conversation is closed" }).waitFor();
    await page.goto(tincan.ams.url);
    await page.locator("#tincan-mint").waitFor();
    expect(await page.locator(".visits").count()).toBe(0);
  });

  test("a reload brings the messages back, and what one had sent with what became of it", async () => {
    const { link } = await tincan.mint();
    const { page, faults } = await tincan.visit(link);
    await isIn(page);
    await say(page, "Is anybody here?");
    await page.getByText("Nobody else was here to read this").waitFor();
    const peer = await joinByWire(link, "peer-1", { metadata: { display_name: "Peer" } });
    peer.token("Hello **there**");
    peer.token(END);
    await page.locator(".text strong", { hasText: "there" }).waitFor();
    await page.reload();
    await isIn(page);
    await page.locator(".text strong", { hasText: "there" }).waitFor();
    await hears(page, "Is anybody here?");
    await page.getByText("Nobody else was here to read this").waitFor();
    await page.locator(".note.connection", { hasText: "loaded again" }).waitFor();
    expect(await page.locator(".passage").count()).toBe(2);
    expect(faults).toEqual([]);
  });

  test("a link that its owner replaced says why it doesn't work", async () => {
    const { link, namespace, alias, credential } = await tincan.mint();
    await post(`${tincan.ams.url}/v1/${namespace}/conversations/${alias}/link`, {}, credential);
    const { page } = await tincan.visit(link, { provoked: FAILED_REQUESTS });
    await page.getByRole("heading", { name: "This link does not work" }).waitFor();
    await page.getByText("was replaced by its owner").waitFor();
    const answer = await fetch(link, { headers: { accept: "application/json" } });
    expect(await answer.json()).toMatchObject({ error: "invalid_magic_link" });
  });

  test("§7 who comes later reads what a conversation has kept, each message once, also after a reload", async () => {
    const { namespace, credential } = await tincan.mint();
    const replay = { ttl_s: 600, max_bytes: 1_048_576 };
    const path = `${tincan.ams.url}/v1/${namespace}/conversations`;
    const link = String((await post(path, { replay }, credential)).magic_link);
    const peer = await joinByWire(link, "peer-1");
    for (const text of ["one", "two"]) {
      peer.token(text);
      peer.token(END);
    }
    const { page, faults } = await tincan.visit(link);
    await hears(page, "two");
    const texts = () => page.locator(".passage .text").allTextContents();
    expect(await texts()).toEqual(["one", "two"]);
    expect(await page.locator(".growing").count()).toBe(0);
    peer.token("three");
    peer.token(END);
    await hears(page, "three");
    await page.goto("about:blank");
    peer.token("while you were away");
    peer.token(END);
    await page.goto(link);
    await hears(page, "while you were away");
    expect(await texts()).toEqual(["one", "two", "three", "while you were away"]);
    expect(await page.locator(".note", { hasText: "may be missing" }).count()).toBe(0);
    expect(faults).toEqual([]);
  });

  test.each([
    ["keeps messages for an hour", true, { ttl_s: 3_600, max_bytes: 1_048_576 }],
    ["keeps none where the switch is off", false, null],
  ] as const)("a conversation of the home page %s", async (_what, isOn, replay) => {
    const { page } = await tincan.visit(tincan.ams.url);
    const keeps = page.getByLabel("Keep messages for an hour");
    expect(await keeps.isChecked()).toBe(true);
    await keeps.setChecked(isOn);
    const { origin, pathname, search } = new URL(await mintAtHome(page));
    const inspected: unknown = await (await fetch(`${origin}/v1${pathname}${search}`)).json();
    expect(Object(inspected).replay).toEqual(replay);
    await say(page, "Hello");
    const notice = isOn ? "Whoever joins within 1 hour can read it" : "Nobody else was here";
    await page.locator(".delivery", { hasText: notice }).waitFor();
  });
});

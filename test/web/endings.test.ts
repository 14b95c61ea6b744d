import { afterEach, describe, expect, test } from "vitest";
import { FAILED_REQUESTS, findChromium } from "./browser.ts";
import { hears, isIn, mintAtHome, say, startTinCan, streamNameOf, type TinCan } from "./tincan.ts";
import { joinByWire } from "./wire.ts";

describe.skipIf(findChromium() === null)("what ends, and what comes back", () => {
  let tincan: TinCan | null = null;
  const start = async (env?: Readonly<Record<string, string>>) => {
    tincan = await startTinCan(env);
    return tincan;
  };
  afterEach(async () => {
    await tincan?.stop();
    tincan = null;
  });

  test("the gateway is restarted, and the page says so and comes back by itself under its name", async () => {
    const { ams, visit, mint } = await start();
    const { link } = await mint();
    const { page, faults } = await visit(link, { provoked: FAILED_REQUESTS });
    await isIn(page);
    const name = await streamNameOf(page);
    await ams.halt("SIGKILL");
    await page.locator(".banner", { hasText: "Reconnecting" }).waitFor();
    await page.getByRole("heading", { name: "Here before the connection broke" }).waitFor();
    await ams.resume();
    await page.locator(".note.connection", { hasText: "Connected again" }).waitFor();
    await page.getByRole("heading", { name: "Here now" }).waitFor();
    expect(await streamNameOf(page)).toBe(name);
    const peer = await joinByWire(link, "peer-1");
    peer.token("still here?");
    await hears(page, "still here?");
    await say(page, "yes");
    await peer.frame((frame) => frame.includes('"data":"yes"'));
    expect(faults).toEqual([]);
  });

  test("who tries at once while nothing answers still comes back by itself", async () => {
    const { ams, visit, mint } = await start();
    const { link } = await mint();
    const { page } = await visit(link);
    await isIn(page);
    await ams.halt("SIGKILL");
    await page.getByRole("button", { name: "Try now" }).click();
    await page.locator(".banner", { hasText: "Reconnecting" }).waitFor();
    await ams.resume();
    await page.locator(".note.connection", { hasText: "Connected again" }).waitFor();
    const peer = await joinByWire(link, "peer-1");
    peer.token("there you are");
    await hears(page, "there you are");
  });

  test("what is sent while nothing answers survives trying at once, in its order, once, and uncut", async () => {
    const { ams, visit, mint } = await start();
    const { link } = await mint();
    const { page } = await visit("about:blank");
    const sent: string[] = [];
    page.on("websocket", (socket) =>
      socket.on("framesent", ({ payload }) => sent.push(String(payload))),
    );
    await page.goto(link);
    await isIn(page);
    await ams.halt("SIGKILL");
    const again = page.getByRole("button", { name: "Try now" });
    await again.waitFor();
    const paste = "x".repeat(200_000);
    await say(page, paste);
    await say(page, "QUICK");
    await again.click();
    await page.locator(".hint", { hasText: "waits until the connection is back" }).waitFor();
    await again.click();
    await ams.resume();
    const pending = page.locator(".passage.pending");
    await expect.poll(() => pending.count(), { timeout: 30_000 }).toBe(0);
    const tokens = sent
      .map((frame) => JSON.parse(frame))
      .filter(({ type }) => type === "token")
      .map(({ data }) => data);
    const end = '{"ams.convention.v1":"end_of_turn"}';
    const texts = tokens.filter((data) => data !== end);
    expect(texts.map(({ length }) => length)).toEqual([65_536, 65_536, 65_536, 3_392, 5]);
    expect(tokens.join("")).toBe(`${paste}${end}QUICK${end}`);
    expect(await page.locator(".composer textarea").inputValue()).toBe("");
  });

  test("the owner closes the conversation, and both pages say so", async () => {
    const { ams, visit } = await start();
    const owner = await visit(ams.url);
    const link = await mintAtHome(owner.page);
    const guest = await visit(link);
    await isIn(guest.page);
    await say(owner.page, "last words");
    await hears(guest.page, "last words");
    await guest.page.getByRole("button", { name: "Invite" }).click();
    const [portal] = await Promise.all([
      owner.page.context().waitForEvent("page"),
      owner.page.getByRole("link", { name: "Open" }).click(),
    ]);
    await isIn(portal);
    await portal.getByRole("button", { name: "Manage" }).click();
    await portal.getByRole("button", { name: "Close the conversation" }).click();
    await portal.getByRole("button", { name: "Yes, end it for everybody" }).click();
    for (const page of [owner.page, guest.page, portal]) {
      await page.getByRole("heading", { name: "The conversation is closed" }).waitFor();
      await page.getByRole("dialog").waitFor({ state: "detached" });
    }
    await hears(guest.page, "last words");
  });

  test("the owner replaces the link: who came by the old one goes on or is sent away, as chosen", async () => {
    const { ams, visit } = await start();
    const owner = await visit(ams.url);
    const link = await mintAtHome(owner.page);
    const guest = await visit(link);
    await isIn(guest.page);
    await owner.page.goto(link);
    await isIn(owner.page);
    await owner.page.getByRole("button", { name: "Manage" }).click();
    await owner.page.getByLabel("Those who are here may stay").uncheck();
    await owner.page.getByRole("button", { name: "Replace the link" }).click();
    await guest.page.getByRole("heading", { name: "Your link was ended" }).waitFor();
    await owner.page.locator(".note", { hasText: "The magic link was replaced" }).waitFor();
    await owner.page.getByRole("button", { name: "Invite" }).click();
    const fresh = await owner.page.getByLabel("Magic link", { exact: true }).inputValue();
    expect(fresh).not.toBe(link);
    const third = await visit(fresh);
    await isIn(third.page);
    const late = await visit(link);
    await late.page.getByRole("heading", { name: "This link does not work" }).waitFor();
  });

  test("what is sent while nothing answers goes out when the connection is back", async () => {
    const { ams, visit, mint } = await start();
    const { link } = await mint();
    const { page } = await visit(link);
    await isIn(page);
    await ams.halt("SIGKILL");
    await page.locator(".banner", { hasText: "Reconnecting" }).waitFor();
    await say(page, "into the void");
    await page.locator(".hint", { hasText: "waits until the connection is back" }).waitFor();
    const own = page.locator(".passage.own", { hasText: "into the void" });
    await own.getByText("Waiting for the connection").waitFor();
    await ams.resume();
    // It went out when the page was back, before anybody else was.
    await own.getByText("Nobody else was here to read this").waitFor();
    const peer = await joinByWire(link, "peer-1");
    await own.getByRole("button", { name: "Resend" }).click();
    await peer.frame((frame) => frame.includes('"data":"into the void"'));
    await own.first().getByText("Sent again below").waitFor();
    expect(await own.last().locator(".delivery").count()).toBe(0);
  });

  test("the owner manages the conversation on the home page too, and a reload keeps the new link", async () => {
    const { ams, visit } = await start();
    const { page } = await visit(ams.url);
    const link = await mintAtHome(page);
    await page.getByRole("button", { name: "Manage" }).click();
    await page.getByRole("button", { name: "Replace the link" }).click();
    await expect.poll(() => page.locator("#tincan-link").inputValue()).not.toBe(link);
    const fresh = await page.locator("#tincan-link").inputValue();
    await page.reload();
    await isIn(page);
    expect(await page.locator("#tincan-link").inputValue()).toBe(fresh);
  });

  test("another tab under the same name takes the stream over, and each tab can have it back", async () => {
    const { visit, mint } = await start();
    const { link } = await mint();
    const { page } = await visit(link);
    await isIn(page);
    const name = await streamNameOf(page);
    const thief = await joinByWire(link, name);
    await page.getByRole("heading", { name: "Your name is in use elsewhere" }).waitFor();
    await page.getByRole("button", { name: "Continue under a new name" }).click();
    await isIn(page);
    await expect.poll(() => streamNameOf(page)).not.toBe(name);
    await say(page, "I am someone else now");
    await thief.frame((frame) => frame.includes("I am someone else now"));
  });
});

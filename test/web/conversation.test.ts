import type { WebSocketRoute } from "playwright-core";
import { expect, test } from "vitest";
import { describePages } from "./pages.ts";
import { hears, isIn, mintAtHome, openWire, rosterOf, say, streamNameOf } from "./tincan.ts";
import { joinByWire } from "./wire.ts";

describePages("a conversation on pages", (tincan) => {
  test("what is minted at home is copied, opened by somebody else, and talked in both ways", async () => {
    const home = await tincan.visit(tincan.ams.url);
    const link = await mintAtHome(home.page);
    await home.page.click("#tincan-copy");
    const copied = await home.page.evaluate("navigator.clipboard.readText()");
    expect(copied).toBe(link);
    const guest = await tincan.visit(link);
    await isIn(guest.page);
    await expect.poll(() => rosterOf(home.page)).toHaveLength(2);
    await expect.poll(() => rosterOf(guest.page)).toHaveLength(2);
    await say(home.page, "good morning");
    await hears(guest.page, "good morning");
    await say(guest.page, "and to you");
    await hears(home.page, "and to you");
    await home.page.locator(".tincan-frame.join .head", { hasText: "stream_joined" }).waitFor();
    expect([...home.faults, ...guest.faults]).toEqual([]);
  });

  test("the raw pane shows the very frames that a plain client saw", async () => {
    const { link } = await tincan.mint();
    const plain = await joinByWire(link, "plain-1");
    const talker = await joinByWire(link, "talker-1");
    const { page } = await tincan.visit(link);
    await isIn(page);
    await openWire(page);
    for (const data of ["ein ", "zwei ", "drei"]) talker.token(data);
    talker.send({ type: "set_metadata", metadata: { n: 1 } });
    talker.close();
    await plain.frame((frame) => frame.includes('"stream_left"') && frame.includes("talker-1"));
    const left = page.locator(".tincan-frame.left .body", { hasText: "talker-1" });
    await left.waitFor({ state: "attached" });
    const shown = await page.locator(".tincan-frame .body").allTextContents();
    const seen = plain.frames.filter((frame) => frame.includes('"talker-1"'));
    expect(shown.filter((frame) => !frame.startsWith('{"type":"joined"')).slice(-5)).toEqual(
      seen.slice(-5),
    );
  });

  test("frames are filtered by what they hold, and copied as they came", async () => {
    const { link } = await tincan.mint();
    const { page } = await tincan.visit(link);
    await isIn(page);
    await openWire(page);
    const peer = await joinByWire(link, "peer-1");
    for (const data of ["a needle", "hay", "another needle"]) peer.token(data);
    await hears(page, "another needle");
    await page.getByLabel("Filter frames").fill("NEEDLE");
    await expect.poll(() => page.locator(".tincan-frame").count()).toBe(2);
    await page.getByRole("button", { name: "Copy all frames shown" }).click();
    const copied = String(await page.evaluate("navigator.clipboard.readText()"));
    const frames = copied.split("\n").map((frame) => JSON.parse(frame).data);
    expect(frames).toEqual(["a needle", "another needle"]);
  });

  test("500 tokens of an agent flow into one text, and its turn ends where it says so", async () => {
    const { link } = await tincan.mint();
    const { page } = await tincan.visit(link);
    await isIn(page);
    const agent = await joinByWire(link, "writer-1", {
      peerIdentity: { kind: "agent", model: "m-1", client: "writer" },
    });
    const words = Array.from({ length: 500 }, (_, index) => `w${index} `);
    for (const word of words) agent.token(word);
    agent.send({ type: "set_metadata", metadata: { "ams.convention.v1": "end_of_turn" } });
    agent.token("next turn");
    await hears(page, "next turn");
    const texts = await page.locator(".passage .text").allTextContents();
    expect(texts.at(-1)).toBe("next turn");
    expect(texts.slice(0, -1).join("")).toBe(words.join(""));
    expect(await page.locator(".passage.headed").count()).toBeLessThanOrEqual(2);
    const badges = await page.locator(".side .badge").allTextContents();
    expect(badges).toEqual(expect.arrayContaining(["agent", "m-1", "writer"]));
  });

  test("a reload resumes under the same name, without the link in the address bar", async () => {
    const { link } = await tincan.mint();
    const { page } = await tincan.visit(link);
    await isIn(page);
    const before = await streamNameOf(page);
    expect(page.url()).not.toContain("t=");
    await page.reload();
    await isIn(page);
    expect(await streamNameOf(page)).toBe(before);
    const peer = await joinByWire(link, "peer-1");
    peer.token("welcome back");
    await hears(page, "welcome back");
  });

  test("home comes back to its conversation after a reload", async () => {
    const { page } = await tincan.visit(tincan.ams.url);
    const link = await mintAtHome(page);
    await page.reload();
    await isIn(page);
    expect(await page.locator("#tincan-link").inputValue()).toBe(link);
  });

  test("frames that are lost on the way are drawn as a gap", async () => {
    const { link } = await tincan.mint();
    const { page } = await tincan.visit(link, {
      prepare: (context) => context.routeWebSocket(/\/connect\?/, loseTokens("lost")),
    });
    await isIn(page);
    const peer = await joinByWire(link, "peer-1");
    for (const data of ["one", "lost", "lost", "two"]) peer.token(data);
    await hears(page, "two");
    await page.locator(".note.gap", { hasText: "2 frames are missing here" }).waitFor();
    const texts = await page.locator(".passage .text").allTextContents();
    expect(texts).toEqual(["one", "two"]);
  });

  test("who scrolls back stays there while others speak, and comes back to the latest", async () => {
    const { link } = await tincan.mint();
    const { page } = await tincan.visit(link);
    await isIn(page);
    const peer = await joinByWire(link, "peer-1");
    const speak = (from: number) => {
      for (let line = from; line < from + 60; line += 1) peer.token(`line ${line}\n`);
    };
    speak(0);
    await hears(page, "line 59");
    const latest = page.locator(".conversation .to-end");
    expect(await latest.count()).toBe(0);
    await page.locator(".conversation .rows").hover();
    await page.mouse.wheel(0, -500);
    await latest.waitFor();
    const place = () => page.locator(".conversation .rows").evaluate(({ scrollTop }) => scrollTop);
    const before = await place();
    speak(60);
    await hears(page, "line 119");
    expect(await place()).toBe(before);
    await latest.click();
    await latest.waitFor({ state: "detached" });
    await page.mouse.wheel(0, -500);
    await latest.waitFor();
    await page.mouse.wheel(0, 5_000);
    await latest.waitFor({ state: "detached" });
  });

  test("a name is remembered, sent to the others, and the next tab's stream is named after it", async () => {
    const { link } = await tincan.mint();
    const { page } = await tincan.visit(link);
    await isIn(page);
    const peer = await joinByWire(link, "peer-1");
    await page.getByRole("button", { name: "Change" }).click();
    await page.getByLabel("Your name, as the others see it").fill("Zoë Ångström");
    await page.keyboard.press("Enter");
    await peer.frame((frame) => frame.includes('"display_name":"Zoë Ångström"'));
    const second = await page.context().newPage();
    await second.goto(link);
    await isIn(second);
    expect(await streamNameOf(second)).toMatch(/^zoe-angstrom-[a-z2-7]{4}$/);
    await expect.poll(() => rosterOf(page)).toContain("Zoë Ångström");
  });

  test("a name that nobody could see is not taken, and one that would turn text around is sent without that", async () => {
    const { link } = await tincan.mint();
    const { page } = await tincan.visit(link);
    await isIn(page);
    const peer = await joinByWire(link, "peer-1");
    await page.getByRole("button", { name: "Change" }).click();
    const field = page.getByLabel("Your name, as the others see it");
    const use = page.getByRole("button", { name: "Use this name" });
    for (const name of [" ", "\u200b\u200b", "\u202e"]) {
      await field.fill(name);
      expect(await use.isDisabled()).toBe(true);
    }
    await field.fill("\u202eadA <b>");
    await use.click();
    await peer.frame((frame) => frame.includes('"display_name":"adA <b>"'));
    await page.locator(".who-line .name", { hasText: /^adA <b>$/ }).waitFor();
  });

  test("who only watches can't write, and the others see it", async () => {
    const { link } = await tincan.mint();
    const peer = await joinByWire(link, "peer-1");
    const { page } = await tincan.visit(link);
    await isIn(page);
    await page.getByLabel("Only watch").check();
    await page.locator(".composer").waitFor({ state: "detached" });
    await peer.frame((frame) => frame.includes('"observing":true'));
    await page.reload();
    await page.getByLabel("Only watch").waitFor();
    expect(await page.getByLabel("Only watch").isChecked()).toBe(true);
  });
});

/** Takes the server's tokens of this text out of the page's socket. */
function loseTokens(text: string) {
  return (socket: WebSocketRoute) => {
    const server = socket.connectToServer();
    server.onMessage((message) => {
      if (!String(message).includes(`"data":"${text}"`)) socket.send(message);
    });
  };
}

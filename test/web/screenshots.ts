/**
 * Takes the pictures of the page: those that the documents show, and those of the story on the home
 * page. `npm run screenshots`.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { join as joinBySdk } from "@ams/client";
import type { Page } from "playwright-core";
import { connect } from "../mcp/clients.ts";
import {
  hears,
  isIn,
  mintAtHome,
  openWire,
  say,
  startTinCan,
  type TinCan,
  type VisitOptions,
} from "./tincan.ts";
import { joinByWire, type Wire } from "./wire.ts";

const [folder = "docs/images", storyFolder = "edges/web/src/page/story"] = process.argv.slice(2);

const PHONE = { width: 390, height: 844 };
const WIDE = { width: 1440, height: 900 };
/** The story's pictures are shown smaller: a narrow window keeps their text legible. */
const STORY = { width: 620, height: 440 };
/** Pixels of a story picture for each of the page's: it is shown on dense screens too. */
const STORY_SCALE = 2;
const WEBP_QUALITY = 72;

const INSTRUCTIONS = {
  title: "Release review",
  instructions: "You review the release together. Say who you are; be brief.",
};

/** Runs in the page before its script: its person has chosen a name. */
const asAda = `localStorage.setItem("tincan display name", "Ada")`;

const END = '{"ams.convention.v1":"end_of_turn"}';

/** A conversation as it might be: who writes what. */
const SCRIPT: readonly (readonly [who: "scout" | "mason", what: string])[] = [
  [
    "scout",
    "I read the diff. Two things stand out:\n\n1. The **retry loop** has no upper bound\n2. The new index is built while writes go on\n\n```ts\nfor (let attempt = 1; ; attempt += 1) {\n  await retry(attempt);\n}\n```",
  ],
  [
    "mason",
    "The index first. I measured it on a copy:\n\n| table | rows | build |\n|---|--:|--:|\n| orders | 41 M | 4 min |\n| users | 2 M | 9 s |",
  ],
  [
    "scout",
    "Agreed. Then the loop: I would cap it at **five tries** with jitter, and return the last error instead of a timeout.",
  ],
  ["mason", "Doing that now. The test that fails without the cap is in place; give me"],
];

await main();

async function main(): Promise<void> {
  mkdirSync(folder, { recursive: true });
  mkdirSync(storyFolder, { recursive: true });
  const tincan = await startTinCan({ AMS_INSTANCE: "gateway-1" });
  try {
    for (const dark of [false, true]) await story(tincan, dark);
    await home(tincan);
    await portalEmpty(tincan);
    await portalBusy(tincan, "portal", WIDE);
    await portalBusy(tincan, "portal-dark", { ...WIDE, dark: true });
    await portalBusy(tincan, "portal-phone", PHONE);
    await portalBusy(tincan, "portal-phone-dark", { ...PHONE, dark: true });
    await together(tincan);
    await faults(tincan);
  } finally {
    await tincan.stop();
  }
}

/** The three steps of the story, in one colour scheme. */
async function story({ ams, visit }: TinCan, dark: boolean): Promise<void> {
  const { page } = await visit(ams.url, { ...STORY, dark, before: asAda });
  await page.getByLabel("Title").fill("Release review");
  const link = await mintAtHome(page);
  await page.getByRole("button", { name: "Wire" }).click();
  await shootStory(page, `link-${dark ? "dark" : "light"}`);
  await page.getByRole("tab", { name: "Connect" }).click();
  await page.locator("#connect-codex").waitFor();
  await shootStory(page, `connect-${dark ? "dark" : "light"}`);
  await page.goto(link);
  await isIn(page);
  await talk(page, await enter(link));
  await shootStory(page, `talk-${dark ? "dark" : "light"}`);
}

async function home({ ams, visit }: TinCan): Promise<void> {
  for (const dark of [false, true]) {
    const { page } = await visit(ams.url, { dark });
    await page.locator(".pill.up").waitFor();
    await shoot(page, dark ? "home-dark" : "home");
  }
  const { page } = await visit(ams.url, { ...WIDE, before: asAda });
  await page.getByLabel("Title").fill("Release review");
  const link = await mintAtHome(page);
  const agents = await enter(link);
  await talk(page, agents);
  await shoot(page, "home-live");
  await page.getByRole("tab", { name: "Connect" }).click();
  await page.locator("#connect-codex").waitFor();
  await shoot(page, "home-connect");
  const phone = await visit(ams.url, PHONE);
  await phone.page.locator(".pill.up").waitFor();
  await shoot(phone.page, "home-phone");
}

async function portalEmpty({ mint, visit }: TinCan): Promise<void> {
  const { link } = await mint(INSTRUCTIONS);
  const { page } = await visit(link, { width: 1100, height: 760 });
  await isIn(page);
  await shoot(page, "portal-empty");
  await page.getByRole("button", { name: "Invite" }).click();
  await page.locator(".qr").waitFor();
  await shoot(page, "portal-invite");
}

async function portalBusy({ mint, visit }: TinCan, name: string, options: VisitOptions) {
  const { link } = await mint(INSTRUCTIONS);
  const { page } = await visit(link, { ...options, before: asAda });
  await isIn(page);
  if (options.width === WIDE.width) await openWire(page);
  await talk(page, await enter(link));
  await shoot(page, name);
}

/** An agent by an MCP client, a program by the SDK, and a person on the page. */
async function together({ mint, visit }: TinCan): Promise<void> {
  const { link } = await mint(INSTRUCTIONS);
  const { page } = await visit(link, { width: 1280, height: 800, before: asAda });
  await isIn(page);
  const agent = await connect("1.x client, sessions", link, "mcp-client");
  await agent.call("ams_join", {
    stream_metadata: { display_name: "Agent" },
    peer_identity: { kind: "agent", client: "mcp-client", model: "m-1" },
  });
  await agent.call("ams_send", { data: "I am in, by **MCP**. The build is green." });
  await hears(page, "by MCP");
  const program = await joinBySdk(link, {
    guest: true,
    streamName: "ci-4f1c",
    streamMetadata: { display_name: "CI" },
    peerIdentity: { kind: "agent", client: "sdk" },
  });
  await program.send("I am a program, by the **SDK**:\n\n```\ntests 1204 passed\n```");
  await program.endTurn();
  await hears(page, "by the SDK");
  await say(page, "Then let us release.");
  await page.locator(".pending").waitFor({ state: "detached" });
  await shoot(page, "together");
  await program.close();
  await agent.close();
}

async function faults({ ams, mint, visit }: TinCan): Promise<void> {
  const { link } = await mint(INSTRUCTIONS);
  const { page } = await visit(link.replace(/.{6}$/, "AAAAAA"), { width: 1100, height: 760 });
  await page.getByRole("alert").waitFor();
  await shoot(page, "portal-error");
  const away = await visit(link, { width: 1100, height: 760 });
  await isIn(away.page);
  const peer = await joinByWire(link, "scout-4f1c", { metadata: { display_name: "Scout" } });
  peer.token("The build is green.");
  peer.token(END);
  await hears(away.page, "green");
  await ams.halt("SIGKILL");
  await away.page.locator(".banner.warn").waitFor();
  await say(away.page, "Thanks, I will deploy it.");
  await away.page.getByText("Waiting for the connection").waitFor();
  await shoot(away.page, "portal-reconnecting");
}

async function enter(link: string): Promise<Readonly<Record<"scout" | "mason", Wire>>> {
  const identity = (client: string, model: string) => ({
    peerIdentity: { kind: "agent", client, model },
  });
  const scout = await joinByWire(link, "scout-4f1c", {
    ...identity("claude-code", "opus"),
    metadata: { display_name: "Scout" },
  });
  const mason = await joinByWire(link, "mason-9b20", {
    ...identity("codex", "gpt"),
    metadata: { display_name: "Mason" },
  });
  return { scout, mason };
}

/** The script, word by word, and a person's question in the middle of it; the last turn is open. */
async function talk(page: Page, agents: Readonly<Record<"scout" | "mason", Wire>>) {
  for (const [index, [who, what]] of SCRIPT.entries()) {
    for (const word of what.match(/\S+\s*/g) ?? []) agents[who].token(word);
    if (index < SCRIPT.length - 1) agents[who].token(END);
    await page
      .locator(".passage.headed", { hasText: agentName(who) })
      .last()
      .waitFor();
    if (index === 1) await say(page, "What about the retry loop?");
    await page.locator(".pending").waitFor({ state: "detached" });
  }
  await hears(page, "give me");
}

function agentName(who: "scout" | "mason"): string {
  return who === "scout" ? "Scout" : "Mason";
}

async function shoot(page: Page, name: string): Promise<void> {
  await page.evaluate("document.activeElement?.blur()");
  await page.screenshot({ path: join(folder, `${name}.png`), animations: "disabled" });
}

/** As WebP, which Playwright can't write: the browser itself does. */
async function shootStory(page: Page, name: string): Promise<void> {
  await page.evaluate("document.activeElement?.blur()");
  const session = await page.context().newCDPSession(page);
  const { data } = await session.send("Page.captureScreenshot", {
    format: "webp",
    quality: WEBP_QUALITY,
    clip: { x: 0, y: 0, ...STORY, scale: STORY_SCALE },
  });
  writeFileSync(join(storyFolder, `${name}.webp`), Buffer.from(data, "base64"));
}

/**
 * Takes the pictures of the page that the documents show, into the folder that is given:
 * `npm run screenshots`.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import {
  hears,
  isIn,
  mintAtHome,
  say,
  startTinCan,
  type TinCan,
  type VisitOptions,
} from "./tincan.ts";
import { joinByWire, type Wire } from "./wire.ts";

const [folder = "docs/images"] = process.argv.slice(2);

const PHONE = { width: 390, height: 844 };
const WIDE = { width: 1440, height: 900 };

const INSTRUCTIONS = {
  title: "Release review",
  instructions: "You review the release together. Say who you are; be brief.",
};

/** A conversation as it might be: who says what. */
const SCRIPT: readonly (readonly [who: "scout" | "mason", what: string])[] = [
  [
    "scout",
    "I have read the diff. Two things stand out: the retry loop has no upper bound, and the new index is built while writes go on.",
  ],
  [
    "mason",
    "The index first. On our largest table it takes about four minutes, and writes wait for it at the very end only.\n\nI measured 80 ms. Nobody will notice.",
  ],
  [
    "scout",
    "Agreed. Then the loop: I would cap it at five tries with jitter, and let the caller see the last error instead of a timeout.",
  ],
  ["mason", "Doing that now. The test that fails without the cap is in place; give me a minute"],
];

await main();

async function main(): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const tincan = await startTinCan({ AMS_INSTANCE: "gateway-1" });
  try {
    await home(tincan);
    await portalEmpty(tincan);
    await portalBusy(tincan, "portal", WIDE);
    await portalBusy(tincan, "portal-dark", { ...WIDE, dark: true });
    await portalBusy(tincan, "portal-phone", PHONE);
    await portalBusy(tincan, "portal-phone-dark", { ...PHONE, dark: true });
    await faults(tincan);
  } finally {
    await tincan.stop();
  }
}

async function home({ ams, visit }: TinCan): Promise<void> {
  for (const dark of [false, true]) {
    const { page } = await visit(ams.url, { dark });
    await page.locator(".pill.up").waitFor();
    await shoot(page, dark ? "home-dark" : "home");
  }
  const { page } = await visit(ams.url, WIDE);
  const link = await mintAtHome(page);
  const agents = await enter(link);
  await talk(page, agents);
  await shoot(page, "home-live");
  await page.getByRole("tab", { name: "Connect" }).click();
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
  await shoot(page, "portal-invite");
}

async function portalBusy({ mint, visit }: TinCan, name: string, options: VisitOptions) {
  const { link } = await mint(INSTRUCTIONS);
  const { page } = await visit(link, {
    ...options,
    before: `localStorage.setItem("tincan display name", "Ada")`,
  });
  await isIn(page);
  await talk(page, await enter(link));
  await shoot(page, name);
}

async function faults({ ams, mint, visit }: TinCan): Promise<void> {
  const { link } = await mint(INSTRUCTIONS);
  const { page } = await visit(link.replace(/.{6}$/, "AAAAAA"), { width: 1100, height: 760 });
  await page.getByRole("alert").waitFor();
  await shoot(page, "portal-error");
  const away = await visit(link, { width: 1100, height: 760 });
  await isIn(away.page);
  await say(away.page, "Is anybody there?");
  await ams.halt("SIGKILL");
  await away.page.locator(".banner.warn").waitFor();
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

/** The script, word by word, and a person's question in the middle of it. */
async function talk(page: Page, agents: Readonly<Record<"scout" | "mason", Wire>>) {
  for (const [index, [who, what]] of SCRIPT.entries()) {
    const words = what.match(/\S+\s*/g) ?? [];
    for (const word of words) agents[who].token(word);
    await hears(page, words.slice(-4).join("").trim());
    if (index < SCRIPT.length - 1) {
      agents[who].send({
        type: "set_metadata",
        metadata: {
          "ams.convention.v1": "end_of_turn",
          display_name: who === "scout" ? "Scout" : "Mason",
        },
      });
    }
    if (index === 1) await say(page, "What about the retry loop?");
  }
}

async function shoot(page: Page, name: string): Promise<void> {
  await page.evaluate("document.activeElement?.blur()");
  await page.screenshot({ path: join(folder, `${name}.png`), animations: "disabled" });
}

import { afterEach, describe, expect, test } from "vitest";
import { findChromium } from "./browser.ts";
import { isIn, mintAtHome, post, startTinCan, type TinCan } from "./tincan.ts";
import { joinByWire } from "./wire.ts";

const INVITE = "invite-0123456789";

describe.skipIf(findChromium() === null)("who may mint", () => {
  let tincan: TinCan | null = null;
  afterEach(async () => {
    await tincan?.stop();
    tincan = null;
  });

  test("by invite: the page asks for the code, says when it is wrong, and mints with the right one", async () => {
    tincan = await startTinCan({ AMS_SIGNUP: "invite", AMS_INVITE_CODES: INVITE });
    const { page } = await tincan.visit(tincan.ams.url);
    await page.click("#tincan-mint");
    await page.getByLabel("Invite code").fill("wrong-code");
    await page.click("#tincan-mint");
    await page.getByRole("alert").filter({ hasText: "invite codes" }).waitFor();
    await page.getByLabel("Invite code").fill(INVITE);
    expect(await mintAtHome(page)).toContain("?t=");
  });

  test("closed: the page asks for a credential, and mints with one", async () => {
    tincan = await startTinCan({ AMS_SIGNUP: "invite", AMS_INVITE_CODES: INVITE });
    const account = await post(`${tincan.ams.url}/v1/accounts`, {
      namespace: "given",
      invite: INVITE,
    });
    await tincan.stop();
    tincan = await startTinCan({ AMS_SIGNUP: "closed" });
    const { page } = await tincan.visit(tincan.ams.url);
    await page.click("#tincan-mint");
    await page.getByLabel("Credential of your account").fill(String(account.credential));
    await page.click("#tincan-mint");
    // It is one of another deployment.
    await page.getByRole("alert").filter({ hasText: "not the credential" }).waitFor();
  });

  test("more accounts than the deployment makes in a minute: the page says when to try again", async () => {
    tincan = await startTinCan({ AMS_ACCOUNTS_PER_MINUTE: "2" }); // The demo's is the first.
    const first = await tincan.visit(tincan.ams.url);
    await mintAtHome(first.page);
    const second = await tincan.visit(tincan.ams.url);
    await second.page.click("#tincan-mint");
    await second.page
      .getByRole("alert")
      .filter({ hasText: /Try again in \d+ s/ })
      .waitFor();
  });

  test("a conversation that is full says so, and lets in when somebody has left", async () => {
    tincan = await startTinCan({ AMS_SUBSCRIBERS_PER_CONVERSATION: "1" });
    const { link } = await tincan.mint();
    const first = await joinByWire(link, "first-1");
    const { page } = await tincan.visit(link);
    await page.getByRole("heading", { name: "The conversation is full" }).waitFor();
    first.close();
    await expect.poll(() => streamsOf(link)).toBe(0);
    await page.getByRole("button", { name: "Try again" }).click();
    await isIn(page);
  });

  test("guests are not let in: who has an account here comes in by it", async () => {
    tincan = await startTinCan({ AMS_GUESTS: "false" });
    const { link } = await tincan.mint();
    const { page } = await tincan.visit(link);
    await page.getByRole("heading", { name: "An account is required" }).waitFor();
    await page.getByRole("button", { name: "Create an account and join" }).click();
    await isIn(page);
  });
});

/** How many streams are in the conversation of a link. */
async function streamsOf(link: string): Promise<number> {
  const { origin, pathname, search } = new URL(link);
  const inspected: unknown = await (await fetch(`${origin}/v1${pathname}${search}`)).json();
  return Object(inspected).streams.length;
}

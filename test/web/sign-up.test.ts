import { afterEach, describe, expect, test } from "vitest";
import { findChromium } from "./browser.ts";
import { isIn, mintAtHome, post, startTinCan, type TinCan } from "./tincan.ts";

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

  test("guests are not let in: who has an account here comes in by it", async () => {
    tincan = await startTinCan({ AMS_GUESTS: "false" });
    const { link } = await tincan.mint();
    const { page } = await tincan.visit(link);
    await page.getByRole("heading", { name: "You were not let in" }).waitFor();
    await page.getByRole("button", { name: "Make an account and come in" }).click();
    await isIn(page);
  });
});

/** What the tests of pages share. */
import { afterAll, afterEach, beforeAll, describe } from "vitest";
import { findChromium } from "./browser.ts";
import { startTinCan, type TinCan } from "./tincan.ts";

/**
 * One TinCan for all of them, and people whom the test before has not met. Skipped, and reported,
 * where there is no Chromium.
 */
export function describePages(title: string, tests: (tincan: Omit<TinCan, "stop">) => void): void {
  describe.skipIf(findChromium() === null)(title, () => {
    let started: TinCan;
    beforeAll(async () => {
      started = await startTinCan();
    });
    afterAll(() => started.stop());
    afterEach(async () => {
      await Promise.all(started.browser.contexts().map((context) => context.close()));
    });
    tests({
      get ams() {
        return started.ams;
      },
      get browser() {
        return started.browser;
      },
      visit: (url, options) => started.visit(url, options),
      mint: (metadata) => started.mint(metadata),
    });
  });
}

import { expect, test } from "vitest";
import { FAILED_REQUESTS } from "./browser.ts";
import { describePages } from "./pages.ts";
import { hears, isIn, mintAtHome, post, say, streamNameOf } from "./tincan.ts";
import { joinByWire } from "./wire.ts";

describePages("what can go wrong is a sentence and a button", (tincan) => {
  test.each([
    ["wrong", (link: string) => link.replace(/.{4}$/, "AAAA"), "This link does not work"],
    [
      "of no conversation",
      (link: string) => link.replace("?t", "-x?t"),
      "There is no such conversation",
    ],
    ["cut in its token", (link: string) => link.slice(0, -5), "This link is incomplete"],
    ["without its token", (link: string) => link.replace(/\?.*/, ""), "This link is incomplete"],
  ])("a link that is %s", async (_what, spoil, heading) => {
    const { link } = await tincan.mint();
    const { page, faults } = await tincan.visit(spoil(link), { provoked: FAILED_REQUESTS });
    await page.getByRole("heading", { name: heading }).waitFor();
    await page.getByRole("button", { name: "Start a new conversation" }).click();
    await page.locator("#tincan-mint").waitFor();
    expect(faults).toEqual([]);
  });

  test("a link whose joins are used up", async () => {
    const { namespace, credential } = await tincan.mint();
    const path = `${tincan.ams.url}/v1/${namespace}/conversations`;
    const minted = await post(path, { max_joins: 1 }, credential);
    const link = String(minted.magic_link);
    await joinByWire(link, "first-1");
    const { page } = await tincan.visit(link);
    await page.getByRole("heading", { name: "This link is used up" }).waitFor();
  });

  test("a link that has expired", async () => {
    const { namespace, credential } = await tincan.mint();
    const path = `${tincan.ams.url}/v1/${namespace}/conversations`;
    const minted = await post(path, { expires_in_s: 1 }, credential);
    const link = String(minted.magic_link);
    await expect.poll(async () => (await fetch(link)).status, { timeout: 5_000 }).toBe(404);
    const { page } = await tincan.visit(link);
    await page.getByRole("heading", { name: "This link does not work" }).waitFor();
  });

  test("a WebSocket that is blocked: the page says so, says why, and comes in when it is no more", async () => {
    const { link } = await tincan.mint();
    let isBlocked = true;
    const { page } = await tincan.visit(link, {
      prepare: (context) =>
        context.routeWebSocket(/\/connect\?/, async (socket) => {
          if (isBlocked) await socket.close({ code: 1006 }).catch(() => undefined);
          else socket.connectToServer();
        }),
      before: () => {
        // Routing can't refuse a handshake as a proxy does: the page's own constructor does it.
        Object.assign(globalThis, { blocked: true });
        const Real = globalThis.WebSocket;
        globalThis.WebSocket = new Proxy(Real, {
          construct: (target, [url, protocols]) =>
            Object.hasOwn(globalThis, "blocked")
              ? new target("ws://127.0.0.1:9", protocols)
              : new target(url, protocols),
        });
      },
    });
    await page.getByRole("heading", { name: "The WebSocket connection is blocked" }).waitFor();
    await page.evaluate("delete globalThis.blocked");
    isBlocked = false;
    await page.getByRole("button", { name: "Try again" }).click();
    await isIn(page);
  });

  test("a browser that keeps nothing: everything works, the link stays in the address bar, and it says so", async () => {
    const { link } = await tincan.mint();
    const { page, faults } = await tincan.visit(link, {
      before: () => {
        for (const name of ["localStorage", "sessionStorage"]) {
          Object.defineProperty(globalThis, name, {
            get: () => {
              throw new DOMException("storage is off", "SecurityError");
            },
          });
        }
      },
    });
    await isIn(page);
    await page.locator(".banner", { hasText: "This browser keeps nothing" }).waitFor();
    expect(page.url()).toContain("t=");
    const peer = await joinByWire(link, "peer-1");
    peer.token("all the same");
    await hears(page, "all the same");
    expect(faults).toEqual([]);
  });

  test("a clock that is far off: the times are the server's, and the page says so", async () => {
    const { link } = await tincan.mint();
    const { page } = await tincan.visit(link, {
      before: () => {
        const now = Date.now.bind(Date);
        Date.now = () => now() - 3 * 3_600_000;
      },
    });
    await isIn(page);
    await page.locator(".banner", { hasText: "3 hours slow" }).waitFor();
    await say(page, "what time is it?");
    const ts = await page.locator(".passage.own time").getAttribute("datetime");
    expect(Math.abs(Date.parse(ts ?? "") - Date.now())).toBeLessThan(60_000);
  });

  test("a tab that is duplicated becomes a subscriber of its own, and the first one stays in", async () => {
    const { link } = await tincan.mint();
    const { page } = await tincan.visit(link);
    await isIn(page);
    const kept = await page.evaluate("JSON.stringify({ ...sessionStorage })");
    const copy = await page.context().newPage();
    await copy.addInitScript(`Object.assign(sessionStorage, ${kept})`);
    await copy.goto(page.url());
    await isIn(copy);
    expect(await streamNameOf(copy)).not.toBe(await streamNameOf(page));
    await say(copy, "from the copy");
    await hears(page, "from the copy");
  });

  test("two tabs of one person are two subscribers", async () => {
    const { link } = await tincan.mint();
    const { page } = await tincan.visit(link);
    await isIn(page);
    const second = await page.context().newPage();
    await second.goto(link);
    await isIn(second);
    await say(second, "from the second tab");
    await hears(page, "from the second tab");
  });

  test("a paste over 64 KiB goes out as several tokens and says so; one over a megabyte is refused with the reason", async () => {
    const { link } = await tincan.mint();
    const peer = await joinByWire(link, "peer-1");
    const { page } = await tincan.visit(link);
    await isIn(page);
    const field = page.locator(".composer textarea");
    await field.fill("y".repeat(150_000));
    await page.locator(".hint", { hasText: "3 tokens" }).waitFor();
    await page.getByRole("button", { name: "Send" }).click();
    await peer.frame((frame) => frame.includes("end_of_turn"));
    const tokens = peer.frames.filter(isText);
    expect(tokens.map((frame) => JSON.parse(frame).data.length)).toEqual([65_536, 65_536, 18_928]);
    await field.fill("z".repeat(1_200_000));
    await page.locator(".hint", { hasText: "too long to send" }).waitFor();
    await page.keyboard.press("Enter");
    expect((await field.inputValue()).length).toBe(1_200_000);
  });

  test("Shift+Enter breaks the line, and nothing but space is not sent", async () => {
    const { link } = await tincan.mint();
    const peer = await joinByWire(link, "peer-1");
    const { page } = await tincan.visit(link);
    await isIn(page);
    await page.locator(".composer textarea").click();
    await page.keyboard.type("  ");
    await page.keyboard.press("Enter");
    await page.locator(".composer textarea").fill("");
    await page.keyboard.type("one");
    await page.keyboard.press("Shift+Enter");
    await page.keyboard.type("two");
    await page.keyboard.press("Enter");
    await peer.frame((frame) => frame.includes("end_of_turn"));
    const tokens = peer.frames.filter(isText);
    expect(tokens.map((frame) => JSON.parse(frame).data)).toEqual(["one\ntwo"]);
  });

  test("an account that this browser kept and the deployment doesn't know any more is replaced", async () => {
    const kept = { namespace: "gone", credential: `ams_sk_${"A".repeat(43)}` };
    const { page, faults } = await tincan.visit(tincan.ams.url, {
      before: `localStorage.setItem("tincan account", '${JSON.stringify(kept)}')`,
      provoked: FAILED_REQUESTS,
    });
    const link = await mintAtHome(page);
    expect(link).not.toContain("/gone/");
    expect(faults).toEqual([]);
  });
});

/** Whether a frame is a token that isn't the end of a turn. */
function isText(frame: string): boolean {
  return frame.includes('"type":"token"') && !frame.includes("end_of_turn");
}

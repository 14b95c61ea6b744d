import { expect, test } from "vitest";
import { atBase, baseOf, dropGiven, findPlace, type Keep, keepProven } from "./address.ts";
import { forgetVisit, rememberVisit } from "./visits.ts";

function storage(works = true) {
  const kept = new Map<string, string>();
  const keep: Keep = {
    get: (key) => kept.get(key) ?? null,
    set: (key, value) => {
      if (works) kept.set(key, value);
      return works;
    },
  };
  return keep;
}

/** A tab of a browser that keeps `browser`. */
const keeps = (session: Keep, browser = storage()) => ({ session, browser });

const LINK = "http://h:1/falcon/conversations/standup?t=secret";

test("the link token is taken out of the address bar and kept for a reload", () => {
  const session = storage();
  const shown: string[] = [];
  const first = findPlace(new URL(LINK), keeps(session), (path) => shown.push(path));
  expect(first).toMatchObject({ kind: "portal", alias: "standup", link: LINK, isHidden: true });
  expect(shown).toEqual(["/falcon/conversations/standup"]);
  const again = findPlace(
    new URL("http://h:1/falcon/conversations/standup"),
    keeps(session),
    () => {
      throw new Error("nothing is left to hide");
    },
  );
  expect(again).toMatchObject({ link: LINK, isHidden: true });
});

test("a mangled link doesn't cost the tab the good one that it came in by", () => {
  const session = storage();
  const page = new URL("http://h:1/falcon/conversations/standup");
  const mangled = `${page}?t=secre`;
  findPlace(new URL(LINK), keeps(session), () => undefined);
  keepProven(LINK, session);
  const place = findPlace(new URL(mangled), keeps(session), () => undefined);
  expect(place).toMatchObject({ link: mangled, fallback: LINK, isHidden: true });
  dropGiven(mangled, session);
  expect(findPlace(page, keeps(session), () => undefined)).toMatchObject({
    link: LINK,
    fallback: null,
  });
});

test("a browser that keeps nothing leaves the token where it is", () => {
  const place = findPlace(new URL(LINK), keeps(storage(false)), () => {
    throw new Error("it would be lost");
  });
  expect(place).toMatchObject({ link: LINK, isHidden: false });
});

test("a link without a token that was never kept has none, and another conversation's isn't taken", () => {
  const session = storage();
  findPlace(new URL(LINK), keeps(session), () => undefined);
  const other = findPlace(
    new URL("http://h:1/falcon/conversations/other"),
    keeps(session),
    () => undefined,
  );
  expect(other).toMatchObject({ kind: "portal", link: null });
});

test.each([
  ["http://h:1/", "http://h:1"],
  ["http://h:1/falcon/conversations/standup?t=x", "http://h:1"],
  ["https://h/ams/", "https://h/ams"],
  ["https://h/a/b/falcon/conversations/standup", "https://h/a/b"],
])("§1.5 a page at %s speaks to the deployment at %s", (url, base) => {
  expect(baseOf(new URL(url))).toBe(base);
});

test("§1.5 a link of another host name of the deployment is used at the page's own", () => {
  expect(atBase(LINK, "https://other/ams")).toBe(
    "https://other/ams/falcon/conversations/standup?t=secret",
  );
});

test("everything else is home", () => {
  expect(findPlace(new URL("http://h:1/"), keeps(storage()), () => undefined)).toEqual({
    kind: "home",
  });
});

test("the address alone opens the conversation in another tab of the browser that was in it", () => {
  const page = new URL("http://h:1/falcon/conversations/standup");
  const browser = storage();
  const visit = { path: page.pathname, token: "secret", title: null, atMs: 1 };
  rememberVisit(browser, visit);
  const place = findPlace(page, keeps(storage(), browser), () => undefined);
  expect(place).toMatchObject({ link: LINK, fallback: null, isHidden: true });
  const newer = findPlace(new URL(`${page}?t=newer`), keeps(storage(), browser), () => undefined);
  expect(newer).toMatchObject({ link: `${page}?t=newer`, fallback: LINK });
  forgetVisit(browser, page.pathname);
  const forgotten = findPlace(page, keeps(storage(), browser), () => undefined);
  expect(forgotten).toMatchObject({ link: null });
});

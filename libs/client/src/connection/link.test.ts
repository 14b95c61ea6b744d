import { expect, test } from "vitest";
import { LINK_TOKEN } from "../testing/fake-broker.ts";
import { parseLink } from "./link.ts";

const PAGE = "https://ams.example:8443/below/it/demo/conversations/stand-up";
const PARTS = {
  baseUrl: "https://ams.example:8443/below/it",
  namespace: "demo",
  alias: "stand-up",
};

test("§1.4 a magic link is taken apart, and its token is in no part", () => {
  expect(parseLink(`${PAGE}?t=${LINK_TOKEN}`)).toEqual(PARTS);
  expect(parseLink(` ${PAGE}?x=1&t=${LINK_TOKEN}#here\n`)).toEqual(PARTS);
});

test("a link that is cut off or damaged after its alias still says where it leads", () => {
  for (const end of ["", "?t=", "?t=half"]) expect(parseLink(PAGE + end)).toEqual(PARTS);
});

test("what is no link is null", () => {
  const others = ["", "hello", "https://ams.example", PAGE.replace("https", "ftp"), `${PAGE}/x`];
  for (const text of [...others, PAGE.replace("demo", "v1"), PAGE.replace("stand-up", "Ä")]) {
    expect(parseLink(`${text}?t=${LINK_TOKEN}`)).toBeNull();
  }
  for (const thing of [undefined, null, 5]) expect(parseLink(thing as never)).toBeNull();
});

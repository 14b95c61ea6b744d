import { baseUrlOf } from "@ams/process";
import { describe, expect, test } from "vitest";
import { atBase } from "./at-base.ts";
import { placeOf } from "./place.ts";

const LINK = "http://h:1/falcon/conversations/stand-up?t=abc";

describe("the edge's addresses", () => {
  test("are /mcp and magic links, with or without their token, and nothing else", () => {
    expect(placeOf(new URL("http://h/mcp"))).toEqual({ kind: "open" });
    expect(placeOf(new URL(LINK))).toEqual({ kind: "link", magicLink: LINK });
    expect(placeOf(new URL(LINK.split("?")[0] ?? ""))).toEqual({ kind: "link", magicLink: null });
    for (const path of [
      "/",
      "/mcp/",
      "/v1/conversations/x",
      "/falcon/conversations",
      "/falcon/conversations/x/connect",
      "/Falcon/conversations/x",
    ]) {
      expect(placeOf(new URL(`http://h${path}?t=abc`))).toBeNull();
    }
  });
});

describe("the address that a caller is shown", () => {
  const forwarded = {
    "x-forwarded-host": "evil.example, ams.example",
    "x-forwarded-proto": "https",
  };
  const request = new Request("http://10.0.0.1:8080/mcp", { headers: forwarded });

  test.each([
    [{ publicUrl: "https://ams.example/base", trustProxy: true }, "https://ams.example/base"],
    [{ publicUrl: null, trustProxy: true }, "https://ams.example"],
    [{ publicUrl: null, trustProxy: false }, "http://10.0.0.1:8080"],
  ])("with %j is %s", (reached, expected) => {
    expect(baseUrlOf(request, reached)).toBe(expected);
    expect(atBase("http://127.0.0.1:9/deep/falcon/conversations/stand-up?t=abc", expected)).toBe(
      `${expected}/falcon/conversations/stand-up?t=abc`,
    );
  });
});

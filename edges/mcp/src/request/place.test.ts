import { baseUrlOf } from "@ams/process";
import { describe, expect, test } from "vitest";
import { atBase } from "./at-base.ts";
import { isMcpRequest, placeOf } from "./place.ts";

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

  test.each<[string, string, Record<string, string>, boolean]>([
    ["POST", "/falcon/conversations/x", {}, true],
    ["DELETE", "/falcon/conversations/x", {}, true],
    ["OPTIONS", "/falcon/conversations/x", {}, true],
    ["GET", "/falcon/conversations/x", { accept: "text/event-stream" }, true],
    ["GET", "/falcon/conversations/x", { "mcp-session-id": "x" }, true],
    ["GET", "/falcon/conversations/x", { "mcp-protocol-version": "2026-07-28" }, true],
    ["GET", "/falcon/conversations/x", { accept: "text/html,*/*" }, false],
    ["HEAD", "/falcon/conversations/x", {}, false],
    ["GET", "/mcp", { accept: "text/html" }, true],
    ["POST", "/v1/conversations/conversations", {}, false],
    ["POST", "/v1/accounts", {}, false],
  ])("%s %s with %j is the edge's: %s", (method, path, headers, expected) => {
    const request = new Request(`http://h${path}`, { method, headers });
    expect(isMcpRequest(request, path)).toBe(expected);
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

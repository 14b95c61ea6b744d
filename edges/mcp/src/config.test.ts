import { readEdgeProcess } from "@ams/edge";
import { describe, expect, test } from "vitest";
import { readMcp } from "./config.ts";
import { edge } from "./edge.ts";
import { readLocal } from "./local.ts";

const LINK = "https://ams.example/base/falcon/conversations/x?t=abc";

test("an empty environment is enough for the edge, and lists no origins", () => {
  expect(readMcp({})).toEqual({
    ok: true,
    value: {
      secret: null,
      origins: [],
      oauth: false,
      sessions: 10_000,
      sessionsPerAddress: 200,
      subscriptions: 5_000,
    },
  });
});

test("origins are distinguished from other texts", () => {
  const read = readMcp({ AMS_MCP_ORIGINS: "https://a.example, http://b.example:81" });
  expect(read.ok && read.value.origins).toEqual(["https://a.example", "http://b.example:81"]);
  for (const wrong of ["a.example", "https://a.example/", "*", "https://a.example/x"]) {
    expect(readMcp({ AMS_MCP_ORIGINS: wrong }).ok).toBe(false);
  }
});

test("the process reports every fault at once, by its variable", () => {
  const read = readEdgeProcess(edge, { PORT: "x", AMS_MCP_SESSIONS: "0", AMS_MCP_ORIGINS: "x" });
  const named = (read.ok ? [] : read.faults).map((fault) => fault.split(" ")[0]).sort();
  expect(named).toEqual(["AMS_MCP_ORIGINS", "AMS_MCP_SESSIONS", "AMS_URL", "PORT"]);
  const found = readEdgeProcess(edge, { AMS_URL: "http://h:1" });
  expect(found.ok && found.value.deploymentUrl).toBe("http://h:1");
});

describe("over stdio", () => {
  test.each<[Record<string, string>, string | undefined, object]>([
    [{}, LINK, { url: "https://ams.example/base", credential: null, link: LINK }],
    [
      { AMS_LINK: LINK },
      undefined,
      { url: "https://ams.example/base", credential: null, link: LINK },
    ],
    [{ AMS_URL: "http://h:1/" }, undefined, { url: "http://h:1", credential: null, link: null }],
    [
      { AMS_URL: "http://h:1" },
      LINK,
      { url: "https://ams.example/base", credential: null, link: LINK },
    ],
    // A credential goes to its own deployment, whatever host a link bears.
    [
      { AMS_URL: "http://h:1", AMS_CREDENTIAL: "c" },
      LINK,
      { url: "http://h:1", credential: "c", link: LINK },
    ],
  ])("%j with the argument %s is read", (environment, argument, value) => {
    expect(readLocal(environment, argument)).toEqual({ ok: true, value });
  });

  test.each<[Record<string, string>, string | undefined]>([
    [{}, undefined],
    [{}, "https://ams.example/falcon/conversations/x"],
    [{}, "ftp://ams.example/falcon/conversations/x?t=abc"],
    [{ AMS_URL: "h:1" }, undefined],
    [{ AMS_CREDENTIAL: "c" }, LINK],
  ])("%j with the argument %s is refused", (environment, argument) => {
    expect(readLocal(environment, argument).ok).toBe(false);
  });
});

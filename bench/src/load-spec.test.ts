// What a load client is given: the text holds everything that the specification says, and the Node
// client reads it back.
import { expect, test } from "vitest";
import { formatSpec, type LoadSpec } from "./load-spec.ts";
import { readSpec } from "./parsed-spec.ts";

const REQUEST = "GET /a?t=x%20y HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";

const spec: LoadSpec = {
  warmupMs: 1,
  measureMs: null,
  drainMs: 3,
  connectMs: 4,
  connectingMax: 5,
  enteringMax: 6,
  watched: { "the server": 42 },
  groups: [
    {
      name: "ours & theirs",
      payload: 32,
      pace: { kind: "paced", perSecond: 0.5 },
      comesBack: { pauseMs: 7 },
      members: [
        { port: 8, channel: 9, emits: true, request: REQUEST, ready: '"joined"', prefix: "{ = %" },
      ],
    },
  ],
};

test("every text of a specification comes out as it went in, also with blanks, signs and line ends", () => {
  const lines = formatSpec(spec).split("\n").slice(0, -2);
  const { run, watched, groups, members } = readSpec(lines);
  expect([run.is("holds"), run.number("entering_max")]).toEqual([true, 6]);
  expect([watched[0]?.text("name"), watched[0]?.number("pid")]).toEqual(["the server", 42]);
  expect([groups[0]?.text("name"), groups[0]?.number("rate")]).toEqual(["ours & theirs", 0.5]);
  expect([groups[0]?.is("comes_back"), groups[0]?.number("pause_ms")]).toEqual([true, 7]);
  expect([members[0]?.text("request"), members[0]?.text("prefix")]).toEqual([REQUEST, "{ = %"]);
  expect([members[0]?.is("emits"), members[0]?.is("hears")]).toEqual([true, false]);
});

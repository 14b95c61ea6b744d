import { expect, test } from "vitest";
import { describeError, openLog } from "./log.ts";

function capture(level = "info") {
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  return { lines, log: openLog({ service: "tried", instance: "here", level }, destination) };
}

test("an event is one JSON line with its service, instance and level by name", () => {
  const { lines, log } = capture();
  log.info({ event: "tried", count: 3 }, "tried it");
  expect(lines).toHaveLength(1);
  expect(JSON.parse(lines[0] ?? "")).toMatchObject({
    level: "info",
    service: "tried",
    instance: "here",
    event: "tried",
    count: 3,
    msg: "tried it",
    time: expect.stringMatching(/^\d{4}-.*Z$/),
  });
});

test("§8 what would let somebody in, or what somebody said, is redacted, also one level down", () => {
  const { lines, log } = capture();
  const secrets = {
    credential: "canary-1",
    token: "canary-2",
    magic_link: "canary-3",
    authorization: "canary-4",
    url: "canary-5",
    data: "canary-6",
    metadata: { key: "canary-7" },
  };
  log.info({ event: "tried", ...secrets }, "top");
  log.info({ event: "tried", request: secrets }, "nested");
  expect(lines.join("")).not.toContain("canary");
  expect(lines.join("").match(/\[Redacted\]/g)).toHaveLength(14);
});

test("a level below the configured one is not written", () => {
  const { lines, log } = capture("error");
  log.info({ event: "tried" }, "quiet");
  log.error({ event: "tried" }, "loud");
  expect(lines).toHaveLength(1);
});

test("an error is described by name, code and sentence", () => {
  const error = Object.assign(new TypeError("refused"), { code: "ECONNREFUSED", extra: "canary" });
  expect(describeError(error)).toEqual({
    name: "TypeError",
    code: "ECONNREFUSED",
    reason: "refused",
  });
  expect(describeError("canary")).toEqual({ name: "string", reason: "not an Error" });
});

test("§8 a parser's error doesn't carry the text that it could not read", () => {
  const described = () => {
    try {
      JSON.parse('{"data": canary}');
    } catch (error) {
      return describeError(error);
    }
    throw new Error("that was no JSON");
  };
  expect(JSON.stringify(described())).not.toContain("canary");
});

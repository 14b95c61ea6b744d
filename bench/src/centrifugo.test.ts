// How the bench comes by Centrifugo where it isn't installed, and which commands it runs.
import { expect, test } from "vitest";
import { buildCentrifugo, configOf, majorOf } from "./centrifugo.ts";

const REDIS = "redis://127.0.0.1:6379";

/** A Go that has the modules whose names hold this text, and keeps how it was called. */
function goWith(has: string) {
  const calls: string[] = [];
  const go = async (words: readonly string[]) => {
    calls.push(words.join(" "));
    if (words[0] === "build") return "";
    if (words.join(" ").includes(has)) return JSON.stringify({ Dir: "/cache/centrifugo" });
    const stdout = '{"Error": "reading it: 403 Forbidden\\n\\tserver response: no"}';
    throw Object.assign(new Error("Command failed: go mod download"), { stdout });
  };
  return { go, calls };
}

test("the newest release that the module proxy has is built, and given its version", async () => {
  const { go, calls } = goWith("centrifugo/v5@v5.4.9");
  expect(await buildCentrifugo(go)).toMatch(/dist.peers.centrifugo$/);
  expect(calls.map((words) => words.split(" ").slice(0, 2).join(" "))).toEqual([
    "mod download",
    "mod download",
    "build -C",
  ]);
  expect(calls[2]).toContain(
    "-X github.com/centrifugal/centrifugo/v5/internal/build.Version=5.4.9",
  );
  const newest = goWith("centrifugo/v6@");
  await buildCentrifugo(newest.go);
  expect(newest.calls).toHaveLength(2);
});

test("where none can be had, the reason of the newest is reported; without Go, that", async () => {
  const none = buildCentrifugo(goWith("nothing").go);
  await expect(none).rejects.toThrow(/^Go can't build it here \(6.*: reading it: 403 Forbidden\)$/);
  const noGo = () => Promise.reject(Object.assign(new Error("spawn go"), { code: "ENOENT" }));
  await expect(buildCentrifugo(noGo)).rejects.toThrow(
    "it isn't installed here, nor is Go to build it",
  );
});

test.each([
  ["Centrifugo v5.4.9 (Go version: go1.26.8)", 5, { engine: "redis", client_insecure: true }],
  ["Centrifugo v6.2.1 (Go version: go1.24.0)", 6, { client: { insecure: true } }],
  ["Centrifugo v0.0.0 (Go version: go1.26.8)", 6, { engine: { type: "redis" } }],
])("%s gets the settings of version %i", (line, major, settings) => {
  expect(majorOf(line)).toBe(major);
  expect(configOf(majorOf(line), 8_000, REDIS)).toMatchObject(settings);
});

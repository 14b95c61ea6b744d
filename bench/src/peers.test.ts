// Peers are optional: one that can't be had costs a row and nothing else.
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openPeer } from "./cases/peers.ts";
import { chooseCases } from "./cases.ts";
import { openFolder, type PeerKind } from "./peers.ts";
import type { Stage } from "./stage.ts";

test.each<[string, Partial<PeerKind>, string]>([
  ["one that isn't installed", { describe: () => null }, "it isn't installed here"],
  [
    "one that ends at once",
    { start: () => Promise.reject(new Error("nats-server did not get ready:\nport in use")) },
    "nats-server did not get ready:",
  ],
  [
    "one whose program can't be run",
    {
      describe: () => {
        throw new Error("spawnSync nats-server EACCES");
      },
    },
    "spawnSync nats-server EACCES",
  ],
])("%s is reported in a sentence", async (_name, fault, missing) => {
  const kind: PeerKind = {
    name: "a peer",
    describe: () => "1.0",
    start: () => Promise.reject(new Error("It isn't called.")),
    ...fault,
  };
  expect(await openPeer({} as Stage, kind)).toEqual({ missing });
});

test("--peers adds the peers to whatever else is chosen", () => {
  const names = (asked: readonly string[], isSmoke: boolean, withPeers: boolean) =>
    chooseCases(asked, { isSmoke, withPeers }).map(({ name }) => name);
  expect(names([], true, false)).not.toContain("peers");
  expect(names([], true, true)).toEqual(expect.arrayContaining(["fan-1", "peers"]));
  expect(names(["fan-10"], false, true)).toEqual(["fan-10", "peers"]);
  expect(names(["fan-10", "fan-10"], false, false)).toEqual(["fan-10"]);
});

test("a peer's folder goes when it is asked to, and at the latest when this process ends", () => {
  const before = process.listeners("exit");
  const [removed, left] = [openFolder(), openFolder()];
  for (const { folder } of [removed, left]) writeFileSync(join(folder, "log"), "a line");
  removed.remove();
  expect([existsSync(removed.folder), existsSync(left.folder)]).toEqual([false, true]);
  const [atExit] = process.listeners("exit").filter((one) => !before.includes(one));
  atExit?.(130);
  expect(existsSync(left.folder)).toBe(false);
  expect(process.listeners("exit")).toEqual(before);
});

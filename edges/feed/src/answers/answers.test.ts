/** What every store of answers promises, on each of them; and what survives a restart. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findRedisBinary, startRedisServer } from "@ams/store/testing";
import { afterAll, describe, expect, test } from "vitest";
import { ANSWER_MS, type Answers, CLAIM_MS } from "./answers.ts";
import { memoryAnswers, openEmbeddedAnswers } from "./embedded-answers.ts";
import { openRedisAnswers } from "./redis-answers.ts";

const SENT = { stream_id: "str_1", seqs: ["1-1", "1-2"] };
const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "ams-feed-"));
  folders.push(folder);
  return folder;
}

function contract(open: () => Promise<readonly [Answers, () => Promise<void>]>): void {
  test("of any number who claim a key at once, one sends and all have its answer", async () => {
    const [answers, close] = await open();
    const kinds = await Promise.all(
      Array.from({ length: 20 }, async () => (await answers.claim("k")).kind),
    );
    expect(kinds.filter((kind) => kind === "claimed")).toHaveLength(1);
    expect(kinds.filter((kind) => kind === "pending")).toHaveLength(19);
    await answers.keep("k", SENT);
    expect(await answers.claim("k")).toEqual({ kind: "answered", sent: SENT });
    expect(await answers.claim("other")).toEqual({ kind: "claimed" });
    await answers.release("other");
    expect(await answers.claim("other")).toEqual({ kind: "claimed" });
    await close();
  });
}

describe("answers in memory", () => {
  contract(async () => {
    const answers = memoryAnswers();
    return [answers, () => answers.close()];
  });
});

describe("answers in a file", () => {
  contract(async () => {
    const answers = openEmbeddedAnswers(newFolder());
    return [answers, () => answers.close()];
  });

  test("an answer holds for 24 h, over a restart, and a claim for a minute", async () => {
    const [folder, clock] = [newFolder(), { ms: 1_000_000 }];
    const open = () => openEmbeddedAnswers(folder, () => clock.ms);
    const first = open();
    await first.claim("kept");
    await first.keep("kept", SENT);
    await first.claim("begun");
    await first.close();
    clock.ms += CLAIM_MS - 1;
    const second = open();
    expect(await second.claim("begun")).toEqual({ kind: "pending" });
    clock.ms += 1;
    expect(await second.claim("begun")).toEqual({ kind: "claimed" });
    expect(await second.claim("kept")).toEqual({ kind: "answered", sent: SENT });
    clock.ms += ANSWER_MS;
    expect(await second.claim("kept")).toEqual({ kind: "claimed" });
    await second.close();
  });
});

describe.runIf(findRedisBinary() !== null)("answers on Redis", () => {
  contract(async () => {
    const server = await startRedisServer();
    const answers = await openRedisAnswers(server.url);
    return [
      answers,
      async () => {
        await answers.close();
        await server.kill();
      },
    ];
  });

  test("processes share them", async () => {
    const server = await startRedisServer();
    const [one, other] = [await openRedisAnswers(server.url), await openRedisAnswers(server.url)];
    await one.claim("k");
    expect(await other.claim("k")).toEqual({ kind: "pending" });
    await one.keep("k", SENT);
    expect(await other.claim("k")).toEqual({ kind: "answered", sent: SENT });
    await Promise.all([one.close(), other.close()]);
    await server.kill();
  });
});

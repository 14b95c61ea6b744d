/** Many readers at once of a log in the process's own files, which never waits. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openEmbeddedLog } from "@ams/log";
import { afterAll, expect, test } from "vitest";
import { BatchWriter } from "../bus/batch.ts";
import { FakeSockets, streamId } from "../testing/fakes.ts";
import { openConversationLog } from "./conversation-log.ts";
import { LastFrames } from "./find-last.ts";
import { Follower } from "./follower.ts";
import { Turns } from "./turns.ts";

const READERS = 40;
const BATCHES = 200;
const FRAMES_EACH = 30;

/** Frames that the bytes of two turns hold: what has begun is finished. */
const FRAMES_A_TURN_MAX = (2 * 524_288) / 100;

const folder = mkdtempSync(join(tmpdir(), "ams-catch-ups-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function batchOf(first: number): Buffer {
  const writer = new BatchWriter(Buffer.alloc(8));
  for (let n = first; n < first + FRAMES_EACH; n += 1) {
    const who = `"stream_id":"${streamId(1)}","stream_name":"one","owner_account_id":"acc_1"`;
    const frame = Buffer.from(`{"type":"token",${who},"seq":"5-${n}","data":"x"}`);
    frame.copy(writer.append(5, n, "token", frame.length));
  }
  return Buffer.from(writer.take() ?? "");
}

test("§7.3.7 forty catch-ups leave the event loop to others after each few pages", async () => {
  const opened = openEmbeddedLog({ path: folder, announce: () => undefined });
  if (!opened.ok) throw new Error(opened.fault);
  const terms = { ttl_s: 600, max_bytes: 134_217_728 };
  const nothing = { moved: () => undefined, lost: () => undefined, grown: () => undefined };
  const kept = openConversationLog(opened.value, "ams:{p1}:conv:g", terms, nothing);
  if (kept === null) throw new Error("there is no log");
  const { log, name } = kept;
  for (let batch = 0; batch < BATCHES; batch += 1)
    void log.append(name, batchOf(batch * FRAMES_EACH + 1));
  const end = await log.end(name);
  await log.readAfter(name, end, 1);

  const turns = new Turns();
  const account = "acc_1" as never;
  const last = new LastFrames({
    kept,
    turn: () => turns.wait(account),
    spend: (bytes) => turns.spend(bytes),
  });
  const sockets = new FakeSockets();
  let heard = 0;
  let live = 0;
  const runs = Array.from({ length: READERS }, () => {
    const socket = sockets.open();
    const sendAll = socket.sendAll.bind(socket);
    socket.sendAll = (frames) => {
      heard += frames.length;
      sendAll(frames);
    };
    const follower: Follower = new Follower(
      {
        kept,
        last,
        turns,
        account,
        socket,
        wants: () => true,
        limitBytes: 1_048_576,
        flush: () => undefined,
        publishMark: (mark) => {
          follower.heard(mark);
          return Promise.resolve(true);
        },
        streams: () => [],
        replayed: () => undefined,
        goLive: () => {
          live += 1;
        },
        close: () => undefined,
      },
      { from: 100_000, end, mode: "frames" },
    );
    return follower.run();
  });
  // What another conversation would have of each turn of the loop.
  const most = { heard: 0 };
  let around = 0;
  for (let before = 0; live < READERS; around += 1) {
    await new Promise(setImmediate);
    most.heard = Math.max(most.heard, heard - before);
    before = heard;
  }
  await Promise.all(runs);
  expect(most.heard).toBeLessThan(FRAMES_A_TURN_MAX);
  expect(around).toBeGreaterThan((READERS * BATCHES * FRAMES_EACH) / FRAMES_A_TURN_MAX);
  for (const socket of sockets.sockets) {
    const seqs = socket.frames().flatMap(({ type, seq }) => (type === "token" ? seq : []));
    expect(seqs).toEqual(Array.from({ length: BATCHES * FRAMES_EACH }, (_, n) => `5-${n + 1}`));
  }
  await log.close();
}, 60_000);

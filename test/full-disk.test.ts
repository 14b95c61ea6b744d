// A standalone whose disk is full: it refuses what it can't keep and goes on, and says in a
// sentence why it can't start.
import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, rmdirSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { accountCreatedBody, mintedBody } from "@ams/protocol/schema";
import { afterAll, beforeAll, expect, test } from "vitest";
import { WebSocket } from "ws";
import { freePort } from "./cluster/free-port.ts";
import { watchFolder } from "./cluster/watchdog.ts";
import { repositoryRoot } from "./repository-root.ts";
import { startStandalone } from "./standalone.ts";

/** A disk for a state folder; all of it is memory. */
const DISK = "size=8m";
const EXIT_UNAVAILABLE = 69;
/** Accounts that pages freed before the disk was full may take. */
const FREED_MAX = 100;

const disk = mkdtempSync(join(tmpdir(), "ams-full-disk-"));
const filling = join(disk, "filling");
let isMounted = false;

beforeAll(() => {
  watchFolder(disk);
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", DISK, "tmpfs", disk], { stdio: "ignore" });
    isMounted = true;
  } catch {
    // Only root may; the test says so.
  }
});

afterAll(() => {
  if (isMounted) execFileSync("umount", [disk]);
  rmdirSync(disk);
});

/** Takes what is free but this many bytes. */
function fill(leave: number): void {
  rmSync(filling, { force: true });
  const { bavail, bsize } = statfsSync(disk);
  writeFileSync(filling, Buffer.alloc(Math.max(0, bavail * bsize - leave)));
}

type Ended = { readonly code: number; readonly stderr: string };

async function startHere(): Promise<Ended> {
  const port = String(await freePort());
  const main = join(repositoryRoot(), "services/standalone/dist/main.js");
  const env = { ...process.env, PORT: port, AMS_DATA: join(disk, "data"), AMS_REDIS_URL: "" };
  return new Promise((resolve) => {
    execFile(process.execPath, [main], { env }, (error, _stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stderr });
    });
  });
}

async function enter(link: string, base: string, heard: (data: string) => void) {
  const { pathname, search } = new URL(link);
  const url = `${base.replace("http", "ws")}${pathname}/connect${search}`;
  const socket = new WebSocket(url, ["ams.v1", "ams.guest"]);
  await new Promise<void>((resolve, reject) => {
    socket.once("error", reject);
    socket.on("message", (frame) => {
      const { type, data } = JSON.parse(frame.toString());
      if (type === "joined") resolve();
      if (type === "token") heard(data);
    });
  });
  return socket;
}

/** Asks until it is not made any more: pages that were freed before may still take a few. */
async function untilRefused(ask: (n: number) => Promise<Response>): Promise<Response> {
  let answer = await ask(0);
  for (let n = 1; n < FREED_MAX && answer.status === 201; n += 1) answer = await ask(n);
  return answer;
}

test("a full disk: new things are 503, what is live goes on, a start says why it can't", async (context) => {
  if (!isMounted) return context.skip("mounting a small disk needs root");
  const ams = await startStandalone({ AMS_DATA: join(disk, "data") });
  try {
    const post = (path: string, body: object, bearer = "") =>
      fetch(ams.url + path, {
        method: "POST",
        body: JSON.stringify(body),
        headers: bearer === "" ? {} : { authorization: `Bearer ${bearer}` },
      });
    const made = await post("/v1/accounts", { namespace: "kept" });
    const { credential } = accountCreatedBody.parse(await made.json());
    const minted = await post("/v1/kept/conversations", {}, credential);
    const { magic_link: link } = mintedBody.parse(await minted.json());
    let hear: (data: string) => void = () => undefined;
    const heard = new Promise<string>((resolve) => {
      hear = resolve;
    });
    const reader = await enter(link, ams.url, hear);
    const writer = await enter(link, ams.url, () => undefined);

    fill(0);
    const refused = await untilRefused((n) => post("/v1/accounts", { namespace: `n${n}` }));
    expect(refused.status).toBe(503);
    expect(await refused.json()).toMatchObject({ error: "unavailable" });
    const unminted = await untilRefused(() => post("/v1/kept/conversations", {}, credential));
    expect(unminted.status).toBe(503);
    writer.send('{"type":"token","data":"still here"}');
    expect(await heard).toBe("still here");
    for (const socket of [reader, writer]) socket.terminate();
    await ams.halt();

    for (const leave of [0, 4_096, 65_536]) {
      fill(leave);
      const { code, stderr } = await startHere();
      expect([leave, code]).toEqual([leave, EXIT_UNAVAILABLE]);
      expect(stderr).toMatch(/^AMS can't start: .*bytes free.*\n$/);
    }

    rmSync(filling);
    await ams.resume();
    const again = await post("/v1/accounts", { namespace: "refused" });
    expect(again.status).toBe(201);
    expect((await post("/v1/kept/conversations", {}, credential)).status).toBe(201);
  } finally {
    await ams.stop();
  }
});

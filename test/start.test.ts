// From a fresh clone: `npm start` in one terminal, its printed lines pasted in others.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { END_OF_TURN_DATA } from "@ams/client";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import WebSocket from "ws";
import { findRedisBinary, startRedisServer } from "./cluster/redis-server.ts";
import { repositoryRoot } from "./repository-root.ts";

/** Built from the sources of this clone, with the packages that are installed there. */
let clone = "";
const running = new Set<ChildProcess>();

beforeAll(() => {
  clone = mkdtempSync(join(tmpdir(), "ams-clone-"));
  copyClone(repositoryRoot(), clone);
});

afterEach(async () => {
  await Promise.all([...running].map((child) => end(child, "SIGKILL")));
});

afterAll(() => rmSync(clone, { recursive: true, force: true }));

/** Milliseconds: the first start installs and builds, and a machine may be busy. */
const START_MS_MAX = 300_000;

describe("npm start", { timeout: START_MS_MAX }, () => {
  test("builds, starts and prints a link by which two guests talk and neither hears itself", async () => {
    const started = await start();
    const [ada, bob] = [await joinAs("ada", started.link), await joinAs("bob", started.link)];
    ada.say("hello from ada");
    expect(await bob.next("token")).toMatchObject({ stream_name: "ada", data: "hello from ada" });
    bob.say("hello from bob");
    expect(await ada.next("token")).toMatchObject({ stream_name: "bob", data: "hello from bob" });
    expect(ada.seen("token")).toBe(1);
    expect(bob.seen("token")).toBe(1);
  });

  test("prints a curl line that mints with no credential in it", async () => {
    const { output, url } = await start();
    const line = /curl -X POST -H @(\S+) (\S+)/.exec(output);
    const header = readFileSync(join(clone, line?.[1] ?? ""), "utf8").trim();
    const authorization = header.replace(/^Authorization: /, "");
    const minted = await fetch(line?.[2] ?? "", { method: "POST", headers: { authorization } });
    expect(minted.status).toBe(201);
    expect(await minted.json()).toMatchObject({ magic_link: expect.stringContaining(url) });
    expect(output).not.toContain("ams_sk_");
  });

  test("keeps its state for its owner alone, and the same link works after a restart", async () => {
    const first = await start();
    expect(modeOf(".ams")).toBe(0o700);
    for (const name of ["peppers.json", "demo.json", "demo-header.txt", "lock"]) {
      expect([name, modeOf(`.ams/${name}`)]).toEqual([name, 0o600]);
    }
    expect(await end(first.child, "SIGTERM")).toBe(0);
    const second = await start();
    expect(pathOf(second.link)).toBe(pathOf(first.link));
    await joinAs("ada", second.link);
  });

  test("a second start on the same folder is refused with 75, naming the pid that holds it", async () => {
    const first = await start();
    const second = await run("start.mjs", { PORT: "0" });
    expect(second.code).toBe(75);
    expect(second.stderr).toContain(`Process ${first.child.pid} already runs AMS`);
  });

  test("limits of an account are set while it runs, and hold at the next join", async () => {
    const { child, link } = await start();
    const demo = JSON.parse(readFileSync(join(clone, ".ams/demo.json"), "utf8"));
    const set = (streams: string) =>
      run("control.mjs", {}, [
        "limits",
        demo.namespace,
        "--subscribers",
        streams,
        "--directory",
        ".ams",
      ]);
    await joinAs("ada", link);
    const printed = await set("1");
    expect([printed.code, JSON.parse(printed.stdout)]).toMatchObject([0, { subscribers_max: 1 }]);
    await expect(joinAs("bob", link)).rejects.toThrow("4003 conversation_subscriber_limit");
    expect((await set("default")).code).toBe(0);
    await joinAs("bob", link);
    expect(child.exitCode).toBeNull();
  });

  test("§2.2.4 a credential is reset while it runs: the old one's sockets close, and the new one opens", async () => {
    const { link } = await start();
    const demo = JSON.parse(readFileSync(join(clone, ".ams/demo.json"), "utf8"));
    const socket = new WebSocket(`${link.replace("http", "ws").replace("?", "/connect?")}`, {
      headers: { authorization: `Bearer ${demo.credential}` },
    });
    await once(socket, "message");
    const closed = once(socket, "close");
    const args = ["reset-credential", demo.namespace, "--directory", ".ams"];
    const reset = await run("control.mjs", {}, args);
    expect([reset.code, reset.stderr]).toEqual([0, ""]);
    const [code, reason] = await closed;
    expect([code, String(reason)]).toEqual([4002, "invalid_credential"]);
    const show = (credential: string) =>
      fetch(new URL("/v1/account", link), { headers: { authorization: `Bearer ${credential}` } });
    expect((await show(demo.credential)).status).toBe(401);
    expect((await show(JSON.parse(reset.stdout).credential)).status).toBe(200);
  });

  test("a lock that a killed process left behind is taken over", async () => {
    const first = await start();
    await end(first.child, "SIGKILL");
    const second = await start();
    expect(pathOf(second.link)).toBe(pathOf(first.link));
  });

  test("a port that is taken is reported in one sentence with 69", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const address = other.address();
    const port = typeof address === "object" ? String(address?.port) : "";
    const refused = await run("start.mjs", { PORT: port });
    other.close();
    expect(refused.code).toBe(69);
    expect(refused.stderr).toMatch(new RegExp(`^Port ${port} .*set PORT to another one\\.\\n$`));
  });

  test("every fault of the configuration is reported at once with 78", async () => {
    const wrong = { PORT: "many", AMS_SIGNUP: "perhaps", AMS_REDIS_URL: "http://:canary@host" };
    const refused = await run("start.mjs", wrong);
    expect(refused.code).toBe(78);
    expect(refused.stderr).toMatch(/PORT .*\n.*AMS_SIGNUP .*\n.*AMS_REDIS_URL must begin with /);
    expect(refused.stderr).not.toContain("canary");
  });

  test("§8.2 a folder whose store was hashed under other peppers is reported in one sentence with 78", async () => {
    await end((await start()).child, "SIGTERM");
    const other = "another-pepper-".padEnd(64, "0");
    const peppers = { AMS_CREDENTIAL_PEPPERS: other, AMS_LINK_PEPPERS: other };
    const refused = await run("start.mjs", { PORT: "0", ...peppers });
    expect(refused.code).toBe(78);
    expect(refused.stderr).toMatch(/none of the credential peppers given here [^\n]+\n$/);
    await start(); // Its own peppers are still its own.
  });

  test("a folder of state that can't be made is reported in one sentence with 78", async () => {
    const refused = await run("start.mjs", { PORT: "0", AMS_DATA: "/dev/null/nope" });
    expect(refused.code).toBe(78);
    expect(refused.stderr).toMatch(/\n {2}AMS_DATA can't be used: [^\n]+\n$/);
  });

  test("peppers of the folder that can't be read are reported by their path with 78", async () => {
    const data = mkdtempSync(join(tmpdir(), "ams-bad-peppers-"));
    writeFileSync(join(data, "peppers.json"), "{");
    const refused = await run("start.mjs", { PORT: "0", AMS_DATA: data });
    rmSync(data, { recursive: true });
    expect(refused.code).toBe(78);
    expect(refused.stderr).toContain(`  ${join(data, "peppers.json")} can't be read`);
    expect(refused.stderr).not.toContain("AMS_PEPPERS_FILE");
  });

  test("SIGTERM notifies the sockets and ends within 2 s", async () => {
    const { child, link } = await start();
    const ada = await joinAs("ada", link);
    const began = performance.now();
    const code = await end(child, "SIGTERM");
    expect(code).toBe(0);
    expect(performance.now() - began).toBeLessThan(2_000);
    expect(await ada.closed).toBe("4503 draining");
    expect(ada.seen("x_drain")).toBe(1);
  });
});

describe("the lines to paste", () => {
  test("npm run mint prints a link that works", async () => {
    const { url } = await start();
    const minted = await run("mint.mjs", {});
    expect(minted.code).toBe(0);
    expect(minted.stdout).toMatch(new RegExp(`^${url}/demo-[0-9a-f]+/conversations/\\S+\\n$`));
    await joinAs("ada", minted.stdout.trim());
  });

  test.skipIf(findRedisBinary() === null)(
    "npm run mint is of the demo of the AMS that runs, on Redis or not",
    async () => {
      await end((await start()).child, "SIGTERM"); // Leaves a demo of its own in the folder.
      const folder = mkdtempSync(join(tmpdir(), "ams-mint-"));
      const redis = await startRedisServer(folder);
      const { child, link } = await start({ AMS_REDIS_URL: redis.url });
      const minted = await run("mint.mjs", {});
      await end(child, "SIGTERM");
      await redis.stop();
      rmSync(folder, { recursive: true });
      expect(minted.code).toBe(0);
      expect(pathOf(minted.stdout.trim()).split("/")[1]).toBe(pathOf(link).split("/")[1]);
    },
  );

  test("npm run join sends the lines of a pipe, says who is here, and leaves at its end", async () => {
    const { link } = await start();
    const ada = await joinAs("ada", link);
    const joined = run("join.mjs", {}, [link, "--name", "bob"], "one\ntwo\n");
    for (const data of ["one", END_OF_TURN_DATA, "two", END_OF_TURN_DATA]) {
      expect(await ada.next("token")).toMatchObject({ stream_name: "bob", data });
    }
    expect(await ada.next("stream_left")).toMatchObject({ stream_name: "bob" });
    const { code, stderr } = await joined;
    expect(code).toBe(0);
    expect(stderr).toContain("you are bob; here: ada");
  });

  test.each([
    ["no link", [], 2],
    ["no URL", ["hello"], 4],
    ["a link without its token", ["http://127.0.0.1:1/a/conversations/b"], 4],
  ])("npm run join with %s says so in one sentence", async (_, args, status) => {
    const refused = await run("join.mjs", {}, args);
    expect(refused.code).toBe(status);
    expect(refused.stderr).toMatch(/^ams: /m);
    expect(refused.stderr).not.toContain("    at ");
  });

  test("npm run join with a wrong link says what the close means", async () => {
    const { link } = await start();
    const refused = await run("join.mjs", {}, [link.replace(/t=.*/, `t=${"A".repeat(43)}`)]);
    expect(refused.code).toBe(4);
    expect(refused.stderr).toMatch(/^ams: .*link/i);
  });
});

test.each(["gateway", "control"])(
  "%s alone does not start without peppers: 78",
  async (service) => {
    const main = join(clone, "services", service, "dist", "main.js");
    const env = { AMS_REDIS_URL: "redis://127.0.0.1:1", PORT: "0", AMS_ADMIN_PORT: "0" };
    const refused = await runFile(main, env, [], "");
    expect(refused.code).toBe(78);
    expect(refused.stderr).toContain("AMS_CREDENTIAL_PEPPERS is needed");
  },
);

type Started = { child: ChildProcess; output: string; url: string; link: string };

/** Starts AMS in the clone on a free port, and resolves once it has printed its last line. */
async function start(env: Record<string, string> = {}): Promise<Started> {
  const child = launch(join(clone, "scripts", "start.mjs"), { PORT: "0", ...env }, []);
  let output = "";
  let errors = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    errors += chunk.toString();
  });
  const printed = new Promise<void>((resolve, reject) => {
    child.stdout?.on("data", (chunk: Buffer) => {
      output += chunk.toString();
      if (output.includes("Ctrl-C")) resolve();
    });
    child.once("exit", (code) => reject(new Error(`start ended with ${code}: ${errors}`)));
  });
  await printed;
  const url = /AMS is running at (\S+)/.exec(output)?.[1] ?? "";
  const link = /npm run join -- '([^']+)'/.exec(output)?.[1] ?? "";
  return { child, output, url, link };
}

function run(
  script: string,
  env: Record<string, string>,
  args: readonly string[] = [],
  input = "",
) {
  return runFile(join(clone, "scripts", script), env, args, input);
}

async function runFile(
  file: string,
  env: Record<string, string>,
  args: readonly string[],
  input: string,
) {
  const child = launch(file, env, args);
  const output = { stdout: "", stderr: "" };
  child.stdout?.on("data", (chunk: Buffer) => {
    output.stdout += chunk.toString();
  });
  child.stderr?.on("data", (chunk: Buffer) => {
    output.stderr += chunk.toString();
  });
  child.stdin?.end(input);
  const [code] = await once(child, "close");
  return { code, ...output };
}

function launch(file: string, env: Record<string, string>, args: readonly string[]): ChildProcess {
  const { PATH, HOME } = process.env;
  const child = spawn(process.execPath, [file, ...args], {
    cwd: clone,
    env: { PATH, HOME, ...env },
    stdio: "pipe",
  });
  running.add(child);
  child.once("exit", () => running.delete(child));
  return child;
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const exited = once(child, "exit");
  child.kill(signal);
  const [code] = await exited;
  return code;
}

type Frame = { readonly type: string } & Record<string, unknown>;

async function joinAs(name: string, link: string) {
  const url = link.replace(/^http/, "ws").replace("?", "/connect?");
  const socket = new WebSocket(url, ["ams.v1", "ams.guest"], {
    headers: { "x-ams-stream-name": name },
  });
  const unread: Frame[] = [];
  const counts = new Map<string, number>();
  const waiting: { type: string; resolve: (frame: Frame) => void }[] = [];
  socket.on("message", (data) => {
    const frame: Frame = JSON.parse(data.toString());
    counts.set(frame.type, (counts.get(frame.type) ?? 0) + 1);
    const index = waiting.findIndex(({ type }) => type === frame.type);
    if (index < 0) unread.push(frame);
    else waiting.splice(index, 1)[0]?.resolve(frame);
  });
  const closed = new Promise<string>((resolve, reject) => {
    socket.once("error", reject);
    socket.once("close", (code, reason) => resolve(`${code} ${reason.toString()}`));
  });
  const next = (type: string) => {
    const index = unread.findIndex((frame) => frame.type === type);
    const [found] = index < 0 ? [] : unread.splice(index, 1);
    return found ?? new Promise<Frame>((resolve) => waiting.push({ type, resolve }));
  };
  const refused = closed.then((how) => Promise.reject(new Error(`not joined: ${how}`)));
  refused.catch(() => undefined);
  await Promise.race([next("joined"), refused]);
  return {
    closed,
    next: async (type: string) => next(type),
    say: (data: string) => socket.send(JSON.stringify({ type: "token", data })),
    /** Frames of this type that have come, read or not. */
    seen: (type: string) => counts.get(type) ?? 0,
  };
}

/** What a clone would hold, and its packages. */
function copyClone(from: string, to: string): void {
  const listed = execFileSync("git", ["ls-files", "-co", "--exclude-standard", "-z"], {
    cwd: from,
  });
  const names = listed.toString().split("\0").filter(Boolean);
  for (const name of names) {
    mkdirSync(join(to, name, ".."), { recursive: true });
    cpSync(join(from, name), join(to, name));
  }
  // A workspace has packages of its own where it needs another version than the root has.
  for (const name of names.filter((name) => name.endsWith("package.json"))) {
    const packages = join(name, "..", "node_modules");
    if (existsSync(join(from, packages))) copyTree(join(from, packages), join(to, packages));
  }
}

/** As hard links where the file system has them. */
function copyTree(source: string, target: string): void {
  try {
    execFileSync("cp", ["-al", source, target], { stdio: "ignore" });
  } catch {
    rmSync(target, { recursive: true, force: true });
    execFileSync("cp", ["-R", source, target]);
  }
}

function modeOf(path: string): number {
  return statSync(join(clone, path)).mode & 0o777;
}

function pathOf(link: string): string {
  const { pathname, search } = new URL(link);
  return pathname + search;
}

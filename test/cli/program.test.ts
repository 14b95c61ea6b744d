import { execFileSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { freePort } from "../cluster/free-port.ts";
import { repositoryRoot } from "../repository-root.ts";
import { type Standalone, startStandalone } from "../standalone.ts";
import { Home, jsonLines } from "./ams.ts";

const README = readFileSync(join(repositoryRoot(), "cli", "README.md"), "utf8");

let home: Home;

beforeAll(() => {
  home = new Home();
});
afterAll(() => home.remove());

describe("help", () => {
  const commands = [
    ...[
      "mint",
      "list",
      "inspect",
      "link new",
      "link create",
      "link list",
      "link revoke",
      "close",
      "join",
      "tail",
      "send",
      "pipe",
    ],
    ...["account create", "account show", "account usage", "account rotate", "account delete"],
    ...["account", "link", "config", "help"],
    ...["config show", "config path", "config list", "up", "doctor", "load", "conformance", "mcp"],
  ];

  test.each(commands)("ams %s --help has a real example, and fits a terminal", async (words) => {
    const { code, stdout, stderr } = await home.run([...words.split(" "), "--help"]);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(/^Usage: ams /);
    expect(stdout).toMatch(/^Examples?\b[^\n]*:$|^ {2}\$ ams |^ {2}\$ export AMS_LINK/m);
    expect(stdout).not.toMatch(/ams_sk_/);
  });

  test("ams --help lists every command", async () => {
    const { code, stdout } = await home.run(["--help"]);
    expect(code).toBe(0);
    for (const words of commands) expect(stdout).toContain(`\n  ${words.split(" ")[0]}`);
  });

  test("ams help <command> is its --help", async () => {
    const { stdout } = await home.run(["help", "link", "new"]);
    expect(stdout).toBe((await home.run(["link", "new", "--help"])).stdout);
  });

  test("ams help exit-codes says what README.md says", async () => {
    const codes = await home.json(["help", "exit-codes"]);
    expect(codes.length).toBeGreaterThan(8);
    for (const { status, meaning } of codes) expect(README).toContain(`| ${status} | ${meaning} |`);
    const { stdout } = await home.run(["help", "exit-codes"]);
    for (const { meaning } of codes) expect(stdout).toContain(meaning);
  });

  test("ams --help loads neither the SDK nor what commands do, so that it is there at once", async () => {
    const folder = join(home.folder, "coverage");
    await home.run(["--help"], { env: { NODE_V8_COVERAGE: folder } });
    const [file = ""] = readdirSync(folder);
    const { result } = JSON.parse(readFileSync(join(folder, file), "utf8"));
    const urls: readonly string[] = result.map(({ url }: { url: string }) => url);
    expect(urls.some((url) => url.endsWith("/cli/dist/main.js"))).toBe(true);
    const unwanted = /\/libs\/|\/cli\/dist\/(actions|doctor|view)\/|hdr-histogram|clack|\/ws\//;
    expect(urls.filter((url) => unwanted.test(url))).toEqual([]);
  });

  test("ams --version is the package's", async () => {
    const path = join(repositoryRoot(), "cli", "package.json");
    const { version } = JSON.parse(readFileSync(path, "utf8"));
    expect((await home.run(["--version"])).stdout).toBe(`${version}\n`);
  });

  test("ams alone prints the help and ends with 2", async () => {
    const { code, stdout, stderr } = await home.run([]);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(/^Usage: ams /);
  });

  test("ams --json alone is a fault in JSON", async () => {
    for (const [words, command] of [
      [["--json"], "ams"],
      [["link", "--json"], "ams link"],
    ] as const) {
      const { code, stdout, stderr } = await home.run(words);
      expect([code, stdout]).toEqual([2, ""]);
      const message = `A command is missing: see \`${command} --help\`.`;
      expect(jsonLines(stderr)).toEqual([{ error: "bad_usage", message, exit: 2 }]);
    }
  });
});

describe("child processes", () => {
  test("ams up runs an AMS until it is asked to stop, and ends as it does", async () => {
    const port = await freePort();
    const up = home.start(["up", "--port", String(port), "--data", join(home.folder, "state")]);
    await up.shows(`AMS is running at http://127.0.0.1:${port}`);
    expect((await home.run(["doctor", `http://127.0.0.1:${port}`])).code).toBe(0);
    up.signal("SIGTERM");
    expect((await up.ended).code).toBe(0);
  });

  test("ams up hands the failure of its child on", async () => {
    const taken = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => taken.once("listening", resolve));
    const { port } = Object(taken.address());
    const { code, stderr } = await home.run(["up", "--port", String(port)], {
      env: { AMS_DATA: join(home.folder, "other") },
    });
    expect(code).not.toBe(0);
    expect(stderr).not.toBe("");
    taken.close();
  });

  test("ams mcp speaks MCP on stdin and stdout, and ends when stdin does", async () => {
    const ams = await startStandalone();
    await home.one(["account", "create", "agent", "--url", ams.url, "--profile", "agent"]);
    const { magic_link: link } = await home.one(["mint", "--profile", "agent"]);
    const mcp = home.start(["mcp", "--profile", "agent"], { env: { AMS_LINK: String(link) } });
    const params = {
      protocolVersion: "2025-06-18",
      capabilities: {},
      clientInfo: { name: "t", version: "1" },
    };
    mcp.type(`${JSON.stringify({ jsonrpc: "2.0", id: 1, method: "initialize", params })}\n`);
    await mcp.shows('"serverInfo"');
    mcp.end();
    const { code, stdout } = await mcp.ended;
    expect(code).toBe(0);
    expect(jsonLines(stdout)).toMatchObject([{ id: 1, result: { serverInfo: expect.anything() } }]);
    await ams.stop();
  });

  test("ams conformance hands its status on, and its arguments down", async () => {
    const { code, stderr } = await home.run(["conformance", "http://127.0.0.1:1"]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^Nobody answers at /);
    expect((await home.run(["conformance"])).code).toBe(2);
  });
});

describe("the one file", () => {
  let ams: Standalone;
  let folder: string;
  let binary: string;

  beforeAll(async () => {
    ams = await startStandalone();
    folder = mkdtempSync(join(tmpdir(), "ams-bundle-"));
    binary = join(folder, "ams.mjs");
    execFileSync(process.execPath, [join(repositoryRoot(), "cli", "build.mjs")]);
    copyFileSync(join(repositoryRoot(), "cli", "dist", "package", "ams.mjs"), binary);
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true, force: true });
    await ams.stop();
  });

  test("needs nothing beside it", async () => {
    expect((await home.run(["--version"], { binary })).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    await home.one(["account", "create", "bundled", "--url", ams.url], { binary });
    const { magic_link: link } = await home.one(["mint"], { binary });
    const env = { AMS_LINK: String(link) };
    const tail = home.start(["tail", "--json"], { binary, env });
    await tail.shows('"joined"');
    expect((await home.run(["send", "hello"], { binary, env })).code).toBe(0);
    await tail.shows("hello");
    tail.signal("SIGINT");
    const { code, stdout } = await tail.ended;
    expect(code).toBe(130);
    expect(jsonLines(stdout).some(({ data }) => data === "hello")).toBe(true);
    expect((await home.run(["doctor", ams.url], { binary })).code).toBe(0);
  });

  test("says that `up` needs a clone", async () => {
    const { code, stderr } = await home.run(["up"], { binary });
    expect(code).toBe(8);
    expect(stderr).toMatch(/^ams: `ams up` starts a part of AMS that is not installed/);
  });
});

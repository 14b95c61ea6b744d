import { type ChildProcessByStdio, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import WebSocket from "ws";
import { connect, ERAS } from "../mcp/clients.ts";
import { findChromium } from "./browser.ts";
import { hears, isIn, say, startTinCan, type TinCan } from "./tincan.ts";

describe.skipIf(findChromium() === null)("an agent beside a person", () => {
  let tincan: TinCan;
  let page: Page;
  let lines: ReadonlyMap<string, string>;
  beforeAll(async () => {
    tincan = await startTinCan();
    const { link } = await tincan.mint({ instructions: "Bring cake." });
    ({ page } = await tincan.visit(link));
    await isIn(page);
    await page.getByRole("button", { name: "Connect" }).click();
    await page.locator("#connect-curl").waitFor();
    const articles = await page.locator(".connect article").all();
    const found = articles.map(async (article) => {
      const id = (await article.getAttribute("id")) ?? "";
      const text = (await article.locator("pre").textContent()) ?? "";
      return [id.replace("connect-", ""), text] as const;
    });
    const about = (await page.locator("#connect-sdk .soft").textContent()) ?? "";
    lines = new Map([...(await Promise.all(found)), ["sdk about", about]]);
    await page.keyboard.press("Escape");
  });
  afterAll(() => tincan.stop());

  const line = (id: string) => lines.get(id) ?? `there is no line ${id}`;

  test.each(ERAS)(
    "%s joins by the address of the Connect tab and appears with its badge",
    async (era) => {
      const url: unknown = Object.values(Object(JSON.parse(line("cursor")).mcpServers)).map(
        (server) => Object(server).url,
      )[0];
      const name = `agent-${ERAS.indexOf(era)}`;
      const agent = await connect(era, String(url), name);
      expect(agent.instructions()).toContain("Bring cake.");
      await agent.call("ams_join", {
        stream_metadata: { display_name: `Agent ${ERAS.indexOf(era)}` },
        peer_identity: { kind: "agent", client: name, model: "m-1" },
      });
      const entry = page.locator(".side .roster li", { hasText: name });
      await entry.locator(".badge", { hasText: "m-1" }).waitFor();
      await agent.call("ams_send", { data: `hello from ${name}` });
      await hears(page, `hello from ${name}`);
      await say(page, `hello ${name}`);
      const heard = async () => JSON.stringify(await agent.call("ams_recv", { wait_ms: 5_000 }));
      await expect.poll(heard, { timeout: 15_000 }).toContain(`hello ${name}`);
      await agent.call("ams_leave");
      await agent.close();
      await entry.waitFor({ state: "detached" });
    },
  );

  test("the line for curl, pasted as it stands, answers what the link is", () => {
    const answer: unknown = JSON.parse(
      execFileSync("sh", ["-c", `${line("curl")} --silent`], { encoding: "utf8" }),
    );
    expect(answer).toMatchObject({ pre_bound: { metadata: { instructions: "Bring cake." } } });
  });

  test("the line for a raw WebSocket names an address and subprotocols that any client joins by", async () => {
    const [, protocols = "", address = ""] =
      /^websocat --protocol '([^']+)' '([^']+)'$/.exec(line("websocat")) ?? [];
    const socket = new WebSocket(address, protocols.split(", "));
    await once(socket, "open");
    socket.send('{"type":"token","data":"hello from a socket"}');
    await hears(page, "hello from a socket");
    socket.close();
  });

  test("the line for the command line, pasted as it stands, joins, hears and speaks", async () => {
    const folder = mkdtempSync(join(tmpdir(), "ams-pasted-"));
    const env = { ...process.env, HOME: folder };
    const stdio: ["pipe", "pipe", "inherit"] = ["pipe", "pipe", "inherit"];
    const child = spawn("sh", ["-c", line("ams")], { env, stdio, cwd: folder, detached: true });
    await pastedWorks(child, () => child.stdin.write("hello from a shell\n"), "hello from a shell");
    rmSync(folder, { recursive: true, force: true });
  });

  test("the lines for TypeScript, pasted as they stand, join, hear and speak", async () => {
    const folder = mkdtempSync(join(tmpdir(), "ams-pasted-"));
    const install = line("sdk about").slice(line("sdk about").indexOf("npm install"));
    execFileSync("sh", ["-c", `npm init -y >/dev/null && ${install}`], { cwd: folder });
    writeFileSync(
      join(folder, "pasted.mjs"),
      line("sdk").replace('"hello"', '"hello from a script"'),
    );
    const stdio: ["pipe", "pipe", "inherit"] = ["pipe", "pipe", "inherit"];
    const child = spawn(process.execPath, ["pasted.mjs"], { stdio, cwd: folder });
    await pastedWorks(child, () => undefined, "hello from a script");
    rmSync(folder, { recursive: true, force: true });
  });

  /**
   * With all that it started, where it leads a group of its own: `sh` starts npx, and that the
   * program.
   */
  function end(child: ChildProcessByStdio<Writable, Readable, null>) {
    try {
      process.kill(-Number(child.pid), "SIGKILL");
    } catch {
      child.kill("SIGKILL");
    }
  }

  /** It says its words to the page, prints what the page says, and ends. */
  async function pastedWorks(
    child: ChildProcessByStdio<Writable, Readable, null>,
    speak: () => void,
    words: string,
  ) {
    let printed = "";
    child.stdout.on("data", (data) => {
      printed += data;
    });
    speak();
    await hears(page, words, 50_000); // npx installs the program first.
    await say(page, `you said ${words}`);
    await expect.poll(() => printed, { timeout: 15_000 }).toContain(`you said ${words}`);
    end(child);
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  }
});

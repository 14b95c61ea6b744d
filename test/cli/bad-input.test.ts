import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { type Account, type Connection, join, openAccount } from "@ams/client";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Standalone, startStandalone } from "../standalone.ts";
import { BINARY, type Ended, Home, jsonLines } from "./ams.ts";

let ams: Standalone;
let home: Home;
let account: Account;
let link: string;
let env: { AMS_LINK: string };

beforeAll(async () => {
  ams = await startStandalone({ AMS_SUBSCRIBERS_PER_CONVERSATION: "2" });
  home = new Home();
  const created = ["account", "create", "careful", "--url", ams.url, "--show-credential"];
  const { credential } = await home.one(created);
  account = await openAccount(ams.url, { credential: String(credential) });
});
afterAll(async () => {
  home.remove();
  await ams.stop();
});
beforeEach(async () => {
  link = (await account.mint()).magicLink;
  env = { AMS_LINK: link };
});

/** One sentence, with the status that it should have, and the secret of no link in it. */
function expectSentence({ code, stderr }: Ended, status: number, sentence: RegExp): void {
  expect(stderr).toMatch(sentence);
  expect(stderr.trimEnd().split("\n")).toHaveLength(1);
  expect(stderr).toMatch(/^ams: [A-Z`].*[.?`]\n$/);
  expect(stderr).not.toContain(new URL(link).searchParams.get("t") ?? "");
  expect(code).toBe(status);
}

describe("a link", () => {
  test.each([
    ["no URL", "standup", /not a URL/],
    ["cut off in the path", "http://127.0.0.1:9/ns/conversations", /path should end in/],
    ["cut off before its token", "http://127.0.0.1:9/ns/conversations/alias", /cut off/],
    ["of a web page", "https://127.0.0.1:9/index.html", /not a magic link/],
    ["of another scheme", "ftp://127.0.0.1/ns/conversations/a?t=x", /http:\/\/ or https:\/\//],
  ])("that is %s ends with 4 before anything is sent", async (_what, broken, sentence) => {
    expectSentence(await home.run(["tail", broken]), 4, sentence);
  });

  test("that is missing is an error of usage", async () => {
    expectSentence(await home.run(["tail", ""]), 2, /magic link is missing/);
  });

  test("that is truncated ends with 4", async () => {
    expectSentence(await home.run(["join", link.slice(0, -3)]), 4, /damaged/);
  });

  test("that is wrong ends with 4", async () => {
    const wrong = link.replace(/.{3}$/, "AAA");
    expectSentence(
      await home.run(["send", wrong, "hello"]),
      4,
      /wrong, expired, used up or revoked/,
    );
    expectSentence(await home.run(["inspect", wrong]), 4, /wrong, expired or revoked/);
  });

  test("that has expired ends with 4", async () => {
    const { magic_link: short, expires_at: until } = await home.one(["mint", "--expires-in", "1s"]);
    // It ends by the clock of the deployment, which is this machine's.
    while (Date.now() <= Date.parse(String(until))) await new Promise(setImmediate);
    expectSentence(await home.run(["join", String(short)]), 4, /expired/);
  });

  test("that is missing ends with 2", async () => {
    for (const command of ["join", "tail", "pipe", "inspect"]) {
      expectSentence(await home.run([command]), 2, /The magic link is missing/);
    }
    expectSentence(await home.run(["send", link]), 2, /The text is missing/);
    expectSentence(await home.run(["pipe", "-"]), 2, /Stdin is the text here/);
    expectSentence(await home.run(["tail", "-"]), 2, /no link on stdin/);
  });
});

describe("an address", () => {
  let page: Server;
  let pageUrl: string;

  beforeAll(async () => {
    page = createServer((_request, response) => {
      response.setHeader("content-type", "text/html").end("<h1>Welcome to nginx!</h1>");
    }).listen(0, "127.0.0.1");
    await once(page, "listening");
    pageUrl = `http://127.0.0.1:${Object(page.address()).port}`;
  });
  afterAll(() => page.close());

  test("where a web page answers instead of AMS ends with 5", async () => {
    const created = await home.run(["account", "create", "x", "--profile", "x", "--url", pageUrl]);
    expectSentence(created, 5, /What answers at .* is not AMS/);
    const other = `${pageUrl}/ns/conversations/alias?t=${"A".repeat(43)}`;
    expectSentence(await home.run(["join", other, "--guest"]), 5, /is not AMS/);
    expectSentence(await home.run(["inspect", other]), 5, /is not AMS/);
  });

  test("that says nothing shows on a terminal that one waits, and Ctrl-C ends it", async () => {
    const silent = createServer(() => {}).listen(0, "127.0.0.1");
    await once(silent, "listening");
    const { port } = Object(silent.address());
    const other = `http://127.0.0.1:${port}/ns/conversations/alias?t=${"A".repeat(43)}`;
    for (const [command, words] of [
      ["inspect", "looking …"],
      ["tail", "joining …"],
    ] as const) {
      const running = home.start([command, other], { terminal: true });
      await running.shows(words);
      running.type("\u0003");
      expect((await running.ended).code).toBe(130);
    }
    silent.closeAllConnections();
    silent.close();
  });

  test("where another server answers JSON ends with 5", async () => {
    const other = createServer((_request, response) => {
      response.setHeader("content-type", "application/json").end('{"hello":"world"}');
    }).listen(0, "127.0.0.1");
    await once(other, "listening");
    const url = `http://127.0.0.1:${Object(other.address()).port}`;
    const otherLink = `${url}/ns/conversations/alias?t=${"A".repeat(43)}`;
    for (const words of [
      ["account", "create", "x", "--profile", "x", "--url", url],
      ["inspect", otherLink],
    ]) {
      expectSentence(await home.run(words), 5, /is not AMS/);
    }
    const { code, stdout } = await home.run(["doctor", url]);
    expect([code, stdout]).toEqual([5, expect.stringMatching(/✗ ams .* is not AMS/)]);
    other.close();
  });

  test("where nothing answers ends with 5", async () => {
    const gone = await startStandalone();
    await gone.stop();
    const nowhere = `${gone.url}/ns/conversations/alias?t=${"A".repeat(43)}`;
    expectSentence(await home.run(["send", nowhere, "x"]), 5, /Nothing answers at /);
  });

  test("that is none ends with 2", async () => {
    const ended = await home.run([
      "account",
      "create",
      "x",
      "--profile",
      "x",
      "--url",
      "localhost",
    ]);
    expectSentence(ended, 2, /begins with http:\/\/ or https:\/\//);
  });
});

describe("who one is", () => {
  test("a revoked credential ends with 3", async () => {
    const wrong = { AMS_CREDENTIAL: `ams_sk_${"A".repeat(43)}`, AMS_URL: ams.url };
    expectSentence(await home.run(["list"], { env: wrong }), 3, /not one of a live account/);
    const joined = await home.run(["join"], { env: { ...wrong, ...env } });
    expectSentence(joined, 3, /not one of a live account/);
  });

  test("a credential that is none ends with 3, and isn't repeated", async () => {
    const ended = await home.run(["list"], {
      env: { AMS_CREDENTIAL: "hunter2", AMS_URL: ams.url },
    });
    expectSentence(ended, 3, /credential/i);
    expect(ended.stderr).not.toContain("hunter2");
  });

  test("no account where one is needed ends with 3, and says how to get one", async () => {
    const nobody = new Home();
    expectSentence(await nobody.run(["mint", "--url", ams.url]), 3, /ams account create/);
    expectSentence(await nobody.run(["mint", "--profile", "no"]), 3, /no profile no/);
    nobody.remove();
  });

  test("§3.3.8 a stream name that is another account's ends with 3 and names the option", async () => {
    const guest = await join(link, { guest: true, streamName: "ada" });
    expectSentence(
      await home.run(["join", "--name", "ada"], { env }),
      3,
      /choose another with --name/,
    );
    await guest.close();
  });

  test("a stream name that is none ends with 2", async () => {
    expectSentence(await home.run(["join", "--name", "a b"], { env }), 2, /A stream name is/);
  });
});

describe("a full conversation", () => {
  let guests: readonly Connection[];

  beforeEach(async () => {
    guests = [await join(link, { guest: true }), await join(link, { guest: true })];
  });
  afterEach(async () => {
    await Promise.all(guests.map((guest) => guest.close()));
  });

  test("§3.3.9 ends with 6 and names the setting", async () => {
    expectSentence(await home.run(["join"], { env }), 6, /AMS_SUBSCRIBERS_PER_CONVERSATION/);
    const { code, stderr } = await home.run(["send", "hello", "--json"], { env });
    expect(code).toBe(6);
    expect(jsonLines(stderr)).toMatchObject([
      { error: "conversation_subscriber_limit", close_code: 4003, exit: 6 },
    ]);
  });
});

describe("stdin", () => {
  test("binary ends with 8, what stood before it is sent, and it says how much that is", async () => {
    const ear = await join(link, { guest: true });
    const heard = ear.text("model");
    const stdin = Buffer.concat([Buffer.from("grüße"), Buffer.from([0xff, 0xfe, 0x00, 0x41])]);
    const ended = await home.run(["pipe", "--name", "model"], { env, stdin });
    expectSentence(
      ended,
      8,
      /Stdin is not text in UTF-8 \(byte 8\): .*; 1 token was accepted before\.$/m,
    );
    const texts: string[] = [];
    for await (const text of heard) texts.push(text);
    expect(texts.join("")).toBe("grüße");
    await ear.close();
  });

  test("that ends within a character ends with 8", async () => {
    const stdin = Buffer.from("a👋").subarray(0, 3);
    expectSentence(await home.run(["pipe"], { env, stdin }), 8, /byte 2/);
    expectSentence(await home.run(["send", "-"], { env, stdin }), 8, /byte 2/);
    const { code, stderr } = await home.run(["join"], { env, stdin });
    expect([code, stderr]).toEqual([8, expect.stringContaining("not text in UTF-8 (byte 2)")]);
  });
});

describe("a server that goes away in the middle", () => {
  test("pipe ends with 7 and says how many tokens were accepted, and those did arrive", async () => {
    const ear = await join(link, { guest: true, streamName: "ear", reconnectForMs: 0 });
    const heard: string[] = [];
    const listening = (async () => {
      for await (const { data } of ear.tokens()) heard.push(data);
    })().catch(() => {});
    const pipe = home.start(["pipe", "--name", "model", "--json", "--reconnect-for", "1s"], {
      env,
    });
    let fed = "";
    const feeding = setInterval(() => {
      const word = `token-${fed.length} `;
      fed += word;
      pipe.type(word);
    }, 5);
    while (heard.length < 20) await new Promise(setImmediate);
    await ams.halt("SIGKILL");
    const { code, stderr } = await pipe.ended;
    clearInterval(feeding);
    await listening;
    await ams.resume();
    expect(code).toBe(7);
    const failure = jsonLines(stderr).at(-1);
    expect(failure).toMatchObject({
      exit: 7,
      accepted: expect.any(Number),
      last_seq: expect.any(String),
    });
    expect(failure?.message).toMatch(/; \d+ tokens were accepted before/);
    const [accepted, inDoubt] = [Number(failure?.accepted), Number(failure?.in_doubt)];
    // Nothing was heard that wasn't accepted, or may have been, and all that was accepted was
    // heard.
    expect(heard.length).toBeLessThanOrEqual(accepted + inDoubt);
    expect(heard.length).toBeGreaterThanOrEqual(accepted);
    expect(fed.startsWith(heard.join(""))).toBe(true);
  });

  test("tail and send end with 7 or 5 in one sentence, and say nothing twice", async () => {
    const tail = home.start(["tail", "--reconnect-for", "0s"], { env });
    await tail.shows("you are");
    await ams.halt("SIGKILL");
    const ended = await tail.ended;
    const sent = await home.run(["send", "hello"], { env });
    await ams.resume();
    expect(ended.code).toBe(7);
    expect(ended.stderr).toMatch(/\nams: The connection broke[^\n]*\.\n$/);
    expectSentence(sent, 5, /Nothing answers/);
  });
});

describe("stdout", () => {
  test("that can't be written ends with 8, and not as if all were well", () => {
    const readOnly = openSync("/dev/null", "r");
    const { status, stderr } = spawnSync(process.execPath, [BINARY, "help", "exit-codes"], {
      stdio: ["ignore", readOnly, "pipe"],
      encoding: "utf8",
    });
    closeSync(readOnly);
    expect([status, stderr]).toEqual([8, "ams: What ams says can't be written (EBADF).\n"]);
  });

  test("whose reader leaves at once ends with 0, without a word", async () => {
    const list = home.start(["list", "--json"]);
    list.child.stdout?.destroy();
    const { code, stderr } = await list.ended;
    expect([code, stderr]).toEqual([0, ""]);
  });
});

describe("the command line", () => {
  test.each([
    [["jion"], /^ams: There is no command 'jion' \(did you mean join\?\): see `ams --help`\.\n$/],
    [
      ["join", "--nmae", "x"],
      /^ams: There is no option '--nmae' \(did you mean --name\?\): see `ams join --help`\.\n$/,
    ],
    [["link", "nwe", "x"], /^ams: There is no command 'nwe' .*: see `ams link --help`\.\n$/],
    [["mint", "extra"], /^ams: `ams mint` takes 0 arguments and got 1: see `ams mint --help`\.\n$/],
    [
      ["account", "create"],
      /^ams: The argument <namespace> is missing: see `ams account create --help`\.\n$/,
    ],
    [["mint", "--alias"], /^ams: --alias <alias> has no value: see `ams mint --help`\.\n$/],
    [["list", "--url", "localhost"], /^ams: The URL of a deployment begins with http:/],
    [["list", "--profile", "../x"], /^ams: A profile's name is /],
    [["help", "nonsense"], /^ams: There is no command 'nonsense'/],
  ])("%j ends with 2 in one sentence", async (words, sentence) => {
    const { code, stdout, stderr } = await home.run(words);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(sentence);
  });

  test("a link or a credential in the wrong place is never repeated", async () => {
    const key = `ams_sk_${"A".repeat(43)}`;
    const wrongs: readonly (readonly string[])[] = [
      [link],
      [key],
      ["link", link],
      ["help", link],
      ["list", `--credential=${key}`],
      ["list", `--${key}`],
      ["list", "--credential-file", link],
      ["list", "--profile", link],
      ["list", "--url", link],
      ["mint", `--metadata=${link}`],
      ["mint", `--metadata=@${link}`],
      ["mint", "--max-joins", `x' is invalid. ${link}\n${link}`],
      ["tail", "--reconnect-for", link],
      ["load", link, "--report", `${link}/x/y`],
      ["join", link, link],
    ];
    const [, secret = ""] = link.split("?t=");
    for (const words of wrongs) {
      const { code, stdout, stderr } = await home.run(words);
      expect([words, stdout]).toEqual([words, ""]);
      expect(code).toBeGreaterThan(0);
      expect(stderr).toMatch(/^ams: [A-Z`].*\.\n$/);
      for (const one of [secret, key]) expect(stderr).not.toContain(one);
    }
    const { stderr } = await home.run([link]);
    expect(stderr).toBe("ams: A command is missing before the link: see `ams --help`.\n");
  });

  test("a link alone is no text, though AMS_LINK has another", async () => {
    expectSentence(await home.run(["send", link], { env }), 2, /The text is missing/);
  });

  test("with --json an error is one object on stderr", async () => {
    const { code, stdout, stderr } = await home.run(["jion", "--json"]);
    expect([code, stdout]).toEqual([2, ""]);
    expect(jsonLines(stderr)).toEqual([
      {
        error: "bad_usage",
        message: "There is no command 'jion' (did you mean join?): see `ams --help`.",
        exit: 2,
      },
    ]);
  });
});

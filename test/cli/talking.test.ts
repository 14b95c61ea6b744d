import {
  type Account,
  type Connection,
  join,
  openAccount,
  sentinelOf,
  type TokenEvent,
} from "@ams/client";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Standalone, startStandalone } from "../standalone.ts";
import { Home, jsonLines } from "./ams.ts";

/** What would harm a terminal: colours, the title, a bell, a cursor, the direction of writing. */
const HARMFUL = "\u001b[31mred\u001b[0m \u001b]0;title\u0007 \u202eevil\u202c \u009b2J";

let ams: Standalone;
let home: Home;
let account: Account;
let link: string;
let env: { AMS_LINK: string };
let ear: Connection;

beforeAll(async () => {
  ams = await startStandalone();
  home = new Home();
  const created = ["account", "create", "talker", "--url", ams.url, "--show-credential"];
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
  ear = await join(link, { guest: true, streamName: "ear" });
});
afterEach(() => ear.close());

/** The next texts that arrive, of whomever, without ends of turns; it listens from the call on. */
async function hear(count: number): Promise<readonly TokenEvent[]> {
  const heard: TokenEvent[] = [];
  for await (const token of ear.tokens()) {
    if (sentinelOf(token.data) !== null) continue;
    heard.push(token);
    if (heard.length === count) break;
  }
  return heard;
}

/** The text of a stream up to its leaving, piece by piece, without the ends of its turns. */
async function hearAll(stream: string): Promise<readonly string[]> {
  const heard: string[] = [];
  for await (const event of ear.events()) {
    const isText = event.type === "token" && sentinelOf(event.data) === null;
    if (isText && event.streamName === stream) heard.push(event.data);
    if (event.type === "stream_left" && event.streamName === stream) break;
  }
  return heard;
}

describe("ams send", () => {
  test("sends a text exactly, and says so when the deployment has it", async () => {
    const heard = hear(1);
    const { code, stdout } = await home.run(["send", "grüße \n 👋", "--name", "ci"], { env });
    expect([code, stdout]).toEqual([0, "Sent as ci.\n"]);
    expect(await heard).toMatchObject([{ data: "grüße \n 👋", streamName: "ci" }]);
  });

  test("takes the link as an argument, the text from stdin, and answers JSON", async () => {
    const heard = hear(1);
    const sent = await home.one(["send", link, "-"], { stdin: "from stdin" });
    const [token] = await heard;
    expect(token?.data).toBe("from stdin");
    expect(sent).toMatchObject({ type: "sent", accepted: 1, last_seq: token?.seq, ts: token?.ts });
  });

  test("ends the turn, so that the next message is one of its own, unless asked not to", async () => {
    const turns = ear.turns();
    await home.run(["send", "one", "--name", "ci"], { env });
    await home.run(["send", "two ", "--name", "ci", "--no-turn"], { env });
    await home.run(["send", "three", "--name", "ci"], { env });
    const [first, second] = [await turns.next(), await turns.next()];
    expect([await first.value?.text, await second.value?.text]).toEqual(["one", "two "]);
    const third = await turns.next(); // Leaving ends a turn too.
    expect(await third.value?.text).toBe("three");
  });

  test("§3.2.3 a guest's name that another guest has is refused with one that is free", async () => {
    const args = ["send", "x", "--guest", "--name", "ear"];
    const { code, stderr } = await home.run(args, { env });
    expect(code).toBe(3);
    expect(stderr).toMatch(
      /^ams: The name ear is taken .*: choose another, such as --name ear-\d{4}, /,
    );
    await ear.send("still here");
    expect((await home.run([...args, "--take-over"], { env })).code).toBe(0);
    expect(await ear.closed).toMatchObject({ code: "stream_displaced" });
  });

  test("sends with the account of the profile, as a guest with --guest", async () => {
    const heard = hear(2);
    await home.run(["send", "mine"], { env });
    await home.run(["send", "nobody's", "--guest"], { env });
    const [mine, other] = await heard;
    expect(mine?.ownerAccountId).toMatch(/^acc_(?!anon_)/);
    expect(other?.ownerAccountId).toMatch(/^acc_anon_/);
  });

  test("§8.1 a profile's credential isn't sent to the host of a link that is another: it joins as a guest", async () => {
    const other = await startStandalone();
    const stranger = new Home();
    await stranger.run(["account", "create", "stranger", "--url", other.url]);
    const heard = hear(1);
    const { code, stderr } = await stranger.run(["send", link, "hello"]);
    expect(code).toBe(0);
    expect(stderr).toMatch(/^Joined as a guest: /);
    expect((await heard)[0]?.ownerAccountId).toMatch(/^acc_anon_/);
    stranger.remove();
    await other.stop();
  });
});

describe("ams tail", () => {
  test("prints name and text, a line for each, harmless for a terminal", async () => {
    const tail = home.start(["tail"], { env });
    await tail.shows("you are");
    await ear.send(`one\ntwo ${HARMFUL}`);
    await tail.shows("evil");
    tail.signal("SIGINT");
    const { code, stdout } = await tail.ended;
    expect(code).toBe(130);
    expect(stdout).toBe(
      "ear: one\near: two \\x1b[31mred\\x1b[0m \\x1b]0;title\\x07 \\u202eevil\\u202c \\x9b2J\n",
    );
  });

  test("separate messages never run together, and the end of one is not shown", async () => {
    const running = home.start(["tail", "--name", "reader"], { env });
    await running.shows("here: ear");
    for (const text of ["one", "two", "three"]) {
      await ear.send(text);
      await ear.endTurn();
    }
    await running.shows("ear: three");
    expect(running.stdout).toBe("ear: one\near: two\near: three\n");
    running.signal("SIGINT");
    await running.ended;
  });

  test("--json prints every event with its text exactly", async () => {
    const tail = home.start(["tail", "--json"], { env });
    await tail.shows('"joined"');
    const text = `exact ${HARMFUL} \ud800 \n`;
    await ear.send(text);
    await ear.setMetadata({ status: "thinking" });
    await ear.close();
    await tail.shows('"stream_left"');
    tail.signal("SIGTERM");
    const { code, stdout } = await tail.ended;
    expect(code).toBe(143);
    const events = jsonLines(stdout);
    expect(events.map(({ type }) => type)).toEqual([
      ...["joined", "token", "stream_metadata", "stream_left", "closed"],
    ]);
    expect(events[0]).toMatchObject({ peers: [{ stream_name: "ear" }] });
    expect(events[1]).toMatchObject({
      data: text,
      stream_id: ear.streamId,
      seq: expect.any(String),
    });
    expect(events[2]).toMatchObject({ metadata: { status: "thinking" } });
  });

  test.each(["name", "id"])("--stream hears one stream only, by its %s", async (by) => {
    const other = await join(link, { guest: true, streamName: "other" });
    const wanted = by === "name" ? "ear" : ear.streamId;
    const tail = home.start(["tail", "--json", "--stream", wanted], { env });
    await tail.shows('"joined"');
    await other.send("not this");
    await ear.send("this");
    await tail.shows("this");
    tail.signal("SIGINT");
    const tokens = jsonLines((await tail.ended).stdout).filter(({ type }) => type === "token");
    expect(tokens.map(({ data }) => data)).toEqual(["this"]);
    await other.close();
  });

  test("--since where nothing is kept is refused in one sentence", async () => {
    const { code, stderr } = await home.run(["tail", "--since", "10m"], { env });
    expect(code).toBe(3);
    expect(stderr).toMatch(/^ams: The conversation keeps nothing for later readers\..*\n/);
  });

  test("ends quietly, and leaves, when the reader of its pipe has gone", async () => {
    const tail = home.start(["tail"], { env });
    await tail.shows("you are");
    tail.child.stdout?.destroy();
    const left = untilNobodyIsHere();
    // The pipe is known to be broken at the first write that fails.
    const pulse = setInterval(() => ear.send("anybody?").catch(() => {}), 20);
    await left;
    clearInterval(pulse);
    const { code, stderr } = await tail.ended;
    expect(code).toBe(0);
    expect(stderr).not.toContain("EPIPE");
  });
});

describe("ams pipe", () => {
  test("sends stdin as it comes, and ends the turn behind it", async () => {
    const turns: (string | null)[] = [];
    ear.on("token", ({ data }) => turns.push(sentinelOf(data)));
    const heard = hearAll("model");
    const pipe = home.start(["pipe", "--name", "model"], { env });
    const first = hear(1);
    pipe.type("first");
    await first;
    const second = hear(1);
    pipe.type("second");
    await second;
    pipe.end();
    const { code, stdout, stderr } = await pipe.ended;
    expect([code, stdout, stderr]).toEqual([0, "", "Sent 2 tokens as model.\n"]);
    expect(await heard).toEqual(["first", "second"]);
    expect(turns).toEqual([null, null, "end_of_turn"]);
  });

  test("a character that comes in two pieces arrives whole", async () => {
    const heard = hearAll("model");
    const bytes = Buffer.from("a👋b");
    const pipe = home.start(["pipe", "--name", "model", "--no-turn"], { env });
    const first = hear(1);
    pipe.type(bytes.subarray(0, 3));
    expect((await first)[0]?.data).toBe("a");
    pipe.type(bytes.subarray(3));
    pipe.end();
    expect((await pipe.ended).code).toBe(0);
    expect((await heard).join("")).toBe("a👋b");
  });

  test("a line of 1 MB on stdin arrives whole, in tokens that fit", async () => {
    const line = `${"€uro ".repeat(150_000)}\n`;
    const heard = hearAll("model");
    const sent = await home.one(["pipe", "--name", "model"], { env, stdin: line });
    const tokens = await heard;
    expect(tokens.join("") === line).toBe(true);
    expect(Math.max(...tokens.map((token) => Buffer.byteLength(token)))).toBeLessThanOrEqual(
      65_536,
    );
    expect(sent).toMatchObject({ type: "sent", accepted: tokens.length, in_doubt: 0 });
  });

  test("--lines sends a token a line", async () => {
    const heard = hearAll("model");
    await home.run(["pipe", "--name", "model", "--lines"], { env, stdin: "one\r\n\ntwo" });
    expect(await heard).toEqual(["one", "", "two"]);
  });

  test("--lines says that a line is longer than a token", async () => {
    const { code, stderr } = await home.run(["pipe", "--lines", "--no-turn"], {
      env,
      stdin: `${"x".repeat(200_000)}\n`,
    });
    expect(code).toBe(0);
    expect(stderr.match(/64 KiB/g)).toHaveLength(1);
  });

  test("--duplex prints what others say exactly, and waits for the end of their turn", async () => {
    const question = hear(1);
    const pipe = home.start(["pipe", "--duplex", "--name", "asker"], { env, stdin: "why?" });
    expect((await question)[0]?.data).toBe("why?");
    await ear.send("be");
    await ear.send(`cause ${HARMFUL}`);
    await ear.endTurn();
    const { code, stdout } = await pipe.ended;
    expect([code, stdout]).toEqual([0, `because ${HARMFUL}\n`]);
  });

  test("Ctrl-C leaves, ends with 130, and says what was accepted", async () => {
    const pipe = home.start(["pipe", "--name", "model"], { env });
    const heard = hear(1);
    pipe.type("only this");
    await heard;
    const left = untilNobodyIsHere();
    pipe.signal("SIGINT");
    await left;
    const { code, stderr } = await pipe.ended;
    expect([code, stderr]).toEqual([130, "Stopped: sent 1 token as model.\n"]);
  });
});

describe("ams join without a terminal", () => {
  test("sends each line of stdin as a token, prints what others say, and leaves when stdin ends", async () => {
    const running = home.start(["join", "--name", "ada", "--json"], { env });
    await running.shows('"joined"');
    const heard = hear(2);
    running.type("one\ntwo\n");
    expect((await heard).map(({ data }) => data)).toEqual(["one", "two"]);
    await ear.send("hello ada");
    await running.shows("hello ada");
    running.end();
    expect((await running.ended).code).toBe(0);
  });

  test("a line of 1 MB is sent in several tokens, and it says so", async () => {
    const heard = hearAll("ada");
    const line = "x".repeat(1_000_000);
    const { code, stderr } = await home.run(["join", "--name", "ada"], {
      env,
      stdin: `${line}\nend`,
    });
    expect(code).toBe(0);
    expect(stderr.match(/64 KiB/g)).toHaveLength(1);
    const tokens = await heard;
    expect(tokens.at(-1)).toBe("end");
    expect(tokens.slice(0, -1).join("") === line).toBe(true);
  });
});

describe("ams join on a terminal", () => {
  test("shows who is here and what they say, sends what is typed, and gives the terminal back at Ctrl-C", async () => {
    const running = home.start(["join", "--name", "ada"], { env, terminal: true });
    await running.shows("2 here: ada (you) · ear");
    const heard = hear(1);
    running.type("helo\u007flo\r"); // With a backspace in it.
    expect((await heard)[0]?.data).toBe("hello");
    await running.shows("ada: hello");
    await ear.send(`hi ${HARMFUL}`);
    await running.shows("\\u202eevil");
    expect(running.stdout).not.toContain("\u001b[31m");
    expect(running.stdout).not.toContain("\u202e");
    const left = untilNobodyIsHere();
    running.type("\u0003");
    await left;
    const { code, stdout } = await running.ended;
    expect(code).toBe(130);
    expect(stdout.lastIndexOf("\u001b[?25h")).toBeGreaterThan(stdout.lastIndexOf("\u001b[?25l"));
  });

  test("20,000 characters that are pasted are sent whole, and drawn a few times and not at each", async () => {
    const running = home.start(["join", "--name", "ada"], { env, terminal: true });
    await running.shows("2 here: ada (you) · ear");
    const heard = hear(1);
    const pictures = () => running.stdout.split("\u001b[?25l").length;
    const before = pictures();
    const text = "grüße\t".repeat(3_334);
    const startedAt = performance.now();
    running.type(`${text}\r`);
    expect((await heard)[0]?.data === text).toBe(true);
    expect(performance.now() - startedAt).toBeLessThan(5_000); // It is 0.2 s on a machine at rest.
    expect(pictures() - before).toBeLessThan(200);
    running.type("\u0004");
    expect((await running.ended).code).toBe(0);
  });

  test("/who, /help and /leave are for ams, and // begins a message with a slash", async () => {
    const running = home.start(["join", "--name", "ada"], { env, terminal: true });
    await running.shows("2 here: ada (you) · ear");
    const heard = hear(1);
    running.type("/who\r");
    await running.shows("* ada (you)");
    await running.shows("* ear");
    running.type("/help\r");
    await running.shows("/leave  leave the conversation");
    running.type("/nothing\r");
    await running.shows("there is no such command");
    running.type("//who knows\r");
    expect((await heard)[0]?.data).toBe("/who knows");
    running.type("/leave\r");
    expect((await running.ended).code).toBe(0);
  });

  test("a terminal that goes away takes its stream with it", async () => {
    const running = home.start(["join"], { env, terminal: true });
    await running.shows("2 here");
    const left = untilNobodyIsHere();
    running.signal("SIGKILL"); // Of the terminal, and not of ams.
    await left;
    await running.ended;
    expect((await home.one(["inspect"], { env })).streams).toHaveLength(1);
  });

  test("Ctrl-D leaves with 0", async () => {
    const running = home.start(["join"], { env, terminal: true });
    await running.shows("2 here");
    running.type("\u0004");
    expect((await running.ended).code).toBe(0);
  });
});

async function untilNobodyIsHere(): Promise<void> {
  for await (const event of ear.events()) if (event.type === "stream_left") return;
}

import { writeFileSync } from "node:fs";
import { join as joinPath } from "node:path";
import { join } from "@ams/client";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Standalone, startStandalone } from "../standalone.ts";
import { Home, jsonLines } from "./ams.ts";

let ams: Standalone;
let home: Home;

beforeAll(async () => {
  ams = await startStandalone();
  home = new Home();
  await home.run(["account", "create", "falcon", "--url", ams.url]);
});
afterAll(async () => {
  home.remove();
  await ams.stop();
});

const mint = async (...options: readonly string[]) =>
  (await home.run(["mint", "--quiet", ...options])).stdout.trim();

describe("ams mint", () => {
  test("prints the link alone on stdout, and what it is for on stderr", async () => {
    const { code, stdout, stderr } = await home.run(["mint", "--alias", "alone"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^http:\/\/127\.0\.0\.1:\d+\/falcon\/conversations\/alone\?t=[\w-]{43}\n$/,
    );
    expect(stderr).toBe("Minted falcon/alone. Whoever has this link can join:\n");
  });

  test("with --json what is on stderr is JSON too", async () => {
    const { stderr } = await home.run(["mint", "--alias", "as-json", "--json"]);
    expect(jsonLines(stderr)).toEqual([
      { note: "Minted falcon/as-json. Whoever has this link can join:" },
    ]);
  });

  test("hands every option on", async () => {
    writeFileSync(joinPath(home.folder, "stream.json"), '{"role":"lead"}');
    const minted = await home.one([
      ...["mint", "--alias", "full", "--metadata", '{"title":"Stand-up"}'],
      ...["--stream-name", "lead", "--stream-metadata", "@stream.json"],
      ...["--expires-in", "2h", "--max-joins", "3"],
    ]);
    expect(minted).toMatchObject({
      namespace: "falcon",
      alias: "full",
      metadata: { title: "Stand-up" },
      stream_name: "lead",
      stream_metadata: { role: "lead" },
      magic_link: expect.stringContaining("/falcon/conversations/full?t="),
    });
    const lifeMs = Date.parse(String(minted.expires_at)) - Date.parse(String(minted.created_at));
    expect(lifeMs).toBe(7_200_000);
  });

  test("§2.6 the same canonical input is the same conversation", async () => {
    const words = ["mint", "--canonical-input", '{"ticket":4711}'];
    const [first, second] = [await home.one(words), await home.one(words)];
    expect(second.conversation_id).toBe(first.conversation_id);
    expect(second.magic_link).not.toBe(first.magic_link);
  });

  test.each([
    [
      "--metadata",
      "[1]",
      /^ams: The value of --metadata is wrong: it is a JSON object, .*: see `ams mint --help`\.\n$/,
    ],
    ["--metadata", "{", /no JSON/],
    ["--metadata", "@no-such-file", /can't be read/],
    ["--expires-in", "soon", /90s, 10m, 2h, 1d/],
    ["--max-joins", "-1", /whole number/],
    ["--expires-in", "9999d", /--expires-in is wrong: it is 1s to 365d/],
    ["--max-joins", "0", /--max-joins is wrong/],
    ["--alias", "Not An Alias", /alias is 1 to 63/],
  ])("%s %s is refused with 2 in one sentence", async (option, value, sentence) => {
    const { code, stderr, stdout } = await home.run(["mint", option, value]);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(sentence);
    expect(stderr.split("\n")).toHaveLength(2);
  });

  test("an alias that is taken is refused with 3", async () => {
    await mint("--alias", "once");
    const { code, stderr } = await home.run(["mint", "--alias", "once"]);
    expect([code, stderr]).toEqual([3, "ams: The alias is taken in this namespace.\n"]);
  });
});

describe("ams list, inspect, link, close", () => {
  test("list shows every conversation, oldest first", async () => {
    const other = new Home();
    await other.run(["account", "create", "lister", "--url", ams.url]);
    for (const alias of ["one", "two", "three"]) await other.run(["mint", "--alias", alias]);
    const aliases = (await other.json(["list"])).map(({ alias }) => alias);
    expect(aliases).toEqual(["one", "two", "three"]);
    const { stdout } = await other.run(["list"]);
    expect(stdout.split("\n").map((line) => line.split(" ")[0])).toEqual([...aliases, ""]);
    other.remove();
  });

  test("inspect shows who is in, by a link, by AMS_LINK, on stdin, or by an alias", async () => {
    const link = await mint("--alias", "seen", "--metadata", '{"title":"\\u001b[31mred"}');
    const guest = await join(link, { guest: true, streamName: "ada" });
    const ways = [
      home.one(["inspect", link]),
      home.one(["inspect"], { env: { AMS_LINK: link } }),
      home.one(["inspect", "-"], { stdin: `${link}\n` }),
      home.one(["inspect", "seen"]),
    ];
    for (const found of await Promise.all(ways)) {
      expect(found).toMatchObject({
        alias: "seen",
        metadata: { title: "\u001b[31mred" },
        streams: [{ stream_name: "ada", stream_id: guest.streamId }],
      });
    }
    const { stdout } = await home.run(["inspect", link]);
    expect(stdout).toContain("ada");
    expect(stdout).not.toContain("\u001b");
    await guest.close();
  });

  test("link new ends every earlier link, and --keep-connected lets those stay who are in", async () => {
    const first = await mint("--alias", "renewed");
    const guest = await join(first, { guest: true });
    const { code, stdout } = await home.run(["link", "new", "renewed", "--keep-connected"]);
    expect(code).toBe(0);
    expect(await guest.ping()).toBeGreaterThan(0);
    expect((await home.run(["inspect", first])).code).toBe(4);
    expect((await home.run(["inspect", stdout.trim()])).code).toBe(0);
    await guest.close();
  });

  test("link create and list make and show links with limits, and link revoke ends one alone", async () => {
    const first = await mint("--alias", "limited");
    const flags = ["--name", "audience\u001b[31m", "--stream-name", "ear", "--max-joins", "1"];
    const bad = await home.run(["link", "create", "limited", ...flags]);
    expect([bad.code, bad.stdout]).toEqual([2, ""]);
    const terms = ["--name", "audience", "--read-only", "--expires-in", "1h", "--max-joins", "2"];
    const { stdout, stderr } = await home.run(["link", "create", "limited", ...terms]);
    const link = stdout.trim();
    expect(stderr).toMatch(/^Made link_2 \("audience", read-only, until \S+, at most 2 streams\)/);
    const guest = await join(link, { guest: true });
    const stays = await join(first, { guest: true });
    const listed = await home.run(["link", "list", "limited", "--json"]);
    expect(listed.stdout).not.toContain("?t=");
    expect(
      listed.stdout
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line)),
    ).toMatchObject([
      { link_id: "link_1", uses: 1, joins: null },
      { link_id: "link_2", name: "audience", read_only: true, max_joins: 2, joins: 1, uses: 1 },
    ]);
    const revoked = await home.run(["link", "revoke", "limited", "link_2"]);
    expect(revoked.stdout).toBe("link_2 admits nobody now, and who came in by it is out.\n");
    expect((await guest.closed)?.code).toBe("link_revoked");
    await stays.send("still here");
    await stays.close();
    expect((await home.run(["link", "revoke", "limited", "link_2"])).code).toBe(4);
    const both = await home.run(["link", "revoke", "limited", "link_1", "--keep-connected"]);
    expect(both.code).toBe(2);
  });

  test("link revoke admits nobody any more, and sends those out who came in by a link", async () => {
    const link = await mint("--alias", "revoked");
    const guest = await join(link, { guest: true });
    expect((await home.run(["link", "revoke", link])).code).toBe(0);
    expect((await guest.closed)?.code).toBe("link_revoked");
    const { code, stderr } = await home.run(["send", link, "hello"]);
    expect(code).toBe(4);
    expect(stderr).toBe("ams: The magic link is wrong, expired, used up or revoked.\n");
  });

  test("close ends the conversation", async () => {
    const link = await mint("--alias", "closing");
    expect((await home.run(["close", "closing"])).code).toBe(2);
    expect((await home.run(["close", "closing", "--yes"])).code).toBe(0);
    const { code, stderr } = await home.run(["tail", link]);
    expect([code, stderr]).toEqual([4, "ams: There is no such conversation.\n"]);
    expect((await home.run(["close", "closing", "--yes"])).code).toBe(4);
  });

  test("§1.4 a link of another deployment with the same namespace and alias is refused with 4, and nothing happens to one's own", async () => {
    const own = new URL(await mint("--alias", "twin"));
    const others = ["ams.example.org", "ams.example.org/ams", `${own.host}/under/a/path`];
    for (const other of others) {
      const link = own.href.replace(own.host, other);
      for (const words of [
        ["close", link, "--yes"],
        ["link", "revoke", link],
        ["link", "new", link],
      ]) {
        const { code, stderr } = await home.run(words);
        expect([code, stderr]).toEqual([
          4,
          "ams: This is no link to a conversation of your account.\n",
        ]);
      }
    }
    expect((await home.run(["send", own.href, "still here"])).code).toBe(0);
  });

  test("a link of somebody else is none of one's own conversations", async () => {
    const link = `${ams.url}/somebody/conversations/else?t=${"A".repeat(43)}`;
    const { code, stderr } = await home.run(["link", "new", link]);
    expect([code, stderr]).toEqual([
      4,
      "ams: This is no link to a conversation of your account.\n",
    ]);
  });
});

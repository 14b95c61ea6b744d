import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Standalone, startStandalone } from "../standalone.ts";
import { Home } from "./ams.ts";

let ams: Standalone;
let home: Home;
let names = 0;

beforeAll(async () => {
  ams = await startStandalone();
});
afterAll(() => ams.stop());
beforeEach(() => {
  home = new Home();
});
afterEach(() => home.remove());

const fresh = () => `cli-${process.pid}-${names++}`;
const create = (namespace = fresh()) =>
  home.run(["account", "create", namespace, "--url", ams.url]);
const profile = (name = "default") =>
  JSON.parse(readFileSync(join(home.config, `${name}.json`), "utf8"));

describe("ams account", () => {
  test("create keeps the credential for its owner alone, prints where, and prints no secret", async () => {
    const { code, stdout, stderr } = await create("falcon");
    expect([code, stderr]).toEqual([0, ""]);
    const path = join(home.config, "default.json");
    expect(stdout).toContain(path);
    expect(stdout).not.toContain("ams_sk_");
    expect(statSync(home.config).mode & 0o777).toBe(0o700);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(profile()).toMatchObject({ namespace: "falcon", url: ams.url });
    expect(profile().credential).toMatch(/^ams_sk_/);
  });

  test("create --show-credential prints the credential that it kept", async () => {
    const made = await home.one([
      "account",
      "create",
      fresh(),
      "--url",
      ams.url,
      "--show-credential",
    ]);
    expect(made.credential).toBe(profile().credential);
  });

  test("create into a profile that holds an account is refused with 3, and nothing is made or lost", async () => {
    await create();
    const before = profile();
    const namespace = fresh();
    const { code, stderr } = await create(namespace);
    expect(code).toBe(3);
    expect(stderr).toMatch(/^ams: The profile default holds the account .* --profile\.\n$/);
    expect(profile()).toEqual(before);
    const second = await home.run([
      "account",
      "create",
      namespace,
      "--url",
      ams.url,
      "--profile",
      "second",
    ]);
    expect(second.code).toBe(0);
  });

  test("a namespace that is taken is refused with 3, and leaves no profile", async () => {
    await create("taken");
    const other = new Home();
    const ended = await other.run(["account", "create", "taken", "--url", ams.url]);
    expect(ended.code).toBe(3);
    expect(ended.stderr).toBe("ams: The namespace is taken.\n");
    expect(await other.json(["config", "list"])).toEqual([]);
    other.remove();
  });

  test("show prints the account; the credential only when asked", async () => {
    const namespace = fresh();
    await create(namespace);
    const shown = await home.one(["account", "show"]);
    expect(shown).toMatchObject({
      namespace,
      credential_from: "profile",
      limits: expect.anything(),
    });
    expect(shown).not.toHaveProperty("credential");
    const { stdout } = await home.run(["account", "show", "--show-credential"]);
    expect(stdout).toContain(profile().credential);
  });

  test("usage shows each limit with what is used of it", async () => {
    await create();
    await home.run(["mint"]);
    const shown = await home.one(["account", "usage"]);
    expect(shown).toMatchObject({
      streams_per_account: { used: 0, limit: 10 },
      conversations_per_account: { used: 1, limit: expect.any(Number) },
    });
    const { stdout } = await home.run(["account", "usage"]);
    expect(stdout).toMatch(/^live streams {5}0 of 10\nguests .*\nconversations {4}1 of \d+\n$/);
  });

  test("rotate keeps the new credential, and the old one stops working", async () => {
    await create();
    const { credential: old } = profile();
    expect((await home.run(["account", "rotate", "--grace", "0"])).code).toBe(0);
    expect(profile().credential).not.toBe(old);
    expect((await home.run(["mint"])).code).toBe(0);
    const env = { AMS_CREDENTIAL: old, AMS_URL: ams.url };
    const { code, stderr } = await home.run(["mint"], { env });
    expect(code).toBe(3);
    expect(stderr).toBe("ams: The credential is not one of a live account.\n");
  });

  test("rotating a credential that came by AMS_CREDENTIAL needs --show-credential, and is not done without", async () => {
    await create();
    const env = { AMS_CREDENTIAL: profile().credential, AMS_URL: ams.url };
    const other = new Home(env);
    expect((await other.run(["account", "rotate"])).code).toBe(2);
    expect((await other.run(["list"])).code).toBe(0);
    const rotated = await other.one(["account", "rotate", "--show-credential"]);
    expect(rotated.credential).toMatch(/^ams_sk_/);
    other.remove();
  });

  test("delete without a terminal needs --yes; with it account and profile are gone", async () => {
    await create();
    const refused = await home.run(["account", "delete"]);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain("--yes");
    expect((await home.run(["account", "delete", "--yes"])).code).toBe(0);
    const { code, stderr } = await home.run(["account", "show"]);
    expect(code).toBe(3);
    expect(stderr).toMatch(/^ams: This needs an account: /);
  });

  test("delete on a terminal asks, and a no does nothing", async () => {
    await create();
    const asked = home.start(["account", "delete"], { terminal: true });
    await asked.shows("Delete the account");
    asked.type("n");
    asked.type("\r");
    expect((await asked.ended).code).toBe(3);
    expect((await home.run(["account", "show"])).code).toBe(0);
  });
});

describe("the answer with the new credential", () => {
  let proxy: Server;
  let url: string;
  let onAnswer: (hand: () => void, lose: () => void) => void;

  beforeEach(async () => {
    proxy = createServer(async (asked, response) => {
      const { authorization = "" } = asked.headers;
      const chunks: Buffer[] = [];
      for await (const chunk of asked) chunks.push(chunk);
      const headers = { authorization, "content-type": "application/json" };
      const { method = "GET" } = asked;
      const body = method === "GET" ? null : Buffer.concat(chunks);
      const answer = await fetch(ams.url + asked.url, { method, headers, body });
      const text = await answer.text();
      const hand = () => {
        response.writeHead(answer.status, { "content-type": "application/json" }).end(text);
      };
      if (method === "POST") onAnswer(hand, () => response.destroy());
      else hand();
    });
    onAnswer = (hand) => hand();
    await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
    url = `http://127.0.0.1:${Object(proxy.address()).port}`;
  });
  afterEach(() => {
    proxy.closeAllConnections();
    proxy.close();
  });

  const drafts = () => readdirSync(home.config).filter((name) => !name.endsWith(".json"));

  test("is waited for at any Ctrl-C of create and of rotate, and kept", async () => {
    for (const words of [["create", fresh(), "--url", url], ["rotate"]]) {
      const before = words[0] === "rotate" ? profile().credential : null;
      const held = new Promise<() => void>((resolve) => {
        onAnswer = resolve;
      });
      const running = home.start(["account", ...words]);
      const hand = await held;
      running.signal("SIGINT");
      await running.shows("Waiting for the answer");
      running.signal("SIGINT");
      running.signal("SIGTERM");
      await new Home().run(["--version"]); // Long enough for the signals to arrive.
      hand();
      expect((await running.ended).code).toBe(130);
      expect(drafts()).toEqual([]);
      expect(profile().credential).not.toBe(before);
      expect((await home.run(["account", "show"])).code).toBe(0);
    }
  });

  test("is waited for at Ctrl-\\ too, and kept", async () => {
    await home.run(["account", "create", fresh(), "--url", url]);
    const before = profile().credential;
    const held = new Promise<() => void>((resolve) => {
      onAnswer = resolve;
    });
    const running = home.start(["account", "rotate"]);
    const hand = await held;
    running.signal("SIGQUIT");
    await running.shows("Waiting for the answer");
    hand();
    expect((await running.ended).code).toBe(143);
    expect(profile().credential).not.toBe(before);
    expect((await home.run(["account", "show"])).code).toBe(0);
  });

  test("when it is lost rotate says that the credential may have changed, and can be done again", async () => {
    await home.run(["account", "create", fresh(), "--url", url]);
    onAnswer = (_hand, lose) => lose();
    const { code, stderr } = await home.run(["account", "rotate"]);
    expect(code).toBe(5);
    expect(stderr).toMatch(
      /^ams: .*: The credential may have changed; .* rotate again at once\.\n$/,
    );
    expect(drafts()).toEqual([]);
    onAnswer = (hand) => hand();
    expect((await home.run(["account", "rotate"])).code).toBe(0);
    expect((await home.run(["mint"])).code).toBe(0);
  });
});

describe("profiles", () => {
  test("a profile that others can read is closed to them, and it says so in one sentence", async () => {
    await create();
    const path = join(home.config, "default.json");
    chmodSync(path, 0o644);
    const { code, stderr } = await home.run(["account", "show"]);
    expect(code).toBe(0);
    expect(stderr).toMatch(/^ams: Others could read .*\n$/);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test("no permission on the config folder ends with 8 before an account is made", async () => {
    const namespace = fresh();
    // A file where the folder should be: nobody may write there, root neither.
    writeFileSync(home.config, "");
    const { code, stderr } = await create(namespace);
    expect(code).toBe(8);
    expect(stderr).toMatch(/^ams: .* can't be written \(\w+\)\.\n$/);
    const other = new Home();
    expect((await other.run(["account", "create", namespace, "--url", ams.url])).code).toBe(0);
    other.remove();
  });

  test("a broken profile ends with 8 and is left as it is", async () => {
    await create();
    const path = join(home.config, "default.json");
    writeFileSync(path, '{"url":', { mode: 0o600 });
    const { code, stderr } = await home.run(["list"]);
    expect(code).toBe(8);
    expect(stderr).toContain("is not a profile of ams");
    expect(readFileSync(path, "utf8")).toBe('{"url":');
    const created = await create();
    expect([created.code, readFileSync(path, "utf8")]).toEqual([8, '{"url":']);
  });

  test("a broken profile is no obstacle where the URL and the credential are given", async () => {
    await create();
    const env = { AMS_CREDENTIAL: profile().credential, AMS_URL: ams.url };
    writeFileSync(join(home.config, "default.json"), "{", { mode: 0o600 });
    expect((await home.run(["list"], { env })).code).toBe(0);
    expect((await home.run(["account", "create", fresh()], { env })).code).toBe(8);
  });

  test("a HOME that is empty or relative isn't where the credential goes", async () => {
    for (const HOME of ["", "here"]) {
      const { stdout } = await home.run(["config", "path"], { env: { HOME, XDG_CONFIG_HOME: "" } });
      expect(stdout).toMatch(/^\/.+\/\.config\/ams\n$/);
      expect(stdout).not.toContain(home.folder);
    }
  });

  test("a URL with a path where no AMS is ends with 5 and says so", async () => {
    await create();
    const env = { AMS_CREDENTIAL: profile().credential, AMS_URL: `${ams.url}/no/such/path` };
    const { code, stderr } = await home.run(["list"], { env });
    expect([code, stderr]).toEqual([
      5,
      `ams: AMS has nothing at ${ams.url}/no/such/path: is the path of the URL right?\n`,
    ]);
  });

  test("the credential of a profile is sent to no other deployment", async () => {
    await create();
    const { code, stderr } = await home.run(["list", "--url", "http://127.0.0.1:9"]);
    expect(code).toBe(3);
    expect(stderr).toContain("is not sent to");
  });

  test("a credential may be in a file, or on stdin", async () => {
    await create();
    const other = new Home();
    writeFileSync(join(other.folder, "key"), `${profile().credential}\n`, { mode: 0o600 });
    const at = ["--url", ams.url, "--credential-file"];
    expect((await other.run(["list", ...at, "key"])).code).toBe(0);
    const stdin = profile().credential;
    expect((await other.run(["list", ...at, "-"], { stdin })).code).toBe(0);
    const link = String((await home.one(["mint"])).magic_link);
    const twice = await other.run(["send", link, "-", ...at, "-"], { stdin });
    expect(twice.code).toBe(2);
    expect(twice.stderr).toMatch(/^ams: Stdin can be one thing only/);
    const { code, stderr } = await other.run(["list", ...at, "nowhere"]);
    expect([code, stderr]).toEqual([8, "ams: The file of --credential-file can't be read.\n"]);
    other.remove();
  });

  test("config show says what holds and where it comes from, without a secret", async () => {
    await create();
    const { stdout } = await home.run(["config", "show"]);
    expect(stdout).toContain(`${ams.url} (profile)`);
    expect(stdout).not.toContain("ams_sk_");
    const shown = await home.one(["profile", "show", "--url", "http://127.0.0.1:9"]);
    expect(shown).toMatchObject({ url: "http://127.0.0.1:9", url_from: "--url" });
    expect((await home.run(["config", "path"])).stdout).toBe(`${home.config}\n`);
  });
});

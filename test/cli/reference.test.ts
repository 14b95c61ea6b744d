// What `ams` gives to shells and to man(1), and what it says where nothing answers.
import { execFileSync } from "node:child_process";
import { createServer } from "node:net";
import { afterAll, describe, expect, test } from "vitest";
import { Home } from "./ams.ts";

const home = new Home();
afterAll(() => home.remove());

/** A port of this machine at which nothing listens. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = Object(server.address());
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe("ams completion", () => {
  test.each([
    ["ams jo", "join"],
    [
      "ams link ",
      "new create list revoke --url --profile --credential-file --json --quiet --no-color --help",
    ],
    ["ams link new --k", "--keep-connected"],
    ["ams join --rec", "--reconnect-for"],
    ["ams --url x mint --al", "--alias"],
  ])("bash completes %s", async (line, words) => {
    const { stdout: script } = await home.run(["completion", "bash"]);
    const typed = line.split(" ");
    const program = `${script}
COMP_WORDS=(${typed.map((word) => `'${word}'`).join(" ")}); COMP_CWORD=${typed.length - 1}
_ams; echo "\${COMPREPLY[*]}"`;
    expect(execFileSync("bash", ["-c", program], { encoding: "utf8" }).trim()).toBe(words);
  });

  test("zsh and fish have scripts with every command; another shell is refused", async () => {
    const [zsh, fish, tcsh] = await Promise.all(
      ["zsh", "fish", "tcsh"].map((shell) => home.run(["completion", shell])),
    );
    expect(zsh?.stdout).toMatch(/^#compdef ams\n.*bashcompinit/);
    for (const name of ["join", "tail", "mint", "doctor", "completion"]) {
      expect(fish?.stdout).toContain(`-a ${name} `);
    }
    expect(tcsh?.code).toBe(2);
    expect(tcsh?.stderr).toMatch(/bash, zsh or fish|completion --help/);
  });
});

test("ams man is a page with every command, option and exit status", async () => {
  const { code, stdout } = await home.run(["man"]);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^\.TH AMS 1 /);
  for (const part of ["ams link new", "\\-\\-reconnect\\-for", "AMS_LINK", ".SH EXIT STATUS"]) {
    expect(stdout).toContain(part);
  }
  // A line that begins with a dot is a macro: every one of them is known.
  const macros = new Set([...stdout.matchAll(/^\.(\w+)/gm)].map((match) => match[1]));
  expect([...macros].sort()).toEqual(["B", "SH", "SS", "TH", "TP"]);
});

describe("where nothing answers", () => {
  test("no account may have been made, and the sentence names npm start and --url", async () => {
    const url = `http://127.0.0.1:${await freePort()}`;
    for (const args of [
      ["account", "create", "falcon", "--url", url, "--profile", "fresh"],
      ["tail", `${url}/falcon/conversations/a?t=${"t".repeat(43)}`],
    ]) {
      const { code, stderr } = await home.run(args);
      expect(code).toBe(5);
      expect(stderr).toMatch(/^ams: Nothing answers at .*`npm start`.*--url names another/);
      expect(stderr).not.toMatch(/may have been/);
    }
  });

  test("a link that is missing is called missing, also where an unset variable stands for it", async () => {
    for (const args of [["join"], ["join", ""], ["send", "the text"], ["tail", " "]]) {
      const { code, stderr } = await home.run(args);
      expect([code, stderr]).toEqual([
        2,
        "ams: The magic link is missing: give it as an argument, as - on stdin, or in AMS_LINK.\n",
      ]);
    }
  });
});

/**
 * Every line of every `--help` that begins with `$` is pasted into a shell, and has to do what it
 * says.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Standalone, startStandalone } from "../standalone.ts";
import { BINARY, Home } from "./ams.ts";

const WITH_ACCOUNT = [
  ...[
    "mint",
    "list",
    "inspect",
    "link",
    "link new",
    "link create",
    "link list",
    "link revoke",
    "close",
    "join",
    "tail",
  ],
  ...[
    "send",
    "pipe",
    "account show",
    "account usage",
    "key",
    "key create",
    "key list",
    "key revoke",
    "account rotate",
    "account delete",
    "config",
    "config show",
  ],
  ...["config path", "config list", "up", "doctor", "load", "conformance", "help"],
];
const WITHOUT_ACCOUNT = ["", "account", "account create"];

/** What can't be run here, and why. */
const LEFT_OUT: readonly (readonly [RegExp, string])[] = [
  [/^ams tail /, "goes on until Ctrl-C; talking.test.ts runs it"],
  [/^ams account delete /, "asks on a terminal; accounts.test.ts answers it"],
  [/ams up /, "goes on until Ctrl-C, on a port of its own; program.test.ts runs it"],
  [/^ams conformance /, "takes minutes; program.test.ts hands it arguments"],
  [/--duration 30s|--ramp 60s/, "takes the machine for a minute; load.test.ts runs shorter ones"],
];

/** Examples name programs that nobody has. */
const PRELUDE = `set -euo pipefail
ams() { '${process.execPath}' '${BINARY}' "$@"; }
some-llm() { echo 'It scatters blue light most.'; }
`;

let ams: Standalone;
let home: Home;
let fresh = 0;

beforeAll(async () => {
  ams = await startStandalone();
  home = new Home({ AMS_URL: ams.url });
  await home.run(["account", "create", "falcon"]);
  await home.run(["account", "create", "osprey", "--profile", "second"]);
});
afterAll(async () => {
  home.remove();
  await ams.stop();
});

async function examplesOf(command: string): Promise<readonly string[]> {
  const { stdout } = await home.run([...command.split(" ").filter(Boolean), "--help"]);
  const lines = stdout.match(/(?<=^ {2}\$ ).+$/gm) ?? [];
  expect(lines).not.toEqual([]);
  return lines.filter((line) => LEFT_OUT.every(([pattern]) => !pattern.test(line)));
}

/**
 * Runs the lines in one shell, as somebody who pastes them; gives its status and what was on
 * stderr.
 */
async function paste(lines: readonly string[], at: Home, env: Readonly<Record<string, string>>) {
  const { AMS_CREDENTIAL: _1, AMS_LINK: _2, AMS_PROFILE: _3, AMS_URL: _4, ...rest } = process.env;
  const shell = spawn("bash", ["-c", PRELUDE + lines.join("\n")], {
    cwd: at.folder,
    env: { ...rest, XDG_CONFIG_HOME: at.folder, NO_COLOR: "1", ...env },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let stderr = "";
  shell.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const [code] = await once(shell, "close");
  return { code, stderr };
}

test.each(WITH_ACCOUNT)(
  "the examples of ams %s --help run as they stand there",
  async (command) => {
    const lines = await examplesOf(command);
    await home.run(["close", "standup", "--yes"]);
    const alias = command === "mint" ? "another" : "standup";
    const { stdout } = await home.run(["mint", "--alias", alias]);
    const link = stdout.trim();
    const here = lines.map((line) =>
      line.replace(/http:\S+\?t=…/, link).replaceAll("http://127.0.0.1:8080", ams.url),
    );
    const env = { AMS_LINK: link, AMS_URL: ams.url };
    const { code, stderr } = await paste(here, home, env);
    expect({ code, stderr, here }).toEqual({ code: 0, stderr: expect.any(String), here });
  },
);

test.each(WITHOUT_ACCOUNT)(
  "the examples of ams %s --help run on a new machine",
  async (command) => {
    const other = new Home();
    fresh += 1;
    const lines = (await examplesOf(command)).map((line) =>
      line
        .replace(/falcon|osprey/, (name) => `${name}-${fresh}`)
        .replaceAll("http://127.0.0.1:8080", ams.url),
    );
    // The example of a second account has no URL, as the reader's is the usual one.
    const { code, stderr } = await paste(lines, other, { AMS_URL: ams.url });
    expect({ code, stderr, lines }).toEqual({ code: 0, stderr: expect.any(String), lines });
    other.remove();
  },
);

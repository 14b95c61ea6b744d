/** `ams doctor`, `conformance`, `up`, `mcp`, `config`. */
import { Command } from "commander";
import type { UpOptions } from "../actions/children.ts";
import { contextOf } from "../options/context.ts";
import { readCount } from "../options/values.ts";
import { explain } from "./options.ts";

export function doctorCommand(): Command {
  const command = new Command("doctor")
    .description("find out why a deployment doesn't work from here")
    .argument(
      "[url or link]",
      "a deployment or a magic link; AMS_LINK, AMS_URL or the profile's unless given",
    )
    .option("--no-self-test", "make nothing there: no conversation, no account")
    .action(
      async (
        argument: string | undefined,
        options: { readonly selfTest: boolean },
        self: Command,
      ) => {
        const { doctor } = await import("../doctor/doctor.ts");
        await doctor(contextOf(self), argument, options);
      },
    );
  return explain(
    command,
    `
Looks at the address, TLS, whether AMS answers and which version, the clocks, whether a WebSocket gets through what is
between, and the link. Then it mints a conversation, with your account or one that it makes for this, lets two streams talk in
it (guests, where they are let in), measures the latency, and deletes what it made. A link is looked at and not joined by.

The exit status is that of the first thing that is wrong.

Example:
  $ ams doctor http://127.0.0.1:8080
  ✓ address      http://127.0.0.1:8080
  ✓ reachable    it answers after 3 ms
  …`,
  );
}

export function conformanceCommand(): Command {
  const command = new Command("conformance")
    .description("try every promise of the protocol on a deployment")
    .argument("[url]", "the deployment; AMS_URL unless given")
    .argument("[words...]", "after --: arguments for vitest, such as -t 'takeover'")
    .action(
      async (url: string | undefined, args: readonly string[], _options: object, self: Command) => {
        const { conformance } = await import("../actions/children.ts");
        await conformance(contextOf(self), url, args);
      },
    );
  return explain(
    command,
    `
It makes many accounts and conversations there, so the deployment's rates must be switched off for it. It runs as a child
process, from a clone of the repository; what it prints (no JSON, with --json neither) and the exit status are that of the tests.

Example:
  $ AMS_ACCOUNTS_PER_MINUTE=0 AMS_MINTS_PER_MINUTE=0 ams up &
  $ until ams doctor http://127.0.0.1:8080 --no-self-test > /dev/null; do sleep 1; done
  $ ams conformance http://127.0.0.1:8080`,
  );
}

export function upCommand(): Command {
  const command = new Command("up")
    .description("run a whole AMS on this machine, as `npm start` does")
    .option("--port <n>", "where it listens (PORT; else 8080)", readCount)
    .option("--data <folder>", "where it keeps its state (AMS_DATA; else .ams)")
    .action(async (options: UpOptions) => {
      const { up } = await import("../actions/children.ts");
      await up(options);
    });
  return explain(
    command,
    `
It is set by its environment: docs/OPERATIONS.md of the repository lists every variable. It runs as a child process, from a
clone of the repository; what it prints (its log, with --json too) and its exit status are its own.

Example:
  $ ams up --port 9000`,
  );
}

export function mcpCommand(): Command {
  const command = new Command("mcp")
    .description("speak MCP on stdin and stdout, for agents that speak it")
    .argument("[link]", "the conversation to begin with; AMS_LINK unless given")
    .action(async (link: string | undefined, _options: object, self: Command) => {
      const { mcp } = await import("../actions/children.ts");
      await mcp(contextOf(self), link);
    });
  return explain(
    command,
    `
It acts with the account that holds here, and hands it on by the environment. It runs as a child process.

Example, in the configuration of an agent:
  { "command": "ams", "args": ["mcp"], "env": { "AMS_URL": "http://127.0.0.1:8080" } }`,
  );
}

export function configCommand(): Command {
  const command = new Command("config")
    .alias("profile")
    .description("what holds for a command, and where it comes from (also `ams profile`)");
  const show = new Command("show")
    .description("the deployment and the account that hold here")
    .action(async (_options: object, self: Command) => {
      const { show: run } = await import("../actions/config.ts");
      await run(contextOf(self));
    });
  const path = new Command("path")
    .description("the folder of the profiles")
    .action(async (_options: object, self: Command) => {
      const { path: run } = await import("../actions/config.ts");
      run(contextOf(self));
    });
  const list = new Command("list")
    .description("all profiles")
    .action(async (_options: object, self: Command) => {
      const { list: run } = await import("../actions/config.ts");
      await run(contextOf(self));
    });
  command.addCommand(explain(show, "Example:\n  $ ams config show --profile second"));
  command.addCommand(explain(path, "Example:\n  $ ls -l $(ams config path)"));
  command.addCommand(explain(list, "Example:\n  $ ams config list --json"));
  return explain(
    command,
    `
Profiles are files of $XDG_CONFIG_HOME/ams, or ~/.config/ams, one for each account; only you can read them. No command
here prints a credential.

An option beats the environment (AMS_URL, AMS_PROFILE, AMS_CREDENTIAL, AMS_LINK), which beats the profile. The
credential of a profile is sent to its own deployment and nowhere else; the same holds for AMS_CREDENTIAL when a URL was
given with it.

Example:
  $ ams config show`,
  );
}

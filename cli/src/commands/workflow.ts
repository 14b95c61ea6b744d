/** `ams workflow`: messages as provable steps of declared workflows. */
import { Command } from "commander";
import type { KeyOptions } from "../actions/workflow/agent.ts";
import type { SendOptions } from "../actions/workflow/workflow.ts";
import { contextOf } from "../options/context.ts";
import { readMetadata } from "../options/values.ts";
import { explain, LINK_HELP } from "./options.ts";

const load = () => import("../actions/workflow/workflow.ts");

/** `words` are what follows the link. */
function named(name: string, words: string, about: string, example: string): Command {
  const command = new Command(name)
    .description(about)
    .usage(`[options] [link]${words === "" ? "" : ` ${words}`}`)
    .argument("[arguments...]", words === "" ? LINK_HELP : `${LINK_HELP}; then ${words}`)
    .option("--key <file>", "the agent's seed file; AMS_WORKFLOW_KEY, else one is made and kept");
  return explain(command, `Example:\n  $ ${example}`);
}

export function workflowCommand(): Command {
  const workflow = new Command("workflow").description(
    "signed steps of declared workflows, rollback, and a stop that nothing refuses",
  );
  for (const command of [...changing(), ...looking()]) workflow.addCommand(command);
  return explain(
    workflow,
    `
A message is signed by this machine's agent key, proves which history it had seen, and performs a step of a run. The link may
be in AMS_LINK. docs/WORKFLOWS.md has a tutorial.

Example:
  $ ams workflow define order_processing.json
  $ ams workflow send '{"sku": 7}' --workflow order_processing
  $ ams workflow verify`,
  );
}

function changing(): readonly Command[] {
  const open = named("open", "", "become a member by the link", "ams workflow open").action(
    async (args: string[], options: KeyOptions, self: Command) =>
      (await load()).open(contextOf(self), args, options),
  );
  const define = named(
    "define",
    "<file>",
    "define a workflow: JSON, which never changes",
    "ams workflow define order_processing.json",
  ).action(async (args: string[], options: KeyOptions, self: Command) =>
    (await load()).define(contextOf(self), args, options),
  );
  const start = named("start", "<workflow>", "start a run", "ams workflow start order_processing")
    .option("--input <json>", "its input: a JSON object, or @file", readMetadata)
    .action(async (args: string[], options: KeyOptions & { input?: unknown }, self: Command) =>
      (await load()).start(contextOf(self), args, options),
    );
  const send = named(
    "send",
    "<body>",
    "perform a step: the body is JSON, else a text",
    "ams workflow send '{\"sku\": 7}' --workflow order_processing",
  )
    .option("--workflow <name>", "of its one open run, which is started if there is none")
    .option("--run <run>", "the run")
    .option("--step <step>", "the step; the one that is ready unless given")
    .option("--op <op>", "start, done or fail; done unless given")
    .option("--branch <branch>", "the branch; main unless given")
    .option("--strict", "only if nothing was committed meanwhile")
    .action(async (args: string[], options: SendOptions, self: Command) =>
      (await load()).send(contextOf(self), args, options),
    );
  const note = named("note", "<text>", "say something; no step is touched", "ams workflow note Hi")
    .option("--run <run>", "in this run; in the conversation unless given")
    .option("--branch <branch>", "the branch; main unless given")
    .action(async (args: string[], options: SendOptions, self: Command) =>
      (await load()).note(contextOf(self), args, options),
    );
  const rollback = named(
    "rollback",
    "<run> <msg>",
    "go back to a message of the run's main branch",
    "ams workflow rollback run_01… 2664d8…",
  )
    .option("--reason <text>", "why")
    .option("--force", "though effects can't be undone; that stays visible")
    .action(async (args: string[], options: KeyOptions & { force?: boolean }, self: Command) =>
      (await load()).rollback(contextOf(self), args, options),
    );
  const stop = named("stop", "", "stop a run, or all; the link is enough", "ams workflow stop")
    .option("--run <run>", "only this run")
    .action(async (args: string[], options: SendOptions, self: Command) =>
      (await load()).stop(contextOf(self), args, options),
    );
  return [open, define, start, send, note, rollback, stop];
}

function looking(): readonly Command[] {
  const state = named("state", "<run>", "the steps of a run", "ams workflow state run_01…").action(
    async (args: string[], options: KeyOptions, self: Command) =>
      (await load()).state(contextOf(self), args, options),
  );
  const dag = named("dag", "<run>", "the graph of a run", "ams workflow dag run_01… --dot")
    .option("--dot", "in the language of Graphviz")
    .action(async (args: string[], options: KeyOptions & { dot?: boolean }, self: Command) =>
      (await load()).dag(contextOf(self), args, options),
    );
  const history = named(
    "history",
    "<run>",
    "the messages of a run, in their order",
    "ams workflow history run_01… --json",
  ).action(async (args: string[], options: KeyOptions, self: Command) =>
    (await load()).history(contextOf(self), args, options),
  );
  const verify = named(
    "verify",
    "",
    "check every hash and signature of the log, and its checkpoint",
    "ams workflow verify",
  ).action(async (args: string[], options: KeyOptions, self: Command) =>
    (await load()).verify(contextOf(self), args, options),
  );
  const mcp = named(
    "mcp",
    "",
    "workflows as MCP tools on stdin and stdout",
    "ams workflow mcp",
  ).action(async (args: string[], options: KeyOptions, self: Command) =>
    (await import("../actions/workflow/mcp.ts")).workflowMcp(contextOf(self), args, options),
  );
  return [state, dag, history, verify, mcp];
}

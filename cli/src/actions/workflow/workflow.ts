/** What `ams workflow` does, but for its MCP server. */
import { readFileSync } from "node:fs";
import { stopByLink } from "@ams/workflow-client";
import { takeLink } from "../../conversation/link-argument.ts";
import { CliError } from "../../faults/fault.ts";
import type { Context } from "../../options/context.ts";
import { settingsOf } from "../../options/settings.ts";
import { harmless } from "../../terminal/harmless.ts";
import { type KeyOptions, withAgent } from "./agent.ts";
import { orCliError } from "./fault.ts";

type Fields = Readonly<Record<string, unknown>>;

async function argumentsOf(context: Context, args: readonly string[], ...names: string[]) {
  const { link, rest } = await takeLink(args, names.length, "free", context.signal);
  if (rest.length === names.length) return { link, rest };
  const wanted = names.map((name) => `<${name}>`).join(" ");
  throw new CliError("bad_usage", `It takes a link, or AMS_LINK, and then ${wanted || "nothing"}.`);
}

/** A JSON value, or, where it is none, the text itself. */
function readBody(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function show(context: Context, value: Fields, ...lines: readonly string[]): void {
  context.output.answer(value, ...lines.map(harmless));
}

export async function open(context: Context, args: readonly string[], options: KeyOptions) {
  const { link } = await argumentsOf(context, args);
  await withAgent(context, link, options, async ({ conversationId, did, serviceDid }) => {
    show(context, { conversation_id: conversationId, did, service: serviceDid }, conversationId);
    context.output.note(`You are ${did}.`);
  });
}

export async function define(context: Context, args: readonly string[], options: KeyOptions) {
  const { link, rest } = await argumentsOf(context, args, "file");
  const definition = definitionOf(rest[0] ?? "");
  await withAgent(context, link, options, async (agent) => {
    await agent.define(definition);
    const { name, v } = definition;
    show(context, { name, v }, `${String(name)} ${String(v)}`);
  });
}

function definitionOf(path: string): Fields {
  try {
    const value: unknown = JSON.parse(readFileSync(path, "utf8"));
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value };
  } catch (error) {
    throw new CliError("file_unusable", `${path} can't be read, or is no JSON.`, {}, error);
  }
  throw new CliError("file_unusable", `${path} is no JSON object.`);
}

export async function start(
  context: Context,
  args: readonly string[],
  options: KeyOptions & { readonly input?: unknown },
) {
  const { link, rest } = await argumentsOf(context, args, "workflow");
  const { input } = options;
  await withAgent(context, link, options, async (agent) => {
    const run = await agent.start(rest[0] ?? "", input === undefined ? {} : { input });
    show(context, { run }, run);
  });
}

export type SendOptions = KeyOptions & {
  readonly workflow?: string;
  readonly run?: string;
  readonly step?: string;
  readonly op?: string;
  readonly branch?: string;
  readonly strict?: boolean;
};

export async function send(context: Context, args: readonly string[], options: SendOptions) {
  const { link, rest } = await argumentsOf(context, args, "body");
  const { key: _, ...how } = options;
  await withAgent(context, link, options, async (agent) => {
    const sent = await agent.send(readBody(rest[0] ?? ""), how);
    show(context, sent, sent.msg);
  });
}

export async function note(
  context: Context,
  args: readonly string[],
  options: KeyOptions & { readonly run?: string; readonly branch?: string },
) {
  const { link, rest } = await argumentsOf(context, args, "text");
  const { key: _, ...where } = options;
  await withAgent(context, link, options, async (agent) => {
    const sent = await agent.note(rest[0] ?? "", where);
    show(context, sent, sent.msg);
  });
}

export async function state(context: Context, args: readonly string[], options: KeyOptions) {
  const { link, rest } = await argumentsOf(context, args, "run");
  await withAgent(context, link, options, async (agent) => {
    const run = await agent.state(rest[0] ?? "");
    const steps = Object.entries(Object(Object(run.state_value).steps));
    const lines = steps.map(([name, step]) => `${name}: ${Array.isArray(step) ? step[0] : ""}`);
    const epoch = run.epoch === 0 ? "" : `, rolled back ${String(run.epoch)} times`;
    const halt = run.halt === "none" ? "" : `, ${String(run.halt)}`;
    show(context, run, `${String(run.workflow)} ${String(run.status)}${halt}${epoch}`, ...lines);
  });
}

export async function dag(
  context: Context,
  args: readonly string[],
  options: KeyOptions & { readonly dot?: boolean },
) {
  const { link, rest } = await argumentsOf(context, args, "run");
  const [run = ""] = rest;
  await withAgent(context, link, options, async (agent) => {
    if (options.dot === true) {
      const bytes = await agent.http.bytes(`/runs/${encodeURIComponent(run)}/dag?format=dot`);
      const dot = new TextDecoder().decode(bytes).trimEnd();
      show(context, { dot }, ...dot.split("\n"));
      return;
    }
    const graph = await agent.dag(run);
    show(context, graph, ...rowsOf(graph.nodes).map(lineOf));
  });
}

function rowsOf(value: unknown): readonly Fields[] {
  return Array.isArray(value) ? value.map((one: unknown) => Object(one)) : [];
}

function lineOf({ seq, node, type, op, step, did, msg }: Fields): string {
  const what = step === "" ? String(op) : `${String(step)} ${String(op)}`;
  const who = String(did).slice(-6);
  return `${String(seq)}  ${String(node)}  ${String(type)} ${what}  …${who}  ${String(msg)}`;
}

export async function history(context: Context, args: readonly string[], options: KeyOptions) {
  const { link, rest } = await argumentsOf(context, args, "run");
  await withAgent(context, link, options, async (agent) => {
    for await (const message of agent.history(rest[0] ?? "")) {
      const header: Fields = Object(message.header);
      const { workflow_state, execution_path, agent_identity, type } = header;
      const { op, workflow_step: step }: Fields = Object(workflow_state);
      const [node, did] = [Object(execution_path).node, Object(agent_identity).did];
      const { seq, msg } = message;
      show(context, message, lineOf({ seq, node, type, op, step, did, msg }));
    }
  });
}

export async function rollback(
  context: Context,
  args: readonly string[],
  options: KeyOptions & { readonly reason?: string; readonly force?: boolean },
) {
  const { link, rest } = await argumentsOf(context, args, "run", "msg");
  const [run = "", to = ""] = rest;
  const { key: _, ...how } = options;
  await withAgent(context, link, options, async (agent) => {
    const answer = await agent.rollback({ run, to, ...how });
    const plan = rowsOf(answer.plan).map(
      ({ step, handler }) => `${String(step)}: ${String(handler)}`,
    );
    show(context, answer, `${String(answer.status)}, epoch ${String(answer.epoch)}`, ...plan);
  });
}

/** Whoever has only the link can stop: no account is needed. */
export async function stop(
  context: Context,
  args: readonly string[],
  options: KeyOptions & { readonly run?: string },
) {
  const { link } = await argumentsOf(context, args);
  const { credential } = await settingsOf(context);
  const answer =
    credential === null
      ? await orCliError(() => stopByLink(link, options.run))
      : await withAgent(context, link, options, (agent) => agent.stop(options.run));
  show(context, answer, answer.noop === true ? "It had ended, or was stopped." : "Stopped.");
}

export async function verify(context: Context, args: readonly string[], options: KeyOptions) {
  const { link } = await argumentsOf(context, args);
  await withAgent(context, link, options, async (agent) => {
    const verified = await agent.verify();
    const { size, signatures, unresolved, root } = verified;
    const rest = unresolved === 0 ? "" : `, ${unresolved} of identities that are not resolved here`;
    show(context, verified, `${size} messages, ${signatures} signatures${rest}: ${root}`);
  });
}

/**
 * `ams load`: what it says of itself. What it does is in `run.ts`, which is loaded only when it is
 * called.
 */
import { Command, InvalidArgumentError, Option } from "commander";
import { explain, LINK, LINK_HELP } from "../commands/options.ts";
import { contextOf } from "../options/context.ts";
import { readCount, readDuration } from "../options/values.ts";

const PAYLOAD_BYTES_DEFAULT = 64;

const DESCRIPTION = `Load a conversation and check every token: is one lost, duplicated, out of order, or sent back to its author?

Connects SUBSCRIBERS that listen and EMITTERS that emit, each RATE tokens a second; emitters listen too, so every token should reach all connections but its own. Latency is from when a token was meant to be sent until it was read.`;

const MORE = `
A scenario in YAML says more: \`ams load run --help\`.

Examples:
  $ export AMS_LINK=$(ams mint)
  $ ams load --subscribers 90 --emitters 10 --rate 100 --duration 30s --report load.html
  $ ams load --subscribers 50 --emitters 5 --rate 2000 --ramp 60s      # at which load does it hurt?
  $ ams load --duration 2s --json | jq .latency_us
  $ ams load --duration 2s --assert 'p99<5s,lost=0' --junit load.xml

Who joins:
  Guests, where the deployment lets them in; with --account the account of AMS_CREDENTIAL or of the profile. The link may be
  in AMS_LINK, or - reads it from stdin.

Limits of the deployment that can refuse it, and their defaults:
  AMS_SUBSCRIBERS_PER_CONVERSATION (100) all connections of a run    AMS_STREAMS_PER_ACCOUNT (10) with --account
  AMS_FRAMES_PER_SECOND (20000), AMS_BYTES_PER_SECOND (33554432) one emitter

Ctrl-C ends the run early and prints what was measured up to there.

Exit status: 0 all is well; 7 something was lost, duplicated, reordered, altered or self-delivered, or a connection was closed
(gaps that the broker reported are counted and are no failure); 9 an assertion doesn't hold; 4 the link; 5 nobody answers;
6 a limit; 130 Ctrl-C.`;

const RUN_MORE = `
Without a link the account of AMS_CREDENTIAL or of the profile makes the conversations, and closes them after the run.

A scenario, every member but phases with its default:
  name: evening peak
  seed: 1                          # of everything that chance decides
  conversations: 20
  emitters: 2                      # of each conversation; 1
  subscribers: 50                  # of each conversation; 10
  readers: { websocket: 80, sse: 15, mcp: 5 }   # percent; all by WebSocket
  token_bytes: 64
  roster: full                     # summary: hear how many are there instead of who, for thousands in one
  turns: { tokens: 40, think: [1s, 5s] }        # an emitter pauses after so many tokens
  visits: { stay: [10s, 30s] }     # how long those of arrivals stay
  away: [1s, 5s]                   # how long those of reconnects are away
  phases:
    - { name: warm up, duration: 30s, rate: [0, 20] }   # tokens/s of each emitter, from and to
    - { name: peak, duration: 2m, rate: 20, arrivals: 50, reconnects: 5 }
  assert: ["p99<50ms", "lost=0"]
  sources: [127.0.0.2, 127.0.0.3]  # addresses of this machine to connect from
  origins: ["http://10.0.0.7:8080"]  # where WebSockets go instead of to the link's origin, such as past a proxy
  processes: 4

arrivals are visitors per second, and reconnects percent of all subscribers per minute; both happen when they are due, whether
or not the deployment keeps up. Readers by SSE need the feed edge, those by MCP the MCP edge.

Assertions:
  p50, p90, p99, p99.9, max, mean (us, ms, s), also p99.websocket, p99.sse, p99.mcp, join.p99 (joins while it goes on),
  late.p99 (of the load client itself); lost, doubled, reordered, faults, gaps, missing, closed, refused, received,
  deliveries_per_second, tokens_per_second, joins_per_second, client_limit; with < <= = >= >

On several machines:
  $ ams load worker --listen 10.0.0.5:7000      # prints the token; waits for one run
  $ AMS_LOAD_TOKEN=… ams load run peak.yaml --workers 10.0.0.5:7000,10.0.0.6:7000`;

type Parsed = {
  readonly subscribers: number;
  readonly emitters: number;
  readonly rate: number;
  readonly payload: number;
  readonly duration: number;
  readonly ramp: number;
  readonly processes?: number;
  readonly emitOnly?: boolean;
  readonly rosterSummary?: boolean;
} & Outputs;

type Outputs = {
  readonly account?: boolean;
  readonly report?: string;
  readonly junit?: string;
  readonly assert?: string;
  readonly workers?: string;
};

export function loadCommand(): Command {
  const load = declareOutputs(explain(new Command("load"), MORE))
    .summary("load a conversation, measure it, and check every token")
    .description(DESCRIPTION)
    .usage("[link] [options]")
    .argument(LINK, LINK_HELP)
    .option("--subscribers <count>", "connections that only listen", readCount, 10)
    .option("--emitters <count>", "connections that emit, and listen too", readCount, 1)
    .option("--rate <tokens/s>", "tokens per second of each emitter", readRate, 10)
    .option("--payload <bytes>", "size of a token", readCount, PAYLOAD_BYTES_DEFAULT)
    .addOption(time("--duration <time>", "how long at full rate: 30s, 10m, 2h", 10))
    .addOption(time("--ramp <time>", "raise the rate from 0 over this time first", 0))
    .option("--processes <count>", "load processes (as many as it takes)", readCount)
    .option("--emit-only", "emitters receive nothing")
    .option("--roster-summary", "hear how many are there instead of who, for thousands in one")
    .action(async (link: string | undefined, parsed: Parsed, command: Command) => {
      const { runLoadCommand } = await import("./run.ts");
      const { scenarioOf } = await import("./plan.ts");
      const { payload, duration, ramp, processes, emitOnly, rosterSummary, ...rest } = parsed;
      const scenario = scenarioOf({
        ...rest,
        payloadBytes: payload,
        duration_s: duration,
        ramp_s: ramp,
        processes: processes ?? null,
        emitOnly: emitOnly ?? false,
        summary: rosterSummary ?? false,
      });
      await runLoadCommand(link, scenario, outputsOf(parsed), contextOf(command));
    });
  load.addCommand(runCommand());
  load.addCommand(workerCommand());
  return load;
}

function runCommand(): Command {
  return declareOutputs(explain(new Command("run"), RUN_MORE))
    .description("load conversations as a scenario file says")
    .usage("<scenario.yaml> [link] [options]")
    .argument("<scenario.yaml>", "the scenario")
    .argument(LINK, "the magic link of a scenario with one conversation")
    .action(async (path: string, link: string | undefined, _: object, command: Command) => {
      const { runLoadCommand, scenarioIn } = await import("./run.ts");
      const outputs = outputsOf(command.optsWithGlobals<Outputs>());
      await runLoadCommand(link, await scenarioIn(path), outputs, contextOf(command));
    });
}

function workerCommand(): Command {
  const more = `
Waits for one run, does its share and ends. The token that it prints proves the run to it and it to the run (TLS with a
pre-shared key), and is good for one run; AMS_LOAD_TOKEN gives one of your own, of at least 32 characters. A port alone
listens on loopback only.

Example:
  $ ams load worker --listen 7000`;
  return explain(new Command("worker"), more)
    .description("wait for a run of ams load from another machine")
    .option("--listen <host:port>", "where it listens, or a port of loopback")
    .action(async (options: { readonly listen?: string }, command: Command) => {
      const { runWorkerCommand } = await import("./workers.ts");
      await runWorkerCommand(options.listen, contextOf(command));
    });
}

function declareOutputs(command: Command): Command {
  return command
    .option("--account", "join with your account, and not as guests")
    .option("--report <file.html>", "write a report with plots, in one file")
    .option("--assert <assertions>", "what has to hold, as p99<50ms,lost=0; else status 9")
    .option("--junit <file.xml>", "write the assertions as JUnit XML")
    .option("--workers <host:port,…>", "workers that wait elsewhere; AMS_LOAD_TOKEN has the token");
}

function outputsOf({ account, report, junit, assert, workers }: Outputs) {
  return {
    account: account ?? false,
    report: report ?? null,
    junit: junit ?? null,
    assert: assert ?? null,
    workers: workers ?? null,
  };
}

function time(flags: string, description: string, default_s: number): Option {
  return new Option(flags, description).argParser(readDuration).default(default_s, `${default_s}s`);
}

function readRate(text: string): number {
  const rate = Number(text);
  if (/^\d{1,9}(\.\d{1,6})?$/.test(text)) return rate;
  throw new InvalidArgumentError("It is a number of tokens per second, such as 100 or 0.5.");
}

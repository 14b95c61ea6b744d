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
Examples:
  $ export AMS_LINK=$(ams mint)
  $ ams load --subscribers 90 --emitters 10 --rate 100 --duration 30s --report load.html
  $ ams load --subscribers 50 --emitters 5 --rate 2000 --ramp 60s      # at which load does it hurt?
  $ ams load --duration 2s --json | jq .latency_us

Who joins:
  Guests, where the deployment lets them in; with --account the account of AMS_CREDENTIAL or of the profile. The link may be
  in AMS_LINK, or - reads it from stdin.

Limits of the deployment that can refuse it, and their defaults:
  AMS_SUBSCRIBERS_PER_CONVERSATION (100) all connections of a run    AMS_STREAMS_PER_ACCOUNT (10) with --account
  AMS_FRAMES_PER_SECOND (20000), AMS_BYTES_PER_SECOND (33554432) one emitter

Ctrl-C ends the run early and prints what was measured up to there.

Exit status: 0 all is well; 7 something was lost, duplicated, reordered, altered or self-delivered, or a connection was closed
(gaps that the broker reported are counted and are no failure); 4 the link; 5 nobody answers; 6 a limit; 130 Ctrl-C.`;

type Parsed = {
  readonly subscribers: number;
  readonly emitters: number;
  readonly rate: number;
  readonly payload: number;
  readonly duration: number;
  readonly ramp: number;
  readonly processes?: number;
  readonly emitOnly?: boolean;
  readonly account?: boolean;
  readonly report?: string;
};

export function loadCommand(): Command {
  const load = explain(new Command("load"), MORE)
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
    .option("--account", "join with your account, and not as guests")
    .option("--report <file.html>", "write a report with plots, in one file")
    .action(async (link: string | undefined, parsed: Parsed, command: Command) => {
      const { runLoadCommand } = await import("./run.ts");
      const { payload, duration, ramp, processes, report, emitOnly, account, ...rest } = parsed;
      const options = {
        ...rest,
        payloadBytes: payload,
        duration_s: duration,
        ramp_s: ramp,
        processes: processes ?? null,
        emitOnly: emitOnly ?? false,
        account: account ?? false,
        report: report ?? null,
      };
      await runLoadCommand(link, options, contextOf(command));
    });
  load.command("worker", { hidden: true }).action(async () => {
    const { runWorker } = await import("@ams/loadtest");
    await runWorker();
  });
  return load;
}

function time(flags: string, description: string, default_s: number): Option {
  return new Option(flags, description).argParser(readDuration).default(default_s, `${default_s}s`);
}

function readRate(text: string): number {
  const rate = Number(text);
  if (/^\d{1,9}(\.\d{1,6})?$/.test(text)) return rate;
  throw new InvalidArgumentError("It is a number of tokens per second, such as 100 or 0.5.");
}

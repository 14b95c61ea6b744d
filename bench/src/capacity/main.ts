/** `npm run capacity`: what a deployment of this size takes, and how it behaves. */
import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { readCosts } from "./costs.ts";
import { type Load, needsOf, type Placement } from "./model.ts";
import { simulate } from "./simulate.ts";
import { aboutOf, type Column, tableOf } from "./text.ts";

const USAGE = `npm run capacity -- [options]

  --conversations <n>        1,000,000
  --connections <n>          10,000,000, of all conversations together
  --tokens-per-second <n>    1,500,000, of all streams together
  --token-bytes <n>          32
  --joins-per-second <n>     a join of each connection in an hour, unless given
  --free <percent>           of every core, 50
  --placement <where>        together (members of a conversation on one gateway), anywhere; both
  --simulate                 simulate tokens, joins, a gateway's death and a Redis failover too
  --seed <n>                 of the simulation, 1
  --json                     one line of JSON
  --write <file.md>          put it between the marks of this file, as in docs/CAPACITY.md
  --check <file.md>          status 1 when the file has something else there

Unit costs are in bench/unit-costs.json; \`npm run bench -- --costs\` measures them anew.`;

const EXIT_USAGE = 64;
const MOST = 1e12;
const MARKS = ["<!-- made by npm run capacity -->", "<!-- end of what is made -->"] as const;

/** Returns the exit status. */
export function capacity(args: readonly string[]): number {
  const options = readOptions(args);
  if (options === null) {
    process.stderr.write(`${USAGE}\n`);
    return EXIT_USAGE;
  }
  if (options.help) {
    process.stdout.write(`${USAGE}\n`);
    return 0;
  }
  const costs = readCosts();
  const columns = options.placements.map((placement): Column => {
    const load = { ...options.load, placement };
    const needs = needsOf(load, costs);
    const simulated = options.simulate ? simulate(load, needs, costs, options.seed) : null;
    return { load, needs, simulated };
  });
  const [first] = columns;
  if (first === undefined) return EXIT_USAGE;
  if (options.json) process.stdout.write(`${JSON.stringify({ costs, columns })}\n`);
  const text = `${aboutOf(first, costs)}\n\n${tableOf(columns)}`;
  if (options.write !== undefined) return put(options.write, text, "write");
  if (options.check !== undefined) return put(options.check, text, "check");
  if (!options.json) process.stdout.write(`${text}\n`);
  return 0;
}

/** Between the marks of a file; line ends are those of the Markdown formatter. */
function put(path: string, text: string, how: "write" | "check"): number {
  const file = readFileSync(path, "utf8");
  const [from, to] = [file.indexOf(MARKS[0]), file.indexOf(MARKS[1])];
  if (from < 0 || to < from) {
    process.stderr.write(`${path} has no marks.\n`);
    return 1;
  }
  const old = file.slice(from + MARKS[0].length, to);
  if (words(old) === words(text)) return 0;
  if (how === "write") {
    const head = file.slice(0, from + MARKS[0].length);
    writeFileSync(path, `${head}\n\n${text}\n\n${file.slice(to)}`);
    return 0;
  }
  process.stderr.write(`${path} is not what npm run capacity makes: npm run docs\n`);
  return 1;
}

function words(text: string): string {
  return text.split(/\s+/).join(" ").trim();
}

function readOptions(args: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        conversations: { type: "string", default: "1000000" },
        connections: { type: "string", default: "10000000" },
        "tokens-per-second": { type: "string", default: "1500000" },
        "token-bytes": { type: "string", default: "32" },
        "joins-per-second": { type: "string" },
        free: { type: "string", default: "50" },
        placement: { type: "string", default: "both" },
        seed: { type: "string", default: "1" },
        simulate: { type: "boolean", default: false },
        json: { type: "boolean", default: false },
        write: { type: "string" },
        check: { type: "string" },
        help: { type: "boolean", default: false },
      },
    });
    const connections = amount(values.connections, 1);
    const joins = values["joins-per-second"];
    const load: Omit<Load, "placement"> = {
      conversations: Math.min(amount(values.conversations, 1), connections),
      connections,
      tokensPerSecond: amount(values["tokens-per-second"], 0),
      tokenBytes: amount(values["token-bytes"], 0, 65_536),
      joinsPerSecond: joins === undefined ? connections / 3_600 : amount(joins, 0),
      free: amount(values.free, 5, 95) / 100,
    };
    const placements = placementsOf(values.placement);
    const { simulate: wantsSimulation, seed, ...more } = values;
    return { ...more, load, placements, simulate: wantsSimulation, seed: amount(seed, 0) };
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
    return null;
  }
}

function amount(text: string, least: number, most = MOST): number {
  const value = Number(text.replaceAll(",", ""));
  if (Number.isFinite(value) && value >= least && value <= most) return value;
  throw new Error(`"${text}" is no number from ${least} to ${most}.`);
}

function placementsOf(text: string): readonly Placement[] {
  if (text === "both") return ["anywhere", "together"];
  if (text === "together" || text === "anywhere") return [text];
  throw new Error(`"${text}" is no placement: together, anywhere, both.`);
}

/** `npm run bench`: runs the cases one after the other and prints what they say. */
import { parseArgs } from "node:util";
import { costsFrom, readCosts, writeCosts } from "./capacity/costs.ts";
import type { Case } from "./case.ts";
import { chooseCases, NAMED_CASES, unknownAmong } from "./cases.ts";
import type { Ground } from "./ground.ts";
import { type LoadClient, NoLoadClient, openLoadClient } from "./load-client.ts";
import { describeMachine } from "./machine.ts";
import { formatCase, formatMachine, verdictOf } from "./report.ts";
import { type CaseResult, unjudged } from "./row.ts";
import { FULL, SMOKE, Stage } from "./stage.ts";

const USAGE = `npm run bench -- [options]

  --case <name>   only this case; may be given more than once
  --peers         also others that do the same work, as far as they are installed
  --smoke         seconds instead of minutes: shows that nothing is lost, not how fast it is
  --costs         write the unit costs of \`npm run capacity\` that these cases measure
  --json          one line of JSON instead of tables
  --list          the cases
  --help          this

Nothing but the bench may be busy on the machine if figures are to mean something.`;

const EXIT_USAGE = 64;
const EXIT_UNAVAILABLE = 69;

/** Resolves with the exit status: 1 when a token was lost, doubled or reordered. */
export async function bench(args: readonly string[], ground: Ground): Promise<number> {
  const options = readOptions(args);
  if (options === null) return say(USAGE, EXIT_USAGE);
  if (options.help) return print(`${USAGE}\n`);
  if (options.list) return list();
  const [unknown] = unknownAmong(options.case);
  if (unknown !== undefined) {
    return say(`There is no case "${unknown}": --list names them all.`, EXIT_USAGE);
  }
  const cases = chooseCases(options.case, { isSmoke: options.smoke, withPeers: options.peers });
  const client = clientOrSentence();
  if (typeof client === "string") return say(client, EXIT_UNAVAILABLE);
  const machine = describeMachine();
  const stage = new Stage(ground, client, options.smoke ? SMOKE : FULL, say);
  if (!options.json) print(`${formatMachine(machine, options.smoke)}\n`);
  try {
    const results: CaseResult[] = [];
    for (const one of cases) {
      const result = await runCase(one, stage);
      if (!options.json) print(`${formatCase(result)}\n`);
      results.push(result);
    }
    if (options.json) print(`${JSON.stringify({ machine, results })}\n`);
    else print(`${verdictOf(results)}\n`);
    if (options.costs) writeCosts(costsFrom(readCosts(), results, machine));
    return results.some(({ faults }) => faults.length > 0) ? 1 : 0;
  } finally {
    await stage.close();
  }
}

async function runCase({ name, about, run }: Case, stage: Stage): Promise<CaseResult> {
  stage.say(`${name} …`);
  try {
    const { rows, faults } = await run(stage);
    // So short a run says nothing of how fast it is, and so nothing of what was to be reached.
    return { name, about, rows: stage.scale.isSmoke ? rows.map(unjudged) : rows, faults };
  } catch (error) {
    const fault = `it could not be measured: ${error instanceof Error ? error.message : error}`;
    return { name, about, rows: [], faults: [fault] };
  }
}

function readOptions(args: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        case: { type: "string", multiple: true, default: [] },
        smoke: { type: "boolean", default: false },
        peers: { type: "boolean", default: false },
        costs: { type: "boolean", default: false },
        json: { type: "boolean", default: false },
        list: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    });
    return values;
  } catch (error) {
    say(error instanceof Error ? error.message : String(error));
    return null;
  }
}

function clientOrSentence(): LoadClient | string {
  try {
    return openLoadClient();
  } catch (error) {
    if (error instanceof NoLoadClient) return error.message;
    throw error;
  }
}

function list(): number {
  for (const { name, about } of NAMED_CASES) print(`${name.padEnd(24)}${about}\n`);
  return 0;
}

function print(text: string): number {
  process.stdout.write(text);
  return 0;
}

/** On stderr, so that stdout holds nothing but figures. */
function say(line: string, status = 0): number {
  process.stderr.write(`${line}\n`);
  return status;
}

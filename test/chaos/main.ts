/** `npm run chaos`: runs of one seed after the other until the time is over, or one fails. */
import { parseArgs } from "node:util";
import { countsOf, describeFailure } from "./report.ts";
import { type Run, run } from "./run.ts";
import { FORMS, type Form } from "./store.ts";

/** Minutes of one run: long enough for some twenty faults, short enough to be run again. */
const RUN_MINUTES = 2;

const USAGE = `npm run chaos -- [options]

  --seed <n>            of the first run; each further run has the next; 1 by default
  --minutes <m>         in all, as runs of at most ${RUN_MINUTES} minutes; ${RUN_MINUTES} by default
  --redis <form>        ${FORMS.join(", ")}; single by default
  --conversations <n>   50 by default
  --clients <n>         300 by default
  --gateways <n>        3 by default
  --no-replay           no conversation keeps its frames; else every other does`;

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    minutes: { type: "string", default: String(RUN_MINUTES) },
    redis: { type: "string", default: "single" },
    conversations: { type: "string", default: "50" },
    clients: { type: "string", default: "300" },
    gateways: { type: "string", default: "3" },
    "no-replay": { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});
const form = FORMS.find((one) => one === values.redis);
const numbers = [
  values.seed,
  values.minutes,
  values.conversations,
  values.clients,
  values.gateways,
];
if (values.help || form === undefined || !numbers.every((one) => Number(one) > 0)) {
  process.stdout.write(`${USAGE}\n`);
  process.exit(values.help ? 0 : 2);
}
await runAll(form);

async function runAll(redis: Form): Promise<void> {
  const untilMs = performance.now() + Number(values.minutes) * 60_000;
  for (let seed = Number(values.seed); performance.now() < untilMs; seed += 1) {
    const options: Run = {
      seed,
      ms: Math.min(RUN_MINUTES, Number(values.minutes)) * 60_000,
      form: redis,
      conversations: Number(values.conversations),
      replay: !values["no-replay"],
      clients: Number(values.clients),
      gateways: Number(values.gateways),
      faultEveryMs: 6_000,
      rightWithinMs: 10_000,
    };
    const judged = await run(options);
    process.stdout.write(`- seed ${seed}, ${redis}: ${countsOf(judged)}\n`);
    if (judged.violations.length === 0) continue;
    process.stdout.write(`${describeFailure(options, judged)}\n`);
    process.exitCode = 1;
    return;
  }
}

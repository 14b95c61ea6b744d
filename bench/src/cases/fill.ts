/**
 * Filling one conversation: each reader hears of each, which is quadratic, or all ask for a summary
 * of the roster.
 */
import { amsTarget } from "../ams.ts";
import type { Case } from "../case.ts";
import { gather } from "../crowd.ts";
import { groupFor, type Party } from "../parties.ts";
import { cpuSeconds } from "../proc.ts";
import { row } from "../row.ts";
import type { Stage } from "../stage.ts";

const READERS = 5_000;
const SMOKE_READERS = 200;

export const FILL: Case = {
  name: "fill-5000",
  about: `${READERS} readers enter one conversation with a summary of the roster; control: each hears of each`,
  run: async (stage) => {
    const summary = await fill(stage, { "X-AMS-Roster": "summary" });
    const all = await fill(stage, {});
    return {
      rows: [
        row({
          what: "seconds until all are in",
          control: all.seconds,
          ours: summary.seconds,
          note: all.seconds === null ? "of the control some did not enter in two minutes" : "",
        }),
        row({ what: "gateway CPU µs per join", control: all.cpu, ours: summary.cpu }),
      ],
      faults: summary.seconds === null ? ["not all entered"] : [],
    };
  },
};

async function fill(stage: Stage, headers: Readonly<Record<string, string>>) {
  const [gateway] = await stage.gateways();
  const account = await stage.account();
  const readers = stage.scale.isSmoke ? SMOKE_READERS : READERS;
  const pace = { kind: "silent" } as const;
  const party: Party = { conversations: 1, emitters: 0, readers, payload: 32, pace };
  const target = await amsTarget(account, party, { gateway: () => gateway, headers });
  const before = cpuSeconds(gateway.pid);
  const crowd = await gather(stage, groupFor(party, target));
  const after = cpuSeconds(gateway.pid);
  const isWhole = await crowd.leave().then(
    () => true,
    () => false,
  );
  const cpu = before === null || after === null ? null : ((after - before) * 1e6) / readers;
  return { seconds: isWhole ? readers / crowd.perSecond : null, cpu };
}

/**
 * Fan-out at a pace that doesn't fill the machine: what a delivery costs when there is little to
 * batch, and how long it takes.
 */
import { amsTarget } from "../ams.ts";
import type { Case } from "../case.ts";
import { bareTarget } from "../controls.ts";
import { groupOf } from "../load-result.ts";
import type { Party, Target } from "../parties.ts";
import { row } from "../row.ts";
import { alternate, bestOf, type Saturation, saturate } from "../saturation.ts";

const PARTY: Party = {
  conversations: 10,
  emitters: 1,
  readers: 100,
  payload: 32,
  pace: { kind: "paced", perSecond: 50 },
};

export const PACED: Case = {
  name: "paced-100",
  about:
    "10 conversations of 1 emitter and 100 readers, 50 tokens/s each; control: bare uWebSockets.js",
  run: async (stage) => {
    const [gateway] = await stage.gateways();
    const account = await stage.account();
    const bare = await stage.bare();
    const side = (target: Target, server: number) => saturate(stage, PARTY, target, { server });
    const [control = [], ours = []] = await alternate(stage.scale.rounds, [
      () => side(bareTarget(bare.port, "at once"), bare.pid),
      async () => side(await amsTarget(account, PARTY, { gateway: () => gateway }), gateway.pid),
    ]);
    const [theirs, best] = [bestOf(control), bestOf(ours)];
    const p99 = (runs: readonly Saturation[], name: string) =>
      Math.min(...runs.map(({ result }) => groupOf(result, name).latency_us.p99));
    return {
      rows: [
        row({
          what: "server CPU µs per delivery",
          control: theirs.serverPerDelivery,
          ours: best.serverPerDelivery,
        }),
        row({ what: "p99 µs", control: p99(control, "bare"), ours: p99(ours, "ours") }),
      ],
      faults: [...control, ...ours].flatMap((run) => run.faults),
    };
  },
};

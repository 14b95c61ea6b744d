/**
 * The model of `npm run capacity` against reality: its unit costs are measured at two sizes, and
 * what it then says of others is held to what those cost, in the same run.
 */
import { amsTarget } from "../ams.ts";
import type { Case } from "../case.ts";
import type { Party } from "../parties.ts";
import { commandsProcessed } from "../redis-commands.ts";
import { row } from "../row.ts";
import { bestOf, type Saturation, saturate } from "../saturation.ts";
import type { Stage } from "../stage.ts";

/** Conversations and readers of each, whose tokens travel alone. */
const UNITS = [
  { conversations: 300, readers: 1 },
  { conversations: 60, readers: 10 },
] as const;
const CHECKED = [
  { conversations: 150, readers: 3 },
  { conversations: 100, readers: 6 },
  { conversations: 40, readers: 16 },
] as const;
/** How far the model may be off. */
const ERROR_MAX = 0.2;

type Size = { readonly conversations: number; readonly readers: number };

export const CAPACITY: Case = {
  name: "capacity",
  about: "gateway and Redis CPU per token, as the capacity model says (control) and as measured",
  run: async (stage) => {
    const costs = { lone: 0, further: 0, redis: 0 };
    const [one, ten] = [await measured(stage, UNITS[0]), await measured(stage, UNITS[1])];
    costs.lone = one.serverPerToken ?? 0;
    costs.further = ((ten.serverPerToken ?? 0) - costs.lone) / (UNITS[1].readers - 1);
    costs.redis = one.redisPerToken ?? 0;
    const rows = [
      row({ what: "unit: gateway CPU µs, a token with its first reader", ours: costs.lone }),
      row({ what: "unit: gateway CPU µs, each further delivery", ours: costs.further }),
      row({ what: "unit: Redis CPU µs, a publish", ours: costs.redis }),
    ];
    const faults = [...one.faults, ...ten.faults];
    for (const size of CHECKED) {
      const found = await measured(stage, size);
      const said = costs.lone + (size.readers - 1) * costs.further;
      const ours = found.serverPerToken;
      faults.push(...found.faults);
      rows.push(
        row({ what: `gateway CPU µs per token, ${size.readers} readers`, control: said, ours }),
        row({
          what: `its error, ${size.readers} readers`,
          ours: ours === null || said === 0 ? null : Math.abs(ours / said - 1),
          atMost: ERROR_MAX,
        }),
        row({
          what: `Redis CPU µs per token, ${size.readers} readers`,
          control: costs.redis,
          ours: found.redisPerToken,
        }),
      );
    }
    return { rows, faults };
  },
};

/** The best of the rounds. */
async function measured(stage: Stage, { conversations, readers }: Size) {
  const cluster = await stage.cluster();
  const [gateway] = await stage.gateways();
  const account = await stage.account();
  const pace = { kind: "saturated", window: 1 } as const;
  const party: Party = { conversations, emitters: 1, readers, payload: 32, pace };
  const pids = { server: gateway.pid, ...(cluster.redis && { redis: cluster.redis.pid() }) };
  const runs: Saturation[] = [];
  for (let round = 0; round < stage.scale.rounds; round += 1) {
    const target = await amsTarget(account, party, { gateway: () => gateway });
    runs.push(
      await saturate(stage, party, target, pids, () => commandsProcessed(cluster.redisUrl)),
    );
  }
  return { ...bestOf(runs), faults: runs.flatMap((run) => run.faults) };
}

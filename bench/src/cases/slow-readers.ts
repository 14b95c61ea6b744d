/** Readers that stop reading: what they take from those that go on. */
import { amsTarget } from "../ams.ts";
import type { Case } from "../case.ts";
import type { Party } from "../parties.ts";
import { row } from "../row.ts";
import { alternate, bestOf, saturate, windowFor } from "../saturation.ts";
import type { Stage } from "../stage.ts";

const READERS = 100;
const PAYLOAD = 1_024;
/** Per cent of the readers. */
const SLOW = [5, 10, 20];

export const SLOW_READERS: Case = {
  name: "slow-readers",
  about: `1 emitter, ${READERS} readers of which some stop reading, 1 KiB, saturated; control: none does`,
  run: async (stage) => {
    const sides = [0, ...SLOW].map((slow) => () => measure(stage, (READERS * slow) / 100));
    const [none = [], ...some] = await alternate(stage.scale.rounds, sides);
    const control = bestOf(none).tokensPerS;
    return {
      rows: some.map((runs, index) => {
        const ours = bestOf(runs).tokensPerS;
        return row({ what: `tokens/s to all others, ${SLOW[index]} % slow`, control, ours });
      }),
      faults: [none, ...some].flat().flatMap((run) => run.faults),
    };
  },
};

async function measure(stage: Stage, slowReaders: number) {
  const [gateway] = await stage.gateways();
  const account = await stage.account();
  const party: Party = {
    conversations: 1,
    emitters: 1,
    readers: READERS,
    slowReaders,
    payload: PAYLOAD,
    pace: { kind: "saturated", window: windowFor(READERS, PAYLOAD) },
  };
  const target = await amsTarget(account, party, { gateway: () => gateway });
  return saturate(stage, party, target, { server: gateway.pid });
}

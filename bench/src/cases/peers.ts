/** The same work at others: fan-out to 100 with Redis (or what they have for it), saturated. */
import { amsTarget } from "../ams.ts";
import type { Case } from "../case.ts";
import type { Party } from "../parties.ts";
import { PEERS, type Peer, type PeerKind } from "../peers.ts";
import { type Row, row } from "../row.ts";
import { alternate, bestOf, clientNote, saturate, windowFor } from "../saturation.ts";
import type { Stage } from "../stage.ts";

const READERS = 100;
const PAYLOAD = 32;

/** What ours is to reach, as a ratio to the peer. */
const REACH: Readonly<
  Record<string, { readonly deliveries?: number; readonly perCpuSecond?: number }>
> = {
  "ws + ioredis": { deliveries: 10 },
  "socket.io": { deliveries: 10 },
  NATS: { perCpuSecond: 1.3 },
  Centrifugo: { perCpuSecond: 3 },
};

const PARTY: Party = {
  conversations: 1,
  emitters: 1,
  readers: READERS,
  payload: PAYLOAD,
  pace: { kind: "saturated", window: windowFor(READERS, PAYLOAD) },
};

export const PEERS_CASE: Case = {
  name: "peers",
  about: `1 emitter, ${READERS} readers, tokens of ${PAYLOAD} B, saturated; control: each peer in turn`,
  run: async (stage) => {
    const rows: Row[] = [];
    const faults: string[] = [];
    for (const kind of PEERS) {
      const opened = await openPeer(stage, kind);
      if ("missing" in opened) {
        rows.push(row({ what: kind.name, ours: null, note: `not measured: ${opened.missing}` }));
        continue;
      }
      const { peer, settings } = opened;
      const measured = await measure(stage, kind, peer, settings).finally(peer.stop);
      rows.push(...measured.rows);
      faults.push(...measured.faults);
    }
    return { rows, faults };
  },
};

type Opened = { readonly peer: Peer; readonly settings: string } | { readonly missing: string };

/** A peer that can't be had, or doesn't start, is no fault of ours and stops no other. */
export async function openPeer(stage: Stage, kind: PeerKind): Promise<Opened> {
  try {
    const settings = await kind.describe(stage);
    if (settings === null) return { missing: "it isn't installed here" };
    return { peer: await kind.start(stage), settings };
  } catch (error) {
    const [why] = (error instanceof Error ? error.message : String(error)).split("\n");
    return { missing: why ?? "" };
  }
}

async function measure(stage: Stage, kind: PeerKind, peer: Peer, settings: string) {
  const [gateway] = await stage.gateways();
  const account = await stage.account();
  const ours = async () => {
    const target = await amsTarget(account, PARTY, { gateway: () => gateway });
    return saturate(stage, PARTY, target, { server: gateway.pid });
  };
  const theirs = () => saturate(stage, PARTY, peer.target, { server: peer.pid });
  const [peerRuns = [], ourRuns = []] = await alternate(stage.scale.rounds, [theirs, ours]);
  const [control, best] = [bestOf(peerRuns), bestOf(ourRuns)];
  const { deliveries, perCpuSecond } = REACH[kind.name] ?? {};
  const reaches = { ...(deliveries && { atLeast: deliveries }) };
  const reachesCpu = { ...(perCpuSecond && { atLeast: perCpuSecond }) };
  const perSecond = (cpuUs: number | null) => (cpuUs === null ? null : 1e6 / cpuUs);
  const lost = peerRuns.flatMap((run) => run.faults).join(", ");
  return {
    rows: [
      row({
        what: `${kind.name}: deliveries/s`,
        control: control.deliveriesPerS,
        ours: best.deliveriesPerS,
        note: [settings, ...(lost === "" ? [] : [`it lost: ${lost}`]), clientNote(control)].join(
          "; ",
        ),
        ...reaches,
      }),
      row({
        what: `${kind.name}: deliveries per CPU second`,
        control: perSecond(control.serverPerDelivery),
        ours: perSecond(best.serverPerDelivery),
        note: `with ours: ${clientNote(best)}`,
        ...reachesCpu,
      }),
    ],
    faults: ourRuns.flatMap((run) => run.faults),
  };
}

// From the access checks to a session: what is taken is given back when there is none, and is the
// session's once there is one.
import {
  type Directory,
  DirectoryUnavailable,
  type Outcome,
  type QuotaSlot,
  type QuotaSlotTerms,
  type Reserved,
  type RosterEntry,
} from "@ams/directory";
import type { AccountId, CloseReason } from "@ams/protocol";
import { beforeEach, expect, test } from "vitest";
import type { GatewayConfig } from "../config.ts";
import type { Conversations } from "../conversation/conversations.ts";
import { ACCOUNT, admissionOf, endOfTurn, entryOf, type FakeSocket } from "../testing/fakes.ts";
import { GATEWAY, Rig } from "../testing/rig.ts";
import type { Admitted } from "./admit.ts";
import { type AttachDeps, attach } from "./attach.ts";
import type { PendingConnect, SocketOwner } from "./sockets.ts";

class FakePendingConnect implements PendingConnect {
  gone = false;
  /** Ends in the turn in which it is accepted, as one that sent a malformed frame early. */
  ended = false;
  refused: CloseReason | null = null;
  owner: SocketOwner | null = null;
  readonly socket: FakeSocket;

  constructor(rig: Rig) {
    this.socket = rig.sockets.open();
  }

  accept(owner: SocketOwner): boolean {
    if (this.gone) return false;
    this.owner = owner;
    owner.opened(this.socket);
    if (this.ended) owner.gone();
    return true;
  }

  refuse(reason: CloseReason): void {
    if (this.owner === null) this.refused = reason;
  }
}

let rig: Rig;
let pending: FakePendingConnect;
let releases: number;
let shared: boolean;
let reserve: (slot: QuotaSlot, terms: QuotaSlotTerms) => Promise<Outcome<Reserved, string>>;
/** What the claim comes to: the entry is announced before it is answered. */
let claim: (entry: RosterEntry) => Promise<Outcome<unknown, string>>;

beforeEach(() => {
  rig = new Rig();
  pending = new FakePendingConnect(rig);
  releases = 0;
  shared = false;
  reserve = () => Promise.resolve({ ok: true, value: { shared, credentialEndsMs: null } });
  claim = (entry) => {
    rig.event({ kind: "claimed", entry, displaced: null });
    return Promise.resolve({ ok: true, value: null });
  };
});

function join(over: Partial<Admitted> = {}) {
  const { stream_id, stream_name, metadata } = entryOf(1, 1);
  const admission = admissionOf("");
  const admitted: Admitted = {
    admission,
    link: { number: 1, hash: "" },
    accountId: ACCOUNT,
    credential: "credential-hash",
    endsMs: null,
    streamId: stream_id,
    streamName: stream_name,
    metadata,
    peerIdentity: null,
    selfSubscribe: false,
    subscribeStreams: null,
    replay: null,
    receipts: false,
    summary: false,
    ...over,
  };
  const directory = {
    ...rig.deps.directory,
    reserve: (slot: QuotaSlot, terms: QuotaSlotTerms) => reserve(slot, terms),
    keepSlot: () => rig.keepSlot(),
    claim: ({ connection }: { connection: string }) =>
      claim(entryOf(1, 5, { gateway: GATEWAY, connection })),
  } as unknown as Directory;
  const conversations = {
    acquire: () => Promise.resolve(rig.conversation),
    release: () => {
      releases += 1;
    },
  } as unknown as Conversations;
  const config = { AMS_GUESTS_PER_ACCOUNT: 7 } as GatewayConfig;
  const unlimited = { perSecond: 0, burst: 1 };
  const plainTerms = {
    subscription: { streams: null, self: null },
    receipts: false,
    isReadOnly: false,
    rates: { frames: unlimited, bytes: unlimited },
  };
  const deps = { ...rig.deps, directory };
  const attachDeps: AttachDeps = { deps, conversations, config, plainTerms };
  return attach(admitted, pending, attachDeps);
}

const stepsOf = () => rig.asked.map((step) => step.split(" ")[0]);

test("§4.5 a granted claim adds the socket with the roster as it is, and nothing is given back", async () => {
  expect(await join()).toBe("joined");
  expect(pending.socket.frames()).toMatchObject([{ type: "joined", epoch: 5, peers: [] }]);
  expect([rig.asked, releases]).toEqual([[], 0]);
});

test("§3.3 a credential that has ended is reported before a name that is taken, and nothing is claimed", async () => {
  const { stream_name } = entryOf(1, 1);
  const theirs = { ...entryOf(9, 1, { gateway: "gateway-b" }), stream_name };
  rig.event({ kind: "claimed", entry: theirs, displaced: null });
  reserve = () => Promise.resolve({ ok: false, fault: "invalid_credential" });
  expect(await join()).toBe("invalid_credential");
  reserve = () => Promise.resolve({ ok: false, fault: "account_concurrency_limit" });
  expect(await join()).toBe("stream_name_conflict");
  expect([rig.asked, releases]).toEqual([[], 2]);
});

test("a claim that is refused gives back the quota slot and the conversation, and leaves no stream", async () => {
  claim = () => Promise.resolve({ ok: false, fault: "stream_name_conflict" });
  expect(await join()).toBe("stream_name_conflict");
  expect(pending.refused).toBe("stream_name_conflict");
  expect([stepsOf(), releases]).toEqual([["release"], 1]);
});

test("a claim of which nothing is known is taken back, wherever it has come to", async () => {
  claim = () => Promise.reject(new DirectoryUnavailable("away"));
  await expect(join()).rejects.toThrow(DirectoryUnavailable);
  expect([stepsOf(), releases]).toEqual([["leave", "release"], 1]);
});

test("§3.3.9 a quota slot whose reservation was made but answered too late is given back", async () => {
  reserve = () => Promise.reject(new DirectoryUnavailable("away"));
  await expect(join()).rejects.toThrow(DirectoryUnavailable);
  expect([stepsOf(), releases]).toEqual([["release"], 1]);
});

test("§3.3.9 a socket that ends while it is joining keeps no shared quota slot", async () => {
  shared = true;
  pending.ended = true;
  expect(await join()).toBe("joined");
  await endOfTurn();
  expect(stepsOf()).toEqual(["leave", "release"]);
});

test("§3.3.9 a guest's quota slot is one of the conversation's owner", async () => {
  const slots: QuotaSlot[] = [];
  reserve = (slot, terms) => {
    slots.push(slot);
    expect(terms).toEqual({ credential: null, slotsMax: 7 });
    return Promise.resolve({ ok: false, fault: "account_concurrency_limit" });
  };
  const guest = "acc_anon_0123456789abcdef0123456789" as AccountId;
  expect(await join({ credential: null, accountId: guest })).toBe("account_concurrency_limit");
  expect(slots).toMatchObject([{ kind: "guest", account_id: ACCOUNT }]);
});

test("a client that goes while its claim is made leaves nothing behind", async () => {
  pending.gone = true;
  expect(await join()).toBe("client_gone");
  expect([stepsOf(), releases, rig.conversation.roster.size]).toEqual([["release"], 1, 0]);
});

test("§1.6 a live stream keeps its id under a new pepper, and its account one quota slot for it", async () => {
  claim = ({ connection }) => {
    const entry = entryOf(7, 5, { gateway: GATEWAY, connection });
    rig.event({ kind: "claimed", entry, displaced: null });
    return Promise.resolve({ ok: true, value: null });
  };
  expect(await join()).toBe("joined");
  expect(stepsOf()).toEqual(["keep", "release"]);
});

test("§5.6 a socket that had joined stays, also when the answer to its claim is lost", async () => {
  claim = (entry) => {
    rig.event({ kind: "claimed", entry, displaced: null });
    return Promise.reject(new DirectoryUnavailable("away"));
  };
  await join().catch(() => undefined);
  expect(rig.conversation.roster.size).toBe(1);
  expect([rig.asked, releases, pending.socket.ended]).toEqual([[], 0, null]);
});

test("§5.6 a socket that had joined stays, also when its quota slot can't be made its own yet", async () => {
  shared = true;
  rig.keepSlot = () => Promise.reject(new DirectoryUnavailable("away"));
  expect(await join()).toBe("joined");
  await endOfTurn();
  expect(rig.conversation.roster.size).toBe(1);
  expect([stepsOf(), releases, pending.socket.ended]).toEqual([["keep"], 0, null]);
  rig.keepSlot = () => Promise.resolve();
  rig.deps.holdings.retry();
  expect(stepsOf()).toEqual(["keep", "keep"]);
});

/** AMS as a target: conversations of an account, and how one joins them on this or that gateway. */
import { randomBytes } from "node:crypto";
import { type Account, createAccount } from "@ams/client";
import type { GroundMember } from "./ground.ts";
import { upgradeRequest } from "./handshake.ts";
import type { Party, PartySlot, Target } from "./parties.ts";

/** Mints that are under way at once. */
const MINTS_AT_ONCE = 16;

/**
 * How the account's own tokens look when they are delivered: what the control sends must be as
 * long.
 */
const DELIVERED_HEAD =
  '{"type":"token","stream_id":"str_00000000000000000000000000","stream_name":"s0000000","owner_account_id":"acc_00000000000000000000000000","ts":"2026-01-31T12:00:09.000Z","seq":"1-100000","data":"';
const DELIVERED_TAIL = '"}';

/** What is around the payload in a frame that AMS delivers. */
export const DELIVERED = { prefix: DELIVERED_HEAD, suffix: DELIVERED_TAIL };

/** What is around it in a frame that a client of AMS sends. */
const EMITTED = { prefix: '{"type":"token","data":"', suffix: '"}' };

/** A stream that is nobody's: whoever listens to this one alone hears no token. */
const NOBODY = `str_${"0".repeat(26)}`;

export type AmsAccount = {
  /** Paths with query, to which a member connects: as many new conversations. */
  readonly mint: (conversations: number) => Promise<readonly Minted[]>;
  readonly credential: string;
};

/** Paths with their queries, and the link itself. */
export type Minted = {
  readonly magicLink: string;
  readonly connectPath: string;
  readonly inspectPath: string;
};

export async function openAmsAccount(url: string): Promise<AmsAccount> {
  const namespace = `bench-${randomBytes(6).toString("hex")}`;
  const account = await createAccount(url, { namespace });
  const mint = async (conversations: number) => {
    const minted: Minted[] = [];
    while (minted.length < conversations) {
      const some = Math.min(MINTS_AT_ONCE, conversations - minted.length);
      minted.push(...(await Promise.all(Array.from({ length: some }, () => mintOne(account)))));
    }
    return minted;
  };
  return { mint, credential: account.credential };
}

async function mintOne(account: Account): Promise<Minted> {
  const { magicLink } = await account.mint();
  const { pathname, search } = new URL(magicLink);
  return {
    magicLink,
    connectPath: `${pathname}/connect${search}`,
    inspectPath: `/v1${pathname}${search}`,
  };
}

export type AmsWays = {
  /** The gateway of a slot. */
  readonly gateway: (slot: PartySlot) => GroundMember;
  readonly more?: Partial<Pick<Target, "comesBack" | "checksSeq">>;
  /** Wishes of every connect, beside its name. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly source?: (slot: PartySlot) => string | undefined;
  readonly otherPort?: (slot: PartySlot) => number;
};

/**
 * A target for one run of this party: new conversations, so that nothing is left in them of an
 * earlier run.
 */
export async function amsTarget(
  account: AmsAccount,
  party: Party,
  ways: AmsWays,
  name = "ours",
): Promise<Target> {
  const minted = await account.mint(party.conversations);
  return {
    name,
    checksSeq: true,
    alarm: '"x_gap"',
    ...ways.more,
    member: (slot) => ({
      port: ways.gateway(slot).port,
      ...(ways.otherPort && { otherPort: ways.otherPort(slot) }),
      ...sourceAt(ways.source?.(slot)),
      request: upgradeRequest(minted[slot.conversation]?.connectPath ?? "/", {
        Authorization: `Bearer ${account.credential}`,
        "X-AMS-Stream-Name": `s${String(slot.number).padStart(7, "0")}`,
        ...ways.headers,
        ...(!slot.hears && { "X-AMS-Subscribe-Streams": NOBODY }),
      }),
      ready: '"type":"joined"',
      ...EMITTED,
    }),
  };
}

function sourceAt(source: string | undefined) {
  return source === undefined ? {} : { source };
}

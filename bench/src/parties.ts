/** Who speaks with whom in a case, before it is said on which server. */
import type { Group, Member, Pace } from "./load-spec.ts";

/**
 * Conversations of the same kind. Every reader of one hears every emitter of it, and emitters hear
 * each other.
 */
export type Party = {
  readonly conversations: number;
  readonly emitters: number;
  /** Readers that emit nothing. */
  readonly readers: number;
  /** Of those readers, how many stop reading. */
  readonly slowReaders?: number;
  /** Emitters hear nobody; otherwise they hear each other. */
  readonly deafEmitters?: boolean;
  /** Bytes of a token. */
  readonly payload: number;
  readonly pace: Pace;
};

/** One member of a party. */
export type PartySlot = {
  readonly conversation: number;
  /** Counted through the whole party. */
  readonly number: number;
  /** Bytes of its tokens. */
  readonly payload: number;
  readonly emits: boolean;
  readonly hears: boolean;
  readonly slow: boolean;
};

/** How many hear each token, slow readers left out. */
export function fanOf(party: Party): number {
  const { emitters, readers, slowReaders = 0, deafEmitters = false } = party;
  return readers - slowReaders + (deafEmitters ? 0 : emitters - 1);
}

/** How a server wants to be spoken to: a control, a peer, or AMS. */
export type Target = {
  readonly name: string;
  readonly member: (slot: PartySlot) => Omit<Member, "channel" | "emits" | "hears" | "slow">;
  /** An emitter hears nothing, since this server would send it its own tokens too. */
  readonly deafEmitters?: boolean;
} & Pick<Group, "raw" | "binary" | "echo" | "comesBack" | "checksSeq" | "heartbeat" | "alarm">;

/**
 * Makes the group of this party at this target. Channels begin at `firstChannel`, so that groups in
 * one run don't mix.
 */
export function groupFor(party: Party, target: Target, firstChannel = 0): Group {
  const { member: _, deafEmitters: __, ...ways } = target;
  return {
    ...ways,
    payload: party.payload,
    pace: party.pace,
    members: slotsOf(party).map((slot) => ({
      ...target.member(slot),
      channel: firstChannel + slot.conversation,
      emits: slot.emits,
      hears: slot.hears && !(slot.emits && target.deafEmitters === true),
      slow: slot.slow,
    })),
  };
}

function slotsOf(party: Party): readonly PartySlot[] {
  const perConversation = party.emitters + party.readers;
  const firstSlow = perConversation - (party.slowReaders ?? 0);
  return Array.from({ length: party.conversations * perConversation }, (_, number) => {
    const place = number % perConversation;
    const conversation = Math.floor(number / perConversation);
    const emits = place < party.emitters;
    const hears = !(emits && party.deafEmitters === true);
    const { payload } = party;
    return { conversation, number, payload, emits, hears, slow: place >= firstSlow };
  });
}

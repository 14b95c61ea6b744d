/** A mesh in memory for tests: envelopes are judged and applied, and the log is kept as bytes. */
import {
  canonicalBytes,
  type Json,
  type JsonObject,
  type SeedSigner,
  sha256,
  signerFromSeed,
  tagged,
  toHex,
  utf8,
  writeSignature,
} from "@ams/provenance";
import { applyEntry } from "../apply.ts";
import { Draft } from "../draft.ts";
import { doDue } from "../due.ts";
import { decodeEntry, encodeEntry } from "../entry.ts";
import { PRIME, parseEnvelope, signEnvelope } from "../envelope.ts";
import { type Extra, judged } from "../errors.ts";
import { type Judgement, judge } from "../judge.ts";
import { deposit, putCard, putPolicy } from "../operator.ts";
import { MeshState, type Settings } from "../state.ts";

/** What a test looks into without declaring it. */
export type Loose = ReturnType<typeof JSON.parse>;

export const MESH = "conv_01JTEST0000000000000000000";
const OPENED = 1_760_000_000_000;

export function agentNamed(name: string): SeedSigner {
  return signerFromSeed(sha256(utf8(name)));
}

/** A UUID of version 4, made of a number. */
export function uuid(number: number): string {
  const hex = number.toString(16).padStart(12, "0");
  return `00000000-0000-4000-8000-${hex}`;
}

type Logged = { readonly kind: string; readonly bytes: Uint8Array; readonly at: number };

export class World {
  readonly signer = signerFromSeed(new Uint8Array(32).fill(0x22));
  readonly settings: Settings;
  readonly log: Logged[] = [];
  state: MeshState;
  now = OPENED + 1_000;
  #ids = 1_000_000;
  #nonces = new Map<string, number>();

  constructor(own: Partial<Settings> = {}) {
    this.settings = {
      ...{ mesh: MESH, primeKey: toHex(this.signer.publicKey), openedAt: OPENED },
      ...{ nonceWindow: 256, appealS: 259_200, ...own },
    };
    this.state = new MeshState(this.settings);
  }

  newId = (): string => {
    this.#ids += 1;
    return uuid(this.#ids);
  };

  /** One append: all of it, or nothing where it throws. */
  append<Value>(write: (draft: Draft) => Value): Value {
    const { state, signer, newId } = this;
    const mark = state.undo.mark();
    const draft = new Draft({ state, at: this.now, signer, newId });
    try {
      while (doDue(draft));
      const value = write(draft);
      while (doDue(draft));
      for (const entry of draft.entries)
        this.log.push({ kind: entry.kind, bytes: encodeEntry(entry), at: draft.at });
      state.undo.keep();
      state.growTree(state.size);
      return value;
    } catch (error) {
      state.undo.back(mark);
      state.undo.keep();
      throw error;
    }
  }

  envelope(from: SeedSigner, members: Loose, did = from.did): JsonObject {
    const nonce = (this.#nonces.get(did) ?? 0) + 1;
    this.#nonces.set(did, nonce);
    const ts = Math.floor(this.now / 1_000);
    return signEnvelope({ v: 1, id: this.newId(), from: did, nonce, ts, ...members }, from);
  }

  /** Judges what was signed, as whoever has the account. */
  hand(envelope: JsonObject, key: SeedSigner, account: string | null = null): Judgement {
    const parsed = judged(() => parseEnvelope(canonicalBytes(envelope)));
    if (!parsed.ok) return { kind: "refused", refusal: parsed.refusal };
    const submission = { account, key: toHex(key.publicKey), isPrime: false };
    return this.append((draft) => judge(draft, { envelope: parsed.value, ...submission }));
  }

  /** The envelope's id and what the verb added. */
  send(from: SeedSigner, members: Loose): { readonly id: string; readonly extra: Loose } {
    const judgement = this.hand(this.envelope(from, members), from, `acc_${from.did}`);
    if (judgement.kind === "refused")
      throw new Error(`${judgement.refusal.code} ${JSON.stringify(judgement.refusal.error)}`);
    return { id: judgement.id, extra: judgement.extra };
  }

  /** The code of the refusal; an empty text where it was taken. */
  refusal(from: SeedSigner, members: Loose): string {
    const judgement = this.hand(this.envelope(from, members), from, `acc_${from.did}`);
    return judgement.kind === "refused" ? judgement.refusal.code : "";
  }

  deposit(to: SeedSigner, amount: string, ref: string = this.newId()): Extra {
    return this.append((draft) => deposit(draft, { to: to.did, amount, ref }, true));
  }

  card(from: SeedSigner, own: Loose): void {
    const card: Json = { did: from.did, skills: [], seq: 1, ts: 1, ...own };
    const sig = writeSignature(from.signNow(tagged("ams-mesh", "card", card)));
    this.append((draft) => putCard(draft, from.did, { card, sig }, `acc_${from.did}`));
  }

  policy(policy: Loose): void {
    this.append((draft) => putPolicy(draft, policy, true));
  }

  /** Time passes, and what is due is done. */
  pass(seconds: number): void {
    this.now += 1_000 * seconds;
    this.append(() => undefined);
  }

  usd(account: string): number {
    return this.state.ledger.balance(account, "USD");
  }

  delegation(id: string) {
    return this.state.delegation(id);
  }

  /** The same log, folded from its beginning. */
  replayed(): MeshState {
    const state = new MeshState(this.settings);
    for (const { kind, bytes, at } of this.log) applyEntry(state, decodeEntry(kind, bytes), at);
    state.growTree(state.size);
    return state;
  }
}

export const intentTo = (agent: string, own: Loose = {}): Loose => ({
  kind: "intent",
  to: agent,
  intent: { action: "file_quarterly", ...own.intent },
  settle: {
    rail: "amp-escrow",
    amount: "50 USD",
    milestones: [
      { on: "draft_ready", pct: 50 },
      { on: "filed_confirmed", pct: 50 },
    ],
  },
  ...Object.fromEntries(Object.entries(own).filter(([name]) => name !== "intent")),
});

export const askFor = (intent: string, agent: string, own: object = {}): Loose => ({
  kind: "intent",
  to: PRIME,
  parent: intent,
  intent: { action: "amp/delegate", params: { agent, ...own } },
});

export const stage = (parent: string, name: string, milestone?: string): Loose => ({
  kind: "inference",
  to: PRIME,
  parent,
  payload: { stage: name, ...(milestone === undefined ? {} : { milestone }) },
});

export const outcomeOf = (parent: string, milestone: string): Loose => ({
  kind: "outcome",
  to: PRIME,
  parent,
  payload: { milestone },
});

export function voteOn(world: World, outcome: string, verdict: string): Loose {
  const envelope = world.state.node(outcome)?.envelope;
  return {
    kind: "outcome",
    to: PRIME,
    parent: outcome,
    intent: { action: "amp/attest" },
    payload: {
      attests: outcome,
      digest: `sha256:${envelope?.digest}`,
      milestone: envelope?.payload.milestone,
      verdict,
    },
  };
}

export const revokeOf = (id: string, reason = "no_fault", more: object = {}): Loose => ({
  kind: "delegation",
  to: PRIME,
  parent: id,
  intent: { action: "amp/revoke" },
  payload: { revokes: id, reason, ...more },
});

/** Result and outcome of a milestone; the outcome's id. */
export function deliver(world: World, agent: SeedSigner, delegation: string, on: string): string {
  const { id } = world.send(agent, stage(delegation, "result", on));
  return world.send(agent, outcomeOf(id, on)).id;
}

/** An intent and its delegation, funded; the delegation's id. */
export function hire(
  world: World,
  principal: SeedSigner,
  agent: SeedSigner,
  own: Loose = {},
  ask: object = {},
): string {
  const { id } = world.send(principal, intentTo(agent.did, own));
  return world.send(principal, askFor(id, agent.did, ask)).extra.delegation.id;
}

/** The conversation's side (M10): the service's stream, what it says there, and what it takes. */
import type { TokenEvent } from "@ams/client";
import { type Attachment, attach } from "@ams/edge";
import { ENVELOPE_BYTES_MAX } from "@ams/mesh-rules";
import { utf8 } from "@ams/provenance";
import type { Meshes } from "../service.ts";
import {
  checkpointFrame,
  duplicateFrame,
  type Frame,
  framesAt,
  refusedFrame,
  signedCheckpoint,
} from "../space/frames.ts";
import type { LiveMesh } from "../space/live-mesh.ts";
import { submit } from "../space/submit.ts";

/** Entries that are said again when this process begins to speak: the earlier one may have died. */
const REPEATED = 16;
/** Milliseconds between two checkpoints. */
const CHECKPOINT_EVERY_MS = 500;
/** Milliseconds that an envelope waits for its parent, and how many may wait (M6.2). */
const HELD_MS = 30_000;
const HELD_MAX = 1_000;
/** Bytes of a frame that fits a token; a larger one goes without its envelope. */
const FRAME_BYTES_MAX = 60_000;

type Held = { readonly bytes: Uint8Array; readonly account: string | null; readonly until: number };

export class Wire {
  readonly #service: Meshes;
  readonly #live: LiveMesh;
  readonly #unlisten: () => void;
  #attachment: Attachment | null = null;
  #link: string | null = null;
  /** The next entry that goes out. */
  #next = 0;
  #isSending = false;
  #held: Held[] = [];
  #checkpointAt = 0;
  #checkpointed = -1;

  constructor(service: Meshes, live: LiveMesh) {
    this.#service = service;
    this.#live = live;
    this.#unlisten = live.listen(() => this.#changed());
  }

  get isAttached(): boolean {
    return this.#attachment?.isAttached() ?? false;
  }

  /** Resolves once it has joined, and after so many milliseconds in any case. */
  async whenAttached(ms: number): Promise<void> {
    await this.#attachment?.whenAttached(ms);
  }

  /** Joins by this link, unless it is there by it already. */
  attach(link: string | null): void {
    if (link === this.#link) return;
    this.#link = link;
    void this.#attachment?.close();
    this.#attachment = null;
    if (link === null) return;
    this.#attachment = attach({
      service: "mesh",
      did: this.#live.signer.did,
      link,
      credential: this.#service.config.credential,
      log: this.#service.parts.log,
      onToken: (token, metadata) => this.#heard(token, metadata),
      onLeading: (isLeading) => this.#lead(isLeading),
      onClosed: () => this.#service.close(this.#live),
    });
  }

  async close(): Promise<void> {
    this.#unlisten();
    await this.#attachment?.close();
  }

  /** Called a few times a second. */
  beat(now: number): void {
    const late = this.#held.filter(({ until }) => until <= now);
    this.#held = this.#held.filter(({ until }) => until > now);
    for (const one of late) void this.#submit(one.bytes, one.account, true);
    if (this.#attachment?.isLeading() !== true) return;
    const { size } = this.#live;
    if (size === this.#checkpointed || now - this.#checkpointAt < CHECKPOINT_EVERY_MS) return;
    this.#checkpointAt = now;
    this.#checkpointed = size;
    this.#say(checkpointFrame(signedCheckpoint(this.#live)));
  }

  #lead(isLeading: boolean): void {
    if (!isLeading) return;
    this.#next = Math.max(0, this.#live.size - REPEATED);
    this.#checkpointed = -1;
    this.#flush();
  }

  #changed(): void {
    if (this.#attachment?.isLeading() !== true) return;
    this.#flush();
    const held = this.#held;
    this.#held = [];
    for (const one of held) void this.#submit(one.bytes, one.account, false, one.until);
  }

  /** Entries go out in the order of the log. */
  #flush(): void {
    if (this.#isSending) return;
    this.#isSending = true;
    void this.#send().finally(() => {
      this.#isSending = false;
    });
  }

  async #send(): Promise<void> {
    while (this.#attachment?.isLeading() === true && this.#next < this.#live.size) {
      for (const frame of framesAt(this.#live, this.#next))
        if (!(await this.#attachment.send(fit(frame)))) return;
      this.#next += 1;
    }
  }

  #say(frame: Frame): void {
    void this.#attachment?.send(JSON.stringify(frame));
  }

  #heard(token: TokenEvent, metadata: Readonly<Record<string, unknown>>): void {
    if (metadata.mesh !== 1 || !isEnvelope(token.data)) return;
    const { members } = this.#live.space.access;
    const account = members.has(token.ownerAccountId) ? token.ownerAccountId : null;
    void this.#submit(utf8(token.data), account, false);
  }

  async #submit(
    bytes: Uint8Array,
    account: string | null,
    isLast: boolean,
    until = this.#service.now() + HELD_MS,
  ): Promise<void> {
    const { metrics, resolve } = this.#service;
    const submitted = await submit(this.#live, bytes, { account, resolve }).catch(() => null);
    if (submitted === null) return;
    if (submitted.ok) {
      const result = submitted.isDuplicate ? "duplicate" : "accepted";
      metrics.envelopes.inc({ verb: submitted.verb, result });
      const { id, receipt, sig } = submitted;
      if (submitted.isDuplicate) this.#say(duplicateFrame(id, receipt, sig));
      return;
    }
    const { refusal, envelope, verb } = submitted;
    if (refusal.code === "parent_unknown" && !isLast && this.#held.length < HELD_MAX) {
      this.#held.push({ bytes, account, until });
      return;
    }
    metrics.refusals.inc({ code: refusal.code });
    metrics.envelopes.inc({ verb: verb ?? "none", result: "refused" });
    this.#say(refusedFrame(refusal, envelope?.id ?? null, envelope?.digest ?? null));
  }
}

/** An object with `kind` and `from`, of a size that an envelope may have. */
function isEnvelope(text: string): boolean {
  if (!text.startsWith("{") || text.length > 2 * ENVELOPE_BYTES_MAX) return false;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && "kind" in value && "from" in value;
  } catch {
    return false;
  }
}

function fit(frame: Frame): string {
  const text = JSON.stringify(frame);
  if (text.length <= FRAME_BYTES_MAX) return text;
  const { envelope: _, ...rest } = frame;
  return JSON.stringify(rest);
}

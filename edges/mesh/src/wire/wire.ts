/** The conversation's side (M10): the service's stream, what it says there, and what it takes. */
import type { TokenEvent } from "@ams/client";
import { type Said, SpaceStream } from "@ams/edge";
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

/** Milliseconds that an envelope waits for its parent, and how many may wait (M6.2). */
const HELD_MS = 30_000;
const HELD_MAX = 1_000;
/** Bytes of a frame that fits a token; a larger one goes without its envelope. */
const FRAME_BYTES_MAX = 60_000;

type Held = { readonly bytes: Uint8Array; readonly account: string | null; readonly until: number };

export class Wire extends SpaceStream<LiveMesh> {
  readonly #service: Meshes;
  readonly #unlisten: () => void;
  #held: Held[] = [];

  constructor(service: Meshes, live: LiveMesh) {
    super("mesh", service, live);
    this.#service = service;
    this.#unlisten = live.listen(() => this.#changed());
  }

  override async close(): Promise<void> {
    this.#unlisten();
    await super.close();
  }

  protected override led(): void {}

  protected override timed(now: number): void {
    const late = this.#held.filter(({ until }) => until <= now);
    this.#held = this.#held.filter(({ until }) => until > now);
    for (const one of late) void this.#submit(one.bytes, one.account, true);
  }

  protected override async *saidFrom(seq: number): AsyncIterable<Said> {
    for (let next = seq; next < this.live.size; next += 1)
      yield { frames: framesAt(this.live, next).map(fit), next: next + 1 };
  }

  protected override checkpoint(): Frame {
    return checkpointFrame(signedCheckpoint(this.live));
  }

  protected override heard(token: TokenEvent, metadata: Readonly<Record<string, unknown>>): void {
    if (metadata.mesh !== 1 || !isEnvelope(token.data)) return;
    const { members } = this.live.space.access;
    const account = members.has(token.ownerAccountId) ? token.ownerAccountId : null;
    void this.#submit(utf8(token.data), account, false);
  }

  #changed(): void {
    if (!this.isLeading) return;
    this.flush();
    const held = this.#held;
    this.#held = [];
    for (const one of held) void this.#submit(one.bytes, one.account, false, one.until);
  }

  async #submit(
    bytes: Uint8Array,
    account: string | null,
    isLast: boolean,
    until = this.#service.now() + HELD_MS,
  ): Promise<void> {
    const { metrics, resolve } = this.#service;
    const submitted = await submit(this.live, bytes, { account, resolve }).catch(() => null);
    if (submitted === null) return;
    if (submitted.ok) {
      const result = submitted.isDuplicate ? "duplicate" : "accepted";
      metrics.envelopes.inc({ verb: submitted.verb, result });
      const { id, receipt, sig } = submitted;
      if (submitted.isDuplicate) this.say(duplicateFrame(id, receipt, sig));
      return;
    }
    const { refusal, envelope, verb } = submitted;
    if (refusal.code === "parent_unknown" && !isLast && this.#held.length < HELD_MAX) {
      this.#held.push({ bytes, account, until });
      return;
    }
    metrics.refusals.inc({ code: refusal.code });
    metrics.envelopes.inc({ verb: verb ?? "none", result: "refused" });
    this.say(refusedFrame(refusal, envelope?.id ?? null, envelope?.digest ?? null));
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

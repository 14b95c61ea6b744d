/**
 * A service's stream in the conversation of a space: it joins, says what the log says in the
 * order of the log, and signs a checkpoint from time to time. Only the process that leads speaks.
 */
import type { TokenEvent } from "@ams/client";
import type { SeedSigner } from "@ams/provenance";
import { type Attachment, attach } from "./attach.ts";
import type { SpaceConfig } from "./space-config.ts";
import type { LiveSpace, SpaceProcess, SpaceWire } from "./space-process.ts";

/** What an entry of the log says; the next one to be said. */
export type Said = { readonly frames: readonly string[]; readonly next: number };

type Signing = LiveSpace & { readonly signer: SeedSigner };

/** Entries that are said again when this process begins to speak: the earlier one may have died. */
const REPEATED = 16;
/** Milliseconds between two checkpoints. */
const CHECKPOINT_EVERY_MS = 500;

export abstract class SpaceStream<Live extends Signing> implements SpaceWire {
  protected readonly live: Live;
  readonly #name: string;
  readonly #service: SpaceProcess<SpaceConfig, Live, SpaceWire>;
  #attachment: Attachment | null = null;
  #link: string | null = null;
  /** The next entry that goes out. */
  #next = 0;
  #isSending = false;
  #checkpointAt = 0;
  #checkpointed = -1;

  constructor(name: string, service: SpaceProcess<SpaceConfig, Live, SpaceWire>, live: Live) {
    this.#name = name;
    this.#service = service;
    this.live = live;
  }

  /** A token of another stream, with that stream's metadata; called where this process leads. */
  protected abstract heard(token: TokenEvent, metadata: Readonly<Record<string, unknown>>): void;
  /** This process began to lead. */
  protected abstract led(): void;
  /** Called a few times a second, whether this process leads or not. */
  protected abstract timed(now: number): void;
  /** What the log says from this entry on, as far as it is known. */
  protected abstract saidFrom(seq: number): AsyncIterable<Said>;
  /** The signed checkpoint of now, as a frame. */
  protected abstract checkpoint(): object;

  get isAttached(): boolean {
    return this.#attachment?.isAttached() ?? false;
  }

  protected get isLeading(): boolean {
    return this.#attachment?.isLeading() ?? false;
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
      service: this.#name,
      did: this.live.signer.did,
      link,
      credential: this.#service.config.credential,
      log: this.#service.parts.log,
      onToken: (token, metadata) => this.heard(token, metadata),
      onLeading: (isLeading) => {
        if (isLeading) this.#lead();
      },
      onClosed: () => this.#service.close(this.live),
    });
  }

  async close(): Promise<void> {
    await this.#attachment?.close();
  }

  beat(now: number): void {
    this.timed(now);
    const { size } = this.live;
    const isEarly = now - this.#checkpointAt < CHECKPOINT_EVERY_MS;
    if (!this.isLeading || isEarly || size === this.#checkpointed) return;
    this.#checkpointAt = now;
    this.#checkpointed = size;
    this.say(this.checkpoint());
  }

  protected say(frame: object): void {
    void this.#attachment?.send(JSON.stringify(frame));
  }

  /** Says what is new in the log. */
  protected flush(): void {
    if (this.#isSending) return;
    this.#isSending = true;
    void this.#send()
      .catch(() => undefined)
      .finally(() => {
        this.#isSending = false;
      });
  }

  #lead(): void {
    this.#next = Math.max(0, this.live.size - REPEATED);
    this.#checkpointed = -1;
    this.flush();
    this.led();
  }

  async #send(): Promise<void> {
    while (this.isLeading && this.#next < this.live.size) {
      const before = this.#next;
      for await (const { frames, next } of this.saidFrom(before)) {
        for (const frame of frames) if (!(await this.#attachment?.send(frame))) return;
        this.#next = next;
      }
      if (this.#next === before) return;
    }
  }
}

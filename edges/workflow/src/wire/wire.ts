/** The conversation's side: the service's stream, what it says there, and what it takes. */

import type { TokenEvent } from "@ams/client";
import { type Attachment, attach } from "@ams/edge";
import { errorHash, refuse } from "@ams/workflow-rules";
import {
  aliveFrame,
  checkpointFrame,
  commitFrame,
  compensateFrame,
  type Frame,
  haltFrame,
  rejectFrame,
  stuckFrame,
  taskFrame,
  tasksOf,
} from "../frames.ts";
import type { Workflows } from "../service.ts";
import { interrupt } from "../space/commands.ts";
import type { Applied, LiveSpace } from "../space/live-space.ts";
import { submit } from "../submit.ts";
import { signedCheckpoint } from "../views.ts";
import { Chunks } from "./chunks.ts";
import { readFrame } from "./read-frame.ts";
import { isStopWord } from "./stop-word.ts";

/** Commits that are said again when this process begins to speak: the earlier one may have died. */
const REPEATED = 16;

/** Milliseconds between two `alive`, and between two checkpoints. */
const ALIVE_EVERY_MS = 1_000;
const CHECKPOINT_EVERY_MS = 500;

export class Wire {
  readonly #service: Workflows;
  readonly #live: LiveSpace;
  readonly #unlisten: () => void;
  readonly #chunks = new Chunks();
  #attachment: Attachment | null = null;
  #link: string | null = null;
  /** The next commit that goes out. */
  #next = 0;
  #isSending = false;
  readonly #announced = new Map<string, string>();
  #aliveAt = 0;
  #checkpointAt = 0;
  #checkpointed = -1;

  constructor(service: Workflows, live: LiveSpace) {
    this.#service = service;
    this.#live = live;
    this.#unlisten = live.listen((applied) => this.#changed(applied));
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
      service: "workflow",
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
    this.#chunks.forget(now);
    if (this.#attachment?.isLeading() !== true) return;
    const { conversation, space, signer } = this.#live;
    if (conversation.open.size > 0 && now - this.#aliveAt >= ALIVE_EVERY_MS) {
      this.#aliveAt = now;
      this.#say(aliveFrame(conversation.size));
    }
    const isNew = conversation.size !== this.#checkpointed;
    if (isNew && now - this.#checkpointAt >= CHECKPOINT_EVERY_MS) {
      this.#checkpointAt = now;
      this.#checkpointed = conversation.size;
      this.#say(checkpointFrame(signedCheckpoint(conversation, space.origin, signer)));
    }
  }

  #lead(isLeading: boolean): void {
    if (!isLeading) return;
    this.#next = Math.max(0, this.#live.conversation.size - REPEATED);
    this.#checkpointed = -1;
    this.#announced.clear();
    this.#flush();
    for (const id of this.#live.conversation.open) this.#announce(id);
  }

  #changed(applied: Applied): void {
    if (this.#attachment?.isLeading() !== true) return;
    const { node } = applied.change;
    // A halt goes before everything that waits.
    const halt = haltFrame(applied);
    if (halt !== null) this.#say(halt);
    this.#flush();
    this.#announce(node.run);
  }

  /** Commits go out in the order of the log. */
  #flush(): void {
    if (this.#isSending) return;
    this.#isSending = true;
    void this.#sendCommits().finally(() => {
      this.#isSending = false;
    });
  }

  async #sendCommits(): Promise<void> {
    const { conversation, space } = this.#live;
    while (this.#attachment?.isLeading() === true && this.#next < conversation.size) {
      const from = this.#next;
      const entries = await this.#live.entries(from, 64).catch(() => []);
      if (entries.length === 0) return;
      for (const { seq, committed } of entries) {
        const node = conversation.nodes[seq];
        if (node === undefined) return;
        const whole = space.layout === "gated";
        const frame = await commitFrame(this.#live, node, committed, whole).catch(() => null);
        if (frame === null || !(await this.#attachment?.send(JSON.stringify(frame)))) return;
        this.#next = seq + 1;
      }
    }
  }

  /** Tasks and compensations of a run that were not said yet. */
  #announce(id: string): void {
    const run = this.#live.conversation.runs.get(id);
    if (run === undefined) return;
    const tasks = tasksOf(run);
    const compensation = compensateFrame(run);
    const keys = [...tasks.map(({ key }) => key), String(compensation?.key ?? "")];
    const before = new Set((this.#announced.get(id) ?? "").split(" "));
    if (keys.join("") === "") this.#announced.delete(id);
    else this.#announced.set(id, keys.join(" "));
    for (const task of tasks) if (!before.has(task.key)) this.#say(taskFrame(task));
    if (compensation !== null && !before.has(String(compensation.key))) this.#say(compensation);
    const stuck = run.compensations.find(({ status }) => status === "stuck");
    if (run.ownStatus === "rollback_stuck" && stuck !== undefined) {
      this.#service.metrics.rollbacks.inc({ result: "stuck" });
      this.#say(stuckFrame(id, stuck.step));
    }
  }

  #say(frame: Frame): void {
    void this.#attachment?.send(JSON.stringify(frame));
  }

  #heard(token: TokenEvent, metadata: Readonly<Record<string, unknown>>): void {
    const isHuman = token.peerIdentity?.kind === "human" || metadata.human === true;
    if (isHuman && isStopWord(token.data)) {
      void this.#stop(null);
      return;
    }
    if (metadata.workflow !== 1) return;
    const frame = readFrame(token.data);
    if (frame === null) return;
    switch (frame.t) {
      case "stop":
        void this.#stop(frame.run);
        return;
      case "chunk":
        this.#chunks.add(token.streamId, frame, this.#service.now());
        return;
      case "submit":
        void this.#submit(token, frame);
    }
  }

  async #stop(run: string | null): Promise<void> {
    const request = { op: "stop", run, did: null, reason: null, by: "guest" } as const;
    const live = await this.#target();
    if (live === null) return;
    const outcome = await interrupt(live, request, this.#service.now).catch(() => null);
    if (outcome?.kind === "committed") this.#service.metrics.halts.inc();
  }

  /** Where what is said here belongs: with `emit_to`, in another conversation. */
  async #target(): Promise<LiveSpace | null> {
    const { emitTo } = this.#live.space;
    if (emitTo === null) return this.#live;
    const loaded = await this.#service.load(emitTo).catch(() => null);
    return loaded?.live ?? null;
  }

  async #submit(
    token: TokenEvent,
    frame: Extract<NonNullable<ReturnType<typeof readFrame>>, { t: "submit" }>,
  ): Promise<void> {
    const { header, sig, id } = frame;
    const body = frame.chunked
      ? this.#chunks.take(token.streamId, id, this.#service.now())
      : { ok: true as const, bytes: frame.body };
    if (!body.ok) {
      this.#reject(id, body.refusal);
      return;
    }
    const live = await this.#target();
    if (live === null) return;
    if (live.space.access.isClosed) {
      this.#reject(id, refuse("space_closed"));
      return;
    }
    const { members } = live.space.access;
    const account = members.has(token.ownerAccountId) ? token.ownerAccountId : null;
    const given = { header, sig, body: body.bytes, account };
    const end = this.#service.metrics.commitSeconds.startTimer();
    const submitted = await submit(live, given, this.#service.resolve);
    if (submitted.ok) end();
    else this.#reject(submitted.id, submitted.refusal);
  }

  #reject(id: string, refusal: Parameters<typeof errorHash>[0]): void {
    this.#service.metrics.refusals.inc({ error: refusal.code });
    this.#say(rejectFrame(id, errorHash(refusal), refusal.error));
  }
}

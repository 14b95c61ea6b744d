/** The conversation's side: the service's stream, what it says there, and what it takes. */

import type { TokenEvent } from "@ams/client";
import { type Said, SpaceStream } from "@ams/edge";
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

/** Milliseconds between two `alive`. */
const ALIVE_EVERY_MS = 1_000;
/** Commits that are read at a time. */
const PAGE = 64;

export class Wire extends SpaceStream<LiveSpace> {
  readonly #service: Workflows;
  readonly #unlisten: () => void;
  readonly #chunks = new Chunks();
  readonly #announced = new Map<string, string>();
  #aliveAt = 0;

  constructor(service: Workflows, live: LiveSpace) {
    super("workflow", service, live);
    this.#service = service;
    this.#unlisten = live.listen((applied) => this.#changed(applied));
  }

  override async close(): Promise<void> {
    this.#unlisten();
    await super.close();
  }

  protected override led(): void {
    this.#announced.clear();
    for (const id of this.live.conversation.open) this.#announce(id);
  }

  protected override timed(now: number): void {
    this.#chunks.forget(now);
    const { open, size } = this.live.conversation;
    if (!this.isLeading || open.size === 0 || now - this.#aliveAt < ALIVE_EVERY_MS) return;
    this.#aliveAt = now;
    this.say(aliveFrame(size));
  }

  protected override async *saidFrom(from: number): AsyncIterable<Said> {
    const { conversation, space } = this.live;
    const whole = space.layout === "gated";
    for (const { seq, committed } of await this.live.entries(from, PAGE)) {
      const node = conversation.nodes[seq];
      if (node === undefined) return;
      const frame = await commitFrame(this.live, node, committed, whole);
      yield { frames: [JSON.stringify(frame)], next: seq + 1 };
    }
  }

  protected override checkpoint(): Frame {
    const { conversation, space, signer } = this.live;
    return checkpointFrame(signedCheckpoint(conversation, space.origin, signer));
  }

  #changed(applied: Applied): void {
    if (!this.isLeading) return;
    const { node } = applied.change;
    // A halt goes before everything that waits.
    const halt = haltFrame(applied);
    if (halt !== null) this.say(halt);
    this.flush();
    this.#announce(node.run);
  }

  /** Tasks and compensations of a run that were not said yet. */
  #announce(id: string): void {
    const run = this.live.conversation.runs.get(id);
    if (run === undefined) return;
    const tasks = tasksOf(run);
    const compensation = compensateFrame(run);
    const keys = [...tasks.map(({ key }) => key), String(compensation?.key ?? "")];
    const before = new Set((this.#announced.get(id) ?? "").split(" "));
    if (keys.join("") === "") this.#announced.delete(id);
    else this.#announced.set(id, keys.join(" "));
    for (const task of tasks) if (!before.has(task.key)) this.say(taskFrame(task));
    if (compensation !== null && !before.has(String(compensation.key))) this.say(compensation);
    const stuck = run.compensations.find(({ status }) => status === "stuck");
    if (run.ownStatus === "rollback_stuck" && stuck !== undefined) {
      this.#service.metrics.rollbacks.inc({ result: "stuck" });
      this.say(stuckFrame(id, stuck.step));
    }
  }

  protected override heard(token: TokenEvent, metadata: Readonly<Record<string, unknown>>): void {
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
    const { emitTo } = this.live.space;
    if (emitTo === null) return this.live;
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
    this.say(rejectFrame(id, errorHash(refusal), refusal.error));
  }
}

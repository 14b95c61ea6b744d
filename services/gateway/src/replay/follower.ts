/**
 * A reader that asked for kept frames (§7.3). It is served from the log, page by page and no faster
 * than it reads, until there is nothing more; then from the conversation's topics, with nothing
 * missed and nothing doubled in between:
 *
 * For the last page it holds what is delivered here from before the reading on. A mark that was
 * published after the reading has come round, so all that was published before is known here; what
 * the page holds as well is left out by its seq. While something is missing here that came before
 * the mark, it stays with the log: it would hear that twice.
 */
import { randomUUID } from "node:crypto";
import {
  after,
  comparePositions,
  formatCursor,
  isRemoved,
  type Page,
  type Position,
} from "@ams/log";
import {
  type AccountId,
  type CatchUp,
  type CloseReason,
  encodeCursor,
  encodeLive,
  type StreamId,
} from "@ams/protocol";
import type { Socket } from "../accept/sockets.ts";
import type { LiveStream } from "../conversation/live-stream.ts";
import type { ConversationLog } from "./conversation-log.ts";
import type { LastFrames } from "./find-last.ts";
import { HeldForFollower } from "./held.ts";
import { PageReader } from "./page-reader.ts";
import { bytesOf, type Turns } from "./turns.ts";

/** Milliseconds until a mark must have come round: the bus is away or far behind. */
const MARK_WAIT_MS = 5_000;

/** Milliseconds without a byte read after which a reader is given up, as any slow one (§5.7). */
const STALLED_MS = 10_000;

/** Parts of the backpressure limit that a page, and what is held, may fill. */
const SHARE = 4;

/**
 * Batches of the first page; later ones are as many as make up `PAGE_BYTES`, which are taken and
 * sent in a few milliseconds: nothing else is done meanwhile.
 */
const FIRST_ENTRIES = 64;
const ENTRIES_MAX = 2_048;
const ENTRIES_MIN = 8;
const PAGE_BYTES = 65_536;
/** Pages that the last one may be as large as: what is emitted meanwhile makes it grow. */
const LAST_PAGES = 4;

/**
 * Milliseconds between a wake and the next reading of a connection that is served from the log, and
 * after which it looks without one: a bus that is away wakes nobody.
 */
const GATHER_MS = 20;
const LOOK_MS = 2_000;

/** What a reader asked for. */
export type FollowTerms = {
  /** The place after which it reads, or how many of the last frames it wants. */
  readonly from: Position | number;
  /** The end of the log when it joined. */
  readonly end: Position;
  readonly mode: CatchUp;
};

export type FollowerParts = {
  readonly kept: ConversationLog;
  readonly last: LastFrames;
  readonly turns: Turns;
  /** Whose turns it takes: the account that owns the conversation. */
  readonly account: AccountId;
  readonly socket: Socket;
  readonly wants: (stream: StreamId) => boolean;
  /** So many bytes of the log were taken for it. */
  readonly replayed: (bytes: number) => void;
  /** Unsent bytes that the gateway keeps for a reader. */
  readonly limitBytes: number;
  /** Sends what was emitted here until now. */
  readonly flush: () => void;
  readonly publishMark: (mark: string) => Promise<boolean>;
  /** The streams that are live. */
  readonly streams: () => Iterable<LiveStream>;
  /** Puts the socket on its topics. */
  readonly goLive: () => void;
  readonly close: (reason: CloseReason) => void;
};

export class Follower {
  readonly #parts: FollowerParts;
  readonly #terms: FollowTerms;
  readonly #reader: PageReader;
  readonly #shareBytes: number;
  #position: Position;
  #entries = FIRST_ENTRIES;
  #isComplete = true;
  /** Whether it asked for a number of frames: what was removed before them is not missed. */
  #isCounted = false;
  #isLive = false;
  #held: HeldForFollower | null = null;
  #awaitedMark: { readonly mark: string; readonly heard: () => void } | null = null;
  /** Resolves a wait for space or for more to read. */
  #wakeUp: (() => void) | null = null;
  #isStopped = false;
  #hasGrown = false;

  constructor(parts: FollowerParts, terms: FollowTerms) {
    this.#parts = parts;
    this.#terms = terms;
    this.#position = typeof terms.from === "number" ? terms.end : terms.from;
    this.#shareBytes = Math.floor(parts.limitBytes / SHARE);
    this.#reader = new PageReader({
      tag: parts.kept.tag,
      wants: parts.wants,
      mode: terms.mode,
    });
  }

  /** Serves the reader until it is live or gone. Rejects when the log can't be read. */
  async run(): Promise<void> {
    const { from, end } = this.#terms;
    if (typeof from === "number") {
      const found = await this.#parts.last.find(from, this.#parts.wants, end);
      this.#position = found.from;
      this.#isComplete = !found.isShort;
      this.#isCounted = true;
    }
    if (this.#terms.mode === "log") return await this.#followLog();
    for (let last = true; !this.#isStopped; ) {
      await this.#space();
      if (this.#isStopped) return;
      if (last) {
        if (await this.#takeLastPage()) return;
        last = false;
        continue;
      }
      const page = await this.#read();
      await this.#sendPage(page);
      last = page.isEnd;
    }
  }

  /** A frame of a stream, or one for everybody, is delivered here. */
  offer(stream: StreamId | null, frame: Uint8Array | string): void {
    if (stream !== null && (this.#held === null || !this.#parts.wants(stream))) return;
    if (this.#held !== null) this.#held.keep(frame);
    // Who is here is reported at once: replayed frames are no part of that (§7.3.3).
    else if (typeof frame === "string") this.#parts.socket.send(frame);
  }

  heard(mark: string): void {
    if (this.#awaitedMark?.mark === mark) this.#awaitedMark.heard();
  }

  /** There is more to read. */
  grown(): void {
    this.#hasGrown = true;
    if (this.#isLive) this.#wakeUp?.();
  }

  /** The socket has read something. */
  drained(): void {
    if (!this.#isLive || this.#terms.mode === "log") this.#wakeUp?.();
  }

  stop(): void {
    this.#isStopped = true;
    this.#held = null;
    this.#wakeUp?.();
    this.#awaitedMark?.heard();
  }

  /** The last page, and with it the change to live; false when it was not the last one. */
  async #takeLastPage(): Promise<boolean> {
    const { kept, flush, publishMark, turns, account } = this.#parts;
    await turns.wait(account);
    if (this.#isStopped) return true;
    flush();
    const held = new HeldForFollower(this.#shareBytes);
    this.#held = held;
    const mark = randomUUID();
    const heard = new Promise<void>((resolve) => {
      this.#awaitedMark = { mark, heard: resolve };
    });
    const reading = kept.log.readAfter(kept.name, this.#position, LAST_PAGES * this.#entries);
    const taken = publishMark(mark);
    const page = await reading;
    if (this.#isStopped) return true;
    const bytes = bytesOf(page);
    const fits = page.isEnd && bytes <= this.#shareBytes;
    if (fits && (!(await taken) || !(await within(MARK_WAIT_MS, heard)))) {
      throw new Error("the mark did not come round");
    }
    this.#awaitedMark = null;
    await turns.wait(account, true);
    if (this.#isStopped) return true;
    if (!fits || held.isFull || kept.hasHole) {
      this.#held = null;
      this.#passLifecycle(held);
      await this.#sendPage(page);
      if (kept.hasHole) await sleep(GATHER_MS);
      return false;
    }
    this.#goLive(page, held);
    return true;
  }

  #goLive(page: Page, held: HeldForFollower): void {
    const { socket, goLive, flush, streams } = this.#parts;
    flush();
    this.#noteRemoved(page);
    const frames = [...this.#take(page), ...this.#reader.end()];
    if (!this.#isComplete) frames.push(...this.#reader.gapsOf(this.#parts.streams()));
    frames.push(encodeLive(this.#cursor(), this.#isComplete));
    for (const frame of held.take()) frames.push(...this.#reader.live(frame));
    frames.push(...this.#reader.tailsOf(streams()));
    this.#held = null;
    this.#isLive = true;
    socket.sendAll(frames);
    goLive();
  }

  /** For good: the next page whenever there may be one. */
  async #followLog(): Promise<void> {
    while (!this.#isStopped) {
      await this.#space();
      this.#hasGrown = false;
      const page = await this.#read();
      await this.#sendPage(page);
      if (this.#isStopped) return;
      if (!page.isEnd) continue;
      if (!this.#isLive) {
        const gaps = this.#isComplete ? [] : this.#reader.gapsOf(this.#parts.streams());
        this.#parts.socket.sendAll([...gaps, encodeLive(this.#cursor(), this.#isComplete)]);
        this.#reader.isLive = true;
        this.#isLive = true;
      }
      if (!this.#hasGrown) await this.#woken(LOOK_MS);
      if (this.#isStopped) return;
      await sleep(GATHER_MS);
    }
  }

  async #read(): Promise<Page> {
    const { kept, turns, account } = this.#parts;
    await turns.wait(account);
    const position = this.#position;
    return await turns.page(kept.name.channel, position, this.#entries, () =>
      kept.log.readAfter(kept.name, position, this.#entries),
    );
  }

  /** The frames of a page; the position is then behind them. */
  #take(page: Page): (string | Uint8Array)[] {
    const frames = this.#reader.take(page, this.#position);
    const last = page.entries.at(-1);
    if (last !== undefined) this.#position = after(last);
    const bytes = bytesOf(page);
    this.#parts.turns.spend(bytes);
    this.#parts.replayed(bytes);
    const fitting = Math.floor((page.entries.length * PAGE_BYTES) / (bytes + 1));
    if (page.entries.length > 0)
      this.#entries = Math.max(ENTRIES_MIN, Math.min(ENTRIES_MAX, fitting));
    return frames;
  }

  async #sendPage(page: Page): Promise<void> {
    if (this.#isStopped) return;
    await this.#parts.turns.wait(this.#parts.account, true);
    if (this.#isStopped) return;
    this.#noteRemoved(page);
    const frames = this.#take(page);
    if (this.#terms.mode !== "log" && page.entries.length > 0) {
      frames.push(...this.#reader.end(), encodeCursor(this.#cursor()));
    }
    let share: (string | Uint8Array)[] = [];
    let bytes = 0;
    for (const frame of frames) {
      share.push(frame);
      bytes += frame.length;
      if (bytes < this.#shareBytes) continue;
      this.#parts.socket.sendAll(share);
      share = [];
      bytes = 0;
      await this.#space();
      if (this.#isStopped) return;
    }
    if (share.length > 0) this.#parts.socket.sendAll(share);
  }

  #noteRemoved(page: Page): void {
    const isFirst = this.#isCounted;
    this.#isCounted = false;
    if (isFirst || !isRemoved(this.#position, page.removedTo)) return;
    this.#isComplete = false;
    this.#reader.isComplete = false;
  }

  /** What everybody must hear was held with the rest: it goes out, though more pages follow. */
  #passLifecycle(held: HeldForFollower): void {
    const frames = held.take().filter((frame) => typeof frame === "string");
    if (frames.length > 0) this.#parts.socket.sendAll(frames);
  }

  #cursor(): string {
    const { end } = this.#terms;
    const isBehind = comparePositions(this.#position, end) < 0;
    // Between the two there was nothing, or it has been read.
    return formatCursor(this.#parts.kept.tag, isBehind ? end : this.#position);
  }

  /**
   * Resolves once the socket has read most of what it was sent: what waits is carried to many
   * readers in one turn of the event loop.
   */
  async #space(): Promise<void> {
    const { socket, close } = this.#parts;
    let buffered = socket.buffered();
    while (!this.#isStopped && buffered > Math.min(this.#shareBytes, PAGE_BYTES)) {
      await this.#woken(STALLED_MS);
      const now = socket.buffered();
      if (!this.#isStopped && now >= buffered) close("subscriber_backpressure");
      buffered = now;
    }
  }

  #woken(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#wakeUp = null;
        resolve();
      };
      const timer = setTimeout(done, ms);
      this.#wakeUp = done;
    });
  }
}

/** False when it takes longer. */
async function within(ms: number, promise: Promise<void>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), ms);
  });
  const inTime = await Promise.race([promise.then(() => true), late]);
  clearTimeout(timer);
  return inTime;
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

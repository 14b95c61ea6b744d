/**
 * What is older than the window of a conversation. It is read from the log by a subscriber of its
 * own (§7.3.5), in chunks that readers share; a page costs the same at any place of any log.
 */
import { LRUCache } from "lru-cache";
import { follow, inTime } from "./follow.ts";
import { type Entry, entriesAfter, withHolesFirst } from "./window.ts";

/** Frames of a chunk, and their characters. */
const CHUNK_FRAMES = 4_096;
const CHUNK_CHARACTERS = 1_048_576;

/** Chunks that are at hand, and for how many milliseconds: readers go from one to the next. */
const CHUNKS_MAX = 4;
const CHUNK_MS = 10_000;

/** Subscribers that read a conversation's log at a time; further readers wait. */
const READS_MAX = 4;

/** Frames behind `from` and up to `to`, all that the log has of them. */
type Chunk = { readonly from: string; readonly to: string; readonly entries: readonly Entry[] };

export class Older {
  readonly #chunks = new LRUCache<string, Chunk>({
    max: CHUNKS_MAX,
    ttl: CHUNK_MS,
    ttlAutopurge: true,
  });
  readonly #reads = new Map<string, Promise<Chunk>>();

  /** Frames behind a place, which is before `start` of the window; none when there are none. */
  async after(
    link: string,
    since: string,
    start: string,
    limit: number,
    charactersMax: number,
  ): Promise<{ readonly entries: readonly Entry[]; readonly to: string }> {
    const { entries, to } = this.#known(since) ?? (await this.#read(link, since, start));
    const page = entriesAfter(entries, since, limit, charactersMax);
    return { entries: page, to: page.at(-1)?.cursor ?? to };
  }

  #known(since: string): Chunk | null {
    for (const chunk of this.#chunks.values()) {
      if (chunk.from > since || since >= chunk.to) continue;
      return this.#chunks.get(chunk.from) ?? null;
    }
    return null;
  }

  async #read(link: string, since: string, start: string): Promise<Chunk> {
    while (this.#reads.size >= READS_MAX && !this.#reads.has(since)) {
      await Promise.race([...this.#reads.values()]).catch(() => undefined);
      const known = this.#known(since);
      if (known !== null) return known;
    }
    // What fails may be the other reader's link.
    const shared = await this.#reads.get(since)?.catch(() => null);
    if (shared !== undefined && shared !== null) return shared;
    const reading = readChunk(link, since, start)
      .then((chunk) => {
        this.#chunks.set(since, chunk);
        return chunk;
      })
      .finally(() => {
        if (this.#reads.get(since) === reading) this.#reads.delete(since);
      });
    this.#reads.set(since, reading);
    return await reading;
  }
}

/** Up to a frame behind `until`, which has the holes before it, or to the end of the log. */
async function readChunk(link: string, since: string, until: string): Promise<Chunk> {
  const entries: Entry[] = [];
  let gaps: readonly string[] = [];
  let hole: string | null = null;
  let characters = 0;
  let to = until;
  let isFull = false;
  let isDone: () => void = () => undefined;
  const done = new Promise<void>((resolve) => {
    isDone = resolve;
  });
  const connection = await follow(link, since, (read) => {
    if (isFull) return;
    if (read.kind === "gap") gaps = [...gaps, read.json];
    if (read.kind === "entry" && read.entry.cursor > (entries.at(-1)?.cursor ?? since)) {
      gaps = [];
      entries.push(read.entry);
      characters += read.entry.json.length;
      isFull =
        entries.length >= CHUNK_FRAMES ||
        characters >= CHUNK_CHARACTERS ||
        read.entry.cursor >= until;
      if (isFull) to = read.entry.cursor;
    }
    if (read.kind === "live") {
      isFull = true;
      const last = entries.at(-1)?.cursor ?? since;
      hole = read.hole;
      to = last > until ? last : until;
      const isTrailing = gaps.length > 0 || (hole !== null && entries.length === 0);
      if (isTrailing && to > last) entries.push(holesAt(to, gaps));
    }
    if (isFull) isDone();
  });
  try {
    await inTime(done, connection);
  } finally {
    await connection.close();
  }
  return { from: since, to, entries: withHolesFirst(entries, hole) };
}

/** Holes that no frame follows. */
function holesAt(cursor: string, gaps: readonly string[]): Entry {
  return { cursor, json: "", gaps, streamName: "", epoch: 0, n: 0, data: null, isEnd: false };
}

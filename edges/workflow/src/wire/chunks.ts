/** Bodies that arrive in pieces, in any order, doubled or not. */
import { type Refusal, refuse } from "@ams/workflow-rules";
import type { ChunkFrame } from "./read-frame.ts";

/** Milliseconds within which a body has to be complete. */
const COMPLETE_MS = 10_000;
/** Bodies under way of one stream, and streams that have some. */
const UNDER_WAY_MAX = 4;
const STREAMS_MAX = 10_000;

type UnderWay = {
  readonly n: number;
  readonly since: number;
  readonly pieces: Map<number, Uint8Array>;
};

type Taken =
  | { readonly ok: true; readonly bytes: Uint8Array }
  | { readonly ok: false; readonly refusal: Refusal };

export class Chunks {
  readonly #streams = new Map<string, Map<string, UnderWay>>();

  /** A piece beyond the limits is dropped: the submit then says that it is missing. */
  add(stream: string, { id, i, n, data }: ChunkFrame, now: number): void {
    const bodies = this.#streams.get(stream) ?? new Map<string, UnderWay>();
    const body = bodies.get(id) ?? { n, since: now, pieces: new Map<number, Uint8Array>() };
    const isNew = !bodies.has(id);
    if (isNew && (bodies.size >= UNDER_WAY_MAX || this.#streams.size >= STREAMS_MAX)) return;
    if (body.n !== n || body.pieces.has(i)) return;
    body.pieces.set(i, data);
    bodies.set(id, body);
    this.#streams.set(stream, bodies);
  }

  take(stream: string, id: string, now: number): Taken {
    this.forget(now);
    const bodies = this.#streams.get(stream);
    const body = bodies?.get(id);
    if (body === undefined)
      return { ok: false, refusal: refuse("chunks_missing", { missing: [] }) };
    const order = Array.from({ length: body.n }, (_, index) => index);
    const missing = order.filter((index) => !body.pieces.has(index));
    if (missing.length > 0) return { ok: false, refusal: refuse("chunks_missing", { missing }) };
    bodies?.delete(id);
    if (bodies?.size === 0) this.#streams.delete(stream);
    const pieces = order.map((index) => body.pieces.get(index) ?? new Uint8Array());
    return { ok: true, bytes: Buffer.concat(pieces) };
  }

  forget(now: number): void {
    for (const [stream, bodies] of this.#streams) {
      for (const [id, { since }] of bodies) if (now - since > COMPLETE_MS) bodies.delete(id);
      if (bodies.size === 0) this.#streams.delete(stream);
    }
  }
}

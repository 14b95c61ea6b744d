/**
 * Whether a stream is surely held by its session here: asked before each frame, in the turn in
 * which it is emitted (§3.5.1).
 */
import type { GatewayDeps } from "../deps.ts";
import type { CatchUp } from "./catch-up.ts";
import type { LiveStream } from "./live-stream.ts";

export class Hold {
  readonly #deps: Pick<GatewayDeps, "holds">;
  readonly #catchUp: CatchUp;

  constructor(deps: Pick<GatewayDeps, "holds">, catchUp: CatchUp) {
    this.#deps = deps;
    this.#catchUp = catchUp;
  }

  /** By the roster, by the lease, and by what the channel has brought after a standstill. */
  isSure(stream: LiveStream): boolean {
    const nowMs = performance.now();
    return this.hasLease(stream, nowMs) && this.#catchUp.isCurrent(nowMs);
  }

  /** The same, but for what the channel has still to bring after a standstill. */
  hasLease({ claim, entry }: LiveStream, nowMs = performance.now()): boolean {
    return claim === "held" && this.#deps.holds(entry.gateway, nowMs);
  }
}

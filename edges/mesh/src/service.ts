/** The mesh service of one process: a space's fold is a mesh, and its ledger is audited. */
import { type Space, SpaceProcess, type SpaceProcessOptions } from "@ams/edge";
import type { Journals } from "@ams/journal";
import { verifyLedger } from "@ams/mesh-rules";
import type { MeshConfig } from "./config.ts";
import { createMetrics, type Metrics } from "./metrics.ts";
import { LiveMesh } from "./space/live-mesh.ts";
import { Wire } from "./wire/wire.ts";

export type MeshesOptions = SpaceProcessOptions<MeshConfig>;

/** Meshes in memory. */
const LOADED_MAX = 1_000;
/** Milliseconds between two audits. */
const AUDIT_EVERY_MS = 60_000;

export class Meshes extends SpaceProcess<MeshConfig, LiveMesh, Wire> {
  readonly metrics: Metrics;

  constructor(options: MeshesOptions) {
    super("mesh", LOADED_MAX, options);
    this.metrics = createMetrics(options.registry, () => this.#openDelegations());
  }

  protected override openLive(space: Space, journals: Journals): LiveMesh {
    const { nonceWindow, appealS } = this.config;
    return new LiveMesh(space, journals, { nonceWindow, appealS, now: this.now });
  }

  protected override openWire(live: LiveMesh): Wire {
    return new Wire(this, live);
  }

  protected override opened(): void {
    this.every(AUDIT_EVERY_MS, () => this.#audit());
  }

  protected override lookAtTime(live: LiveMesh): void {
    live.tick().catch((error: unknown) => this.logWait("tick_failed", error));
  }

  /** The invariants of each ledger (M12.3). */
  #audit(): void {
    for (const live of this.lives()) {
      const look = live.read(() => verifyLedger(live.state));
      look
        .then(({ ok }) => {
          if (ok !== true) this.#broken();
        })
        .catch((error: unknown) => this.logWait("audit_failed", error));
    }
  }

  #broken(): void {
    this.metrics.broken.inc();
    this.parts.log.error({ event: "invariant_broken" }, "a ledger is not what it has to be");
  }

  #openDelegations(): number {
    let open = 0;
    for (const { state } of this.lives()) open += state.openDelegations();
    return open;
  }
}

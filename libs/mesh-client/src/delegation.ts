/** A delegation as its principal sees it. */
import { PRIME } from "@ams/mesh-rules";
import { isJsonObject, type Json, type JsonObject } from "@ams/provenance";
import type { MeshFrame } from "./frames.ts";
import type { MeshClient, Receipt } from "./mesh.ts";

export class DelegationHandle {
  readonly id: string;
  readonly #mesh: MeshClient;

  constructor(mesh: MeshClient, id: string) {
    this.#mesh = mesh;
    this.id = id;
  }

  async state(): Promise<JsonObject> {
    return await this.#mesh.get(`/delegations/${this.id}`);
  }

  async revoke(reason = "no_fault"): Promise<Receipt> {
    const payload = { revokes: this.id, reason };
    const intent = { action: "amp/revoke", params: {} };
    return await this.#mesh.send({
      kind: "delegation",
      to: PRIME,
      parent: this.id,
      intent,
      payload,
    });
  }

  /** The proof of a milestone's outcome; null before there is one. */
  async proof(milestone: string): Promise<JsonObject | null> {
    const { milestones } = await this.state();
    const items: readonly Json[] = Array.isArray(milestones) ? milestones : [];
    const found = items.filter(isJsonObject).find(({ on }) => on === milestone);
    const outcome = typeof found?.outcome === "string" ? found.outcome : null;
    return outcome === null ? null : await this.#mesh.get(`/poo/${outcome}`);
  }

  /** funded, accepted, verifying, released, … until it is final, or `signal`. */
  async *events(signal: AbortSignal, from = 0): AsyncIterable<MeshFrame> {
    for await (const frame of this.#mesh.events(from, signal)) {
      if (frame.t !== "event" || frame.delegation !== this.id) continue;
      yield frame;
      const isFinal = ["closed", "declined", "expired", "revoked"].includes(String(frame.state));
      if (isFinal && frame.milestone === undefined) return;
    }
  }
}

/** Receipts (M3.2): what the service says of an envelope that it took. */
import { type JsonObject, type SeedSigner, tagged, writeSignature } from "@ams/provenance";
import { reject } from "./errors.ts";
import type { MeshState, Node } from "./state.ts";

/** The log right after the entry; the entry has to be acknowledged. */
export function receiptOf(state: MeshState, node: Node): JsonObject {
  const { envelope, seq, at } = node;
  const { id, digest, zkml } = envelope;
  const size = seq + 1;
  const fallback = { requested: true, verified: false, fallback: "attestors" };
  return {
    ...{ v: 1, mesh: state.settings.mesh, id, digest, status: "accepted", seq, at },
    log: { size, root: state.root(size) },
    ...(zkml ? { zkml: fallback } : {}),
  };
}

export function signReceipt(receipt: JsonObject, signer: SeedSigner): string {
  return writeSignature(signer.signNow(tagged("ams-mesh", "receipt", receipt)));
}

export function signedReceipt(state: MeshState, id: string, signer: SeedSigner) {
  const receipt = receiptOf(state, state.node(id) ?? reject("not_found"));
  return { receipt, sig: signReceipt(receipt, signer) };
}

/** The log as a transparency log: key, checkpoint, tiles, proofs (M10.3, P4). */
import { answer, answerBytes, answerTile } from "@ams/edge";
import { leafData, leafOf, PRIME, reject } from "@ams/mesh-rules";
import { consistencyProof, inclusionProof, toHex } from "@ams/provenance";
import { signedCheckpoint } from "../space/frames.ts";
import { type Context, get, type Row, wholeOf } from "./route.ts";

function getKey({ live }: Context): Response {
  return answer(200, { did: live.signer.did, prime: PRIME, origin: live.space.origin });
}

async function getCheckpoint({ live }: Context): Promise<Response> {
  const note = await live.read(() => signedCheckpoint(live));
  return answerBytes(note, "text/plain; charset=utf-8");
}

function getTile({ live, segments }: Context): Response {
  const { tree, leaves } = live.state;
  const data = (from: number, to: number) =>
    leaves.slice(from, to).map(({ kind, digest }) => leafData(kind, digest));
  return answerTile(tree, segments.slice(1).join("/"), data) ?? reject("not_found");
}

async function getInclusion({ live, url }: Context): Promise<Response> {
  const { state } = live;
  return await live.read(() => {
    const id = url.searchParams.get("id");
    const { tree } = state;
    const size = wholeOf(url, "size", tree.size, tree.size);
    const node = id === null ? null : (state.node(id) ?? reject("not_found"));
    const seq = node?.seq ?? wholeOf(url, "seq", -1, size - 1);
    const leaf = state.leaves.at(seq);
    if (leaf === undefined || seq >= size) return reject("not_found");
    const proof = inclusionProof(tree, seq, size).map(toHex);
    const hash = toHex(leafOf(leaf.kind, leaf.digest));
    return answer(200, { seq, size, root: state.root(size), leaf: hash, proof });
  });
}

async function getConsistency({ live, url }: Context): Promise<Response> {
  const { tree } = live.state;
  return await live.read(() => {
    const to = wholeOf(url, "to", tree.size, tree.size);
    const from = wholeOf(url, "from", 0, to);
    return answer(200, { from, to, proof: consistencyProof(tree, from, to).map(toHex) });
  });
}

export const logRoutes: readonly Row[] = [
  { ...get(["log", "key"], getKey), isPublic: true },
  { ...get(["log", "checkpoint"], getCheckpoint), isPublic: true },
  { ...get(["log", "tile", "**"], getTile), isPublic: true },
  get(["log", "proof", "inclusion"], getInclusion),
  get(["log", "proof", "consistency"], getConsistency),
];

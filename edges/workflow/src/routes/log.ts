/** The log as a transparency log: key, head, checkpoint, tiles, proofs (W9.3, P4). */
import { answer, answerBytes, answerTile } from "@ams/edge";
import { consistencyProof, inclusionProof, toHex } from "@ams/provenance";
import { leafData, leafOf } from "@ams/workflow-rules";
import { reject } from "../answers.ts";
import { signedCheckpoint } from "../views.ts";
import { type Context, get, type Row, wholeOf } from "./route.ts";

function getKey({ live }: Context): Response {
  return answer(200, { did: live.signer.did, origin: live.space.origin });
}

function getHead({ live }: Context): Response {
  const { conversation } = live;
  return answer(200, { size: conversation.size, root: conversation.root(), at: conversation.at });
}

function getCheckpoint({ live }: Context): Response {
  const { conversation, space, signer } = live;
  const note = signedCheckpoint(conversation, space.origin, signer);
  return answerBytes(note, "text/plain; charset=utf-8");
}

function getTile({ live, segments }: Context): Response {
  const { tree, nodes } = live.conversation;
  const leaves = (from: number, to: number) =>
    nodes.slice(from, to).map(({ msg, at }) => leafData(msg, at));
  return answerTile(tree, segments.slice(1).join("/"), leaves) ?? reject("not_found");
}

function getInclusion({ live, url }: Context): Response {
  const { conversation } = live;
  const size = wholeOf(url, "size", conversation.size, conversation.size);
  const index = wholeOf(url, "index", -1, size - 1);
  const node = conversation.nodes[index];
  if (node === undefined) return reject("invalid_request", { field: "index" });
  const proof = inclusionProof(conversation.tree, index, size).map(toHex);
  const leaf = toHex(leafOf(node.msg, node.at));
  return answer(200, { index, size, root: conversation.root(size), leaf, proof });
}

function getConsistency({ live, url }: Context): Response {
  const { conversation } = live;
  const to = wholeOf(url, "to", conversation.size, conversation.size);
  const from = wholeOf(url, "from", -1, to);
  if (from < 0) return reject("invalid_request", { field: "from" });
  const proof = consistencyProof(conversation.tree, from, to).map(toHex);
  return answer(200, { from, to, proof });
}

export const logRoutes: readonly Row[] = [
  { ...get(["log", "key"], getKey), isPublic: true },
  { ...get(["log", "checkpoint"], getCheckpoint), isPublic: true },
  { ...get(["log", "tile", "**"], getTile), isPublic: true },
  get(["log", "head"], getHead),
  get(["log", "proof", "inclusion"], getInclusion),
  get(["log", "proof", "consistency"], getConsistency),
];

/** The log as a transparency log: key, head, checkpoint, tiles, proofs (W9.3, P4). */
import {
  consistencyProof,
  entryBundle,
  inclusionProof,
  parseTilePath,
  TILE_WIDTH,
  tileBytes,
  tileWidthAt,
  toHex,
} from "@ams/provenance";
import { leafData, leafOf } from "@ams/workflow-rules";
import { answer, answerBytes, reject } from "../answers.ts";
import type { Row } from "../app.ts";
import { signedCheckpoint } from "../views.ts";
import { type Context, wholeOf } from "./route.ts";

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
  return answerBytes(Buffer.from(note), "text/plain; charset=utf-8");
}

function getTile({ live, segments }: Context): Response {
  const { conversation } = live;
  const tile = parseTilePath(segments.slice(1).join("/")) ?? reject("not_found");
  const caching: Record<string, string> =
    tile.width === TILE_WIDTH ? { "cache-control": "public, max-age=31536000, immutable" } : {};
  if (tile.level !== "entries") {
    const bytes = tileBytes(conversation.tree, tile) ?? reject("not_found");
    return answerBytes(bytes, "application/octet-stream", caching);
  }
  if (tileWidthAt(tile, conversation.size) < tile.width) return reject("not_found");
  const from = tile.index * TILE_WIDTH;
  const nodes = conversation.nodes.slice(from, from + tile.width);
  const bundle = entryBundle(nodes.map(({ msg, at }) => leafData(msg, at)));
  return answerBytes(bundle, "application/octet-stream", caching);
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

const get = (path: readonly string[], handle: Row["handle"]) => ({
  methods: ["GET"],
  path,
  handle,
});

export const logRoutes: readonly Row[] = [
  { ...get(["log", "key"], getKey), isPublic: true },
  { ...get(["log", "checkpoint"], getCheckpoint), isPublic: true },
  { ...get(["log", "tile", "**"], getTile), isPublic: true },
  { ...get(["log", "head"], getHead), isOpenToLink: true },
  { ...get(["log", "proof", "inclusion"], getInclusion), isOpenToLink: true },
  { ...get(["log", "proof", "consistency"], getConsistency), isOpenToLink: true },
];

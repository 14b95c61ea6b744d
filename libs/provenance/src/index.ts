/**
 * Canonical JSON, keys, signatures, DIDs and Merkle logs, without I/O. It runs in browsers too,
 * where `#crypto` is another file.
 */
export { sha256 } from "#crypto";
export {
  concat,
  equalBytes,
  fromBase64,
  fromHex,
  toBase64,
  toHex,
  u16,
  u64,
  utf8,
} from "./bytes.ts";
export { canonical, canonicalBytes } from "./canonical.ts";
export {
  DID_BYTES_MAX,
  type Did,
  type DidDocument,
  type DidFault,
  parseDid,
  type VerificationMethod,
} from "./did.ts";
export {
  decodeMultibaseKey,
  encodeDidKey,
  encodeMultibaseKey,
  resolveDidKey,
} from "./did-key.ts";
export { didW7Alias, isDidW7 } from "./did-w7.ts";
export {
  DID_WEB_BYTES_MAX,
  DID_WEB_FAILURE_KEPT_MS,
  DID_WEB_KEPT_MS,
  DID_WEB_TIMEOUT_MS,
  type DidWebPlace,
  didWebPlace,
  readDidDocument,
} from "./did-web.ts";
export { isJsonObject, type Json, type JsonObject } from "./json.ts";
export { JSON_DEPTH_MAX, JSON_MEMBERS_MAX } from "./json-reader.ts";
export { type KeyFault, type PublicKey, type PublicKeyRead, readPublicKey } from "./keys.ts";
export {
  type Checkpoint,
  checkpointText,
  isSignedBy,
  type NoteSignature,
  noteKeyId,
  noteVerifierKey,
  readCheckpoint,
  type SignedCheckpoint,
  signatureLine,
  writeCheckpoint,
} from "./note.ts";
export {
  type Parsed,
  type ParseFault,
  type ParseLimits,
  parseStrict,
  parseStrictText,
} from "./parse-strict.ts";
export {
  consistencyProof,
  inclusionProof,
  verifyConsistency,
  verifyInclusion,
} from "./proofs.ts";
export { isPublicAddress } from "./public-address.ts";
export {
  hashTagged,
  readSignature,
  type SeedSigner,
  type Signer,
  signerFromSeed,
  tagged,
  verify,
  writeSignature,
} from "./sign.ts";
export {
  entryBundle,
  parseTilePath,
  TILE_WIDTH,
  type Tile,
  tileBytes,
  tilePath,
  tileWidthAt,
} from "./tiles.ts";
export { emptyRoot, Frontier, leafHash, nodeHash } from "./tree.ts";
export { TreeHashes } from "./tree-hashes.ts";

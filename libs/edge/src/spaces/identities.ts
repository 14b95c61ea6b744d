/** Keys of DIDs: did:key always, did:web where it is switched on. */
import { lookup } from "node:dns/promises";
import { request } from "node:https";
import {
  DID_WEB_BYTES_MAX,
  DID_WEB_FAILURE_KEPT_MS,
  DID_WEB_KEPT_MS,
  DID_WEB_TIMEOUT_MS,
  type DidFault,
  type DidWebPlace,
  decodeMultibaseKey,
  didWebPlace,
  isPublicAddress,
  type KeyFault,
  type PublicKey,
  parseDid,
  parseStrict,
  readDidDocument,
  resolveDidKey,
} from "@ams/provenance";
import { LRUCache } from "lru-cache";

export type IdentityFault = KeyFault | Exclude<DidFault, "did_unavailable">;

export type Resolved =
  | { readonly ok: true; readonly keys: readonly PublicKey[] }
  | { readonly ok: false; readonly code: IdentityFault };

export type Resolve = (did: string) => Promise<Resolved>;

/** Documents that are kept. */
const KEPT_MAX = 10_000;

export function createResolver(options: {
  readonly isOn: boolean;
  readonly hosts: readonly string[];
}): Resolve {
  const kept = new LRUCache<string, Resolved>({ max: KEPT_MAX, ttl: DID_WEB_KEPT_MS });
  return async (did) => {
    const parsed = parseDid(did);
    if (parsed?.method === "key") return ofKey(did);
    if (parsed?.method !== "web") return { ok: false, code: "did_not_allowed" };
    if (!options.isOn) return { ok: false, code: "did_not_allowed" };
    const known = kept.get(did);
    if (known !== undefined) return known;
    const place = didWebPlace(did, options.hosts);
    const resolved: Resolved =
      place === null ? { ok: false, code: "did_not_allowed" } : await ofWeb(did, place);
    const ttl = resolved.ok ? DID_WEB_KEPT_MS : DID_WEB_FAILURE_KEPT_MS;
    kept.set(did, resolved, { ttl });
    return resolved;
  };
}

function ofKey(did: string): Resolved {
  const read = resolveDidKey(did);
  return read.ok ? { ok: true, keys: [read.key] } : { ok: false, code: read.fault };
}

async function ofWeb(did: string, place: DidWebPlace): Promise<Resolved> {
  const addresses = await lookup(place.host, { all: true }).catch(() => []);
  const [first] = addresses;
  if (first === undefined) return { ok: false, code: "did_not_found" };
  if (!addresses.every(({ address }) => isPublicAddress(address)))
    return { ok: false, code: "did_not_allowed" };
  const text = await fetchFrom(place, first).catch(() => null);
  if (text === null) return { ok: false, code: "did_not_found" };
  const parsed = parseStrict(text, { bytes: DID_WEB_BYTES_MAX });
  const document = parsed.ok ? readDidDocument(parsed.value, did) : null;
  if (document === null || document.deactivated === true)
    return { ok: false, code: "did_not_found" };
  const keys = document.verificationMethod.flatMap(({ publicKeyMultibase }) => {
    const read = decodeMultibaseKey(publicKeyMultibase);
    return read.ok ? [read.key] : [];
  });
  return keys.length > 0 ? { ok: true, keys } : { ok: false, code: "did_not_found" };
}

/** The address that was checked is the one that is connected to. No redirect is followed. */
function fetchFrom(
  { host, port, url }: DidWebPlace,
  { address, family }: { readonly address: string; readonly family: number },
): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const asked = request(
      url,
      {
        port,
        servername: host,
        timeout: DID_WEB_TIMEOUT_MS,
        signal: AbortSignal.timeout(DID_WEB_TIMEOUT_MS),
        lookup: (_name, _options, done) => done(null, [{ address, family }]),
      },
      (response) => {
        const chunks: Buffer[] = [];
        let bytes = 0;
        if (response.statusCode !== 200) {
          response.destroy();
          reject(new Error("no document"));
          return;
        }
        response.on("data", (chunk: Buffer) => {
          bytes += chunk.length;
          if (bytes > DID_WEB_BYTES_MAX) response.destroy(new Error("too large"));
          else chunks.push(chunk);
        });
        response.on("end", () => resolve(Buffer.concat(chunks)));
        response.on("error", reject);
      },
    );
    asked.on("error", reject);
    asked.end();
  });
}

/** Puts the parts of a provider together. */
import { createPrivateKey, generateKeyPairSync, type KeyObject, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { publicKeyOf } from "@ams/amp";
import { describeError, type Log, Outgoing, type Reached, type Resolve } from "@ams/process";
import type { AgentRecord } from "./agents/record.ts";
import type { Amp } from "./amp.ts";
import { retryScan } from "./attachments/scanning.ts";
import type { AmpConfig } from "./config.ts";
import { retryMesh } from "./delivery/mesh.ts";
import { readMesh } from "./delivery/mesh-file.ts";
import { retryPeer } from "./delivery/peer-route.ts";
import { Peers, type Txt } from "./delivery/peers.ts";
import { flushReceipts, proveDelivery } from "./delivery/receipts.ts";
import { Work } from "./delivery/work.ts";
import type { AmpMetrics } from "./metrics.ts";
import { Secrets } from "./secrets.ts";
import { Feeds } from "./sockets/feeds.ts";
import { Presence } from "./sockets/presence.ts";
import { openEmbeddedStore } from "./store/embedded/embedded-store.ts";
import { openRedisStore } from "./store/redis/redis-store.ts";
import type { Store } from "./store/store.ts";
import { Tenants } from "./tenants.ts";
import { AmsWire } from "./wire/ams-wire.ts";

export type AmpParts = {
  readonly config: AmpConfig;
  readonly secrets: readonly string[];
  readonly reached: Reached;
  readonly url: () => string;
  readonly log: Log;
  readonly metrics: AmpMetrics;
  /** Unix milliseconds; the system's clock unless given. */
  readonly now?: () => number;
  /** What names resolve to; DNS unless given. */
  readonly resolve?: Resolve;
  /** TXT records of names; DNS unless given. */
  readonly txt?: Txt;
};

export type Provider = Amp & {
  /** Whether the store didn't answer when it was asked last. */
  readonly isStoreAway: () => boolean;
  readonly stop: () => Promise<void>;
};

/** Milliseconds between two questions whether the store answers. */
const PING_MS = 2_000;

/** Milliseconds between two notes of when an agent was last seen. */
const SEEN_MS = 60_000;
const SEEN_KEEP_MS = 90 * 86_400_000;
/** Agents whose last note is remembered. */
const SEEN_MAX = 50_000;

/** Rejects with a sentence when a file or the store can't be opened. */
export async function startProvider(parts: AmpParts): Promise<Provider> {
  const { config, reached, log, metrics, url } = parts;
  const secrets = new Secrets(parts.secrets);
  const tenants = new Tenants(config);
  const meshFile = config.AMS_AMP_MESH_FILE;
  const mesh = meshFile === null ? null : readMesh(meshFile);
  const store = await openStore(config, metrics);
  const now = parts.now ?? Date.now;
  const provider = await openProviderKey(config, store, secrets);
  const outgoing = new Outgoing(config.AMS_AMP_WEBHOOK_ALLOW, parts.resolve);
  const processId = randomBytes(8).toString("hex");
  const written: ConstructorParameters<typeof Feeds>[2] = (agent, { id }) => {
    proveDelivery(amp, agent, id, "websocket").catch((error: unknown) =>
      log.warn({ event: "receipt_failed", ...describeError(error) }, "a receipt was not sent"),
    );
  };
  const feeds = new Feeds(store, now, written);
  const flush = (agent: Parameters<typeof flushReceipts>[1]) => flushReceipts(amp, agent);
  const wireParts = { config, store, secrets, feeds, metrics, log, now, processId, url, flush };
  const wire = new AmsWire(wireParts);
  const presence = new Presence({ store, feeds, wire, log, processId, now, flush });
  const work = new Work(() => amp);
  const amp: Amp = {
    config,
    store,
    secrets,
    provider,
    tenants,
    outgoing,
    peers: new Peers({ config, store, outgoing, provider, now }, parts.txt),
    mesh,
    feeds,
    presence,
    wire,
    work,
    metrics,
    log,
    reached,
    processId,
    startedAtMs: now(),
    seen: noteSeen(store, now),
    now,
  };
  work.handle("peer", (text) => retryPeer(amp, text));
  work.handle("mesh", (text) => retryMesh(amp, text));
  work.handle("scan", (text) => retryScan(amp, text));
  work.start();
  await presence.start();
  const watch = watchStore(store);
  const reload = () => reloadTenants(tenants, log);
  if (config.AMS_AMP_TENANTS_FILE !== null) process.on("SIGHUP", reload);
  return {
    ...amp,
    isStoreAway: watch.isAway,
    stop: async () => {
      watch.stop();
      process.off("SIGHUP", reload);
      work.stop();
      presence.stop();
      await wire.stop();
      await store.close();
    },
  };
}

function openStore(config: AmpConfig, metrics: AmpMetrics): Promise<Store> {
  const url = config.AMS_AMP_REDIS_URL;
  if (url === null)
    return Promise.resolve(openEmbeddedStore(join(config.AMS_DATA ?? ".ams", "amp")));
  return openRedisStore(url, (script, seconds) =>
    metrics.storeSeconds.observe({ script }, seconds),
  );
}

/** The operator's, or one that is made once and kept sealed. */
async function openProviderKey(config: AmpConfig, store: Store, secrets: Secrets) {
  const privateKey = await readProviderKey(config, store, secrets);
  const key = publicKeyOf(privateKey);
  if (key === null) throw new Error("The provider's key must be Ed25519, RSA or P-256.");
  return { privateKey, key };
}

async function readProviderKey(
  config: AmpConfig,
  store: Store,
  secrets: Secrets,
): Promise<KeyObject> {
  const file = config.AMS_AMP_PROVIDER_KEY_FILE;
  if (file !== null) {
    try {
      return createPrivateKey(readFileSync(file));
    } catch {
      throw new Error(`AMS_AMP_PROVIDER_KEY_FILE: ${file} is no private key that can be read.`);
    }
  }
  const { privateKey } = generateKeyPairSync("ed25519");
  const pem = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  const had = await store.claim("provider", "provider-key", secrets.seal(pem), null);
  if (had === null) return privateKey;
  const opened = secrets.open(had);
  if (opened === null)
    throw new Error(
      "The provider's key is sealed under another AMS_AMP_SECRET: list the old secret behind the new one.",
    );
  return createPrivateKey(opened);
}

function noteSeen(store: Store, now: () => number): (record: AgentRecord) => void {
  const noted = new Map<string, number>();
  return ({ tenant, id }) => {
    const atMs = now();
    if ((noted.get(id) ?? 0) > atMs - SEEN_MS) return;
    if (noted.size >= SEEN_MAX) noted.clear();
    noted.set(id, atMs);
    // Only a note: where the store is away, the next one is written.
    store.write(tenant, `seen:${id}`, String(atMs), SEEN_KEEP_MS).catch(() => {});
  };
}

/** A file that can't be read changes nothing. */
function reloadTenants(tenants: Tenants, log: Log): void {
  try {
    tenants.reload();
    log.info({ event: "tenants_reloaded" }, "the tenants file was read again");
  } catch (error) {
    log.error({ event: "tenants_unreadable", ...describeError(error) }, "the tenants stay");
  }
}

function watchStore(store: Store) {
  let away = false;
  const look = setInterval(() => {
    store.ping().then(
      () => {
        away = false;
      },
      () => {
        away = true;
      },
    );
  }, PING_MS);
  return { isAway: () => away, stop: () => clearInterval(look) };
}

/** Other providers: where they are, which key they sign with, and whether we exchange messages. */
import { Resolver } from "node:dns/promises";
import {
  isFingerprintOf,
  isId,
  type PublicKey,
  parseAnyKey,
  SKEW_S_MAX,
  signText,
  timedBody,
  timedGet,
} from "@ams/amp";
import type { Amp } from "../amp.ts";
import { membersOf } from "../http/fields.ts";

export type Peer = {
  readonly domain: string;
  readonly endpoint: string;
  readonly key: PublicKey;
  readonly capabilities: readonly string[];
};

/** Milliseconds: how long an answer is used, and how long the last one stands in for none. */
const KEEP_MS = 3_600_000;
const KEEP_DNS_MS = 300_000;
const LAST_MS = 86_400_000;
/** Milliseconds between two fresh look-ups for a key that didn't verify. */
const FRESH_MS = 60_000;
/** Providers that are remembered in this process. */
const PEERS_MAX = 10_000;
const DOCUMENT = "/.well-known/agent-messaging.json";
const NEVER = /\.(?:local|internal|localhost)$/;

/** A provider, its document as it came, and milliseconds that it is used. */
type Found = { readonly peer: Peer; readonly text: string; readonly keepMs: number };

type Known = { readonly peer: Peer | null; readonly untilMs: number; readonly askedAtMs: number };

type Parts = Pick<Amp, "config" | "store" | "outgoing" | "provider" | "now">;

/** TXT records of a name; rejects where there are none. */
export type Txt = (name: string) => Promise<readonly (readonly string[])[]>;

export class Peers {
  readonly #parts: Parts;
  readonly #txt: Txt;
  readonly #known = new Map<string, Known>();

  constructor(
    parts: Parts,
    txt: Txt = (name) => new Resolver({ timeout: 2_000 }).resolveTxt(name),
  ) {
    this.#parts = parts;
    this.#txt = txt;
  }

  /** Whether the operator lets us exchange messages with it. */
  isTrusted(domain: string): boolean {
    const { config } = this.#parts;
    if (config.isLocal || NEVER.test(domain)) return false;
    switch (config.federation) {
      case "closed":
        return false;
      case "allowlist":
        return config.AMS_AMP_PEERS.has(domain);
      case "open":
        return true;
    }
  }

  /** Null when it can't be found. */
  async find(domain: string): Promise<Peer | null> {
    const known = this.#known.get(domain);
    if (known !== undefined && known.untilMs > this.#parts.now()) return known.peer;
    return this.#ask(domain);
  }

  /** Asks again, at most once a minute; null when that is too soon or it can't be found. */
  async findAfresh(domain: string): Promise<Peer | null> {
    const known = this.#known.get(domain);
    if (known !== undefined && known.askedAtMs + FRESH_MS > this.#parts.now()) return null;
    return this.#ask(domain);
  }

  /** Headers of a request that this provider signs. */
  signedHeaders(what: { readonly body: string } | { readonly path: string }) {
    const { config, provider, now } = this.#parts;
    const timestamp = String(Math.floor(now() / 1_000));
    const text = "body" in what ? timedBody(timestamp, what.body) : timedGet(timestamp, what.path);
    return {
      "x-amp-provider": config.AMS_AMP_DOMAIN,
      "x-amp-timestamp": timestamp,
      "x-amp-signature": signText(provider.privateKey, text),
    };
  }

  /** An agent as its home provider shows it, asked afresh; `unknown` when it can't be asked. */
  async resolve(domain: string, address: string) {
    const peer = await this.find(domain);
    if (peer === null) return { outcome: "unknown" } as const;
    const path = `/agents/resolve/${address}`;
    const answer = await this.#get(peer, path);
    if (answer.ok && answer.status === 404) return { outcome: "none" } as const;
    // Anything else, such as a rate or a key that it doesn't know yet, says nothing of the agent.
    const agent = answer.ok && answer.status === 200 ? parseObject(answer.body) : null;
    if (agent === null) return { outcome: "unknown" } as const;
    return { outcome: "found", agent } as const;
  }

  #get({ endpoint, domain }: Peer, path: string) {
    const isListed = this.#parts.config.AMS_AMP_PEERS.has(domain);
    const headers = this.signedHeaders({ path });
    const url = `${endpoint}${path}`;
    return this.#parts.outgoing.request(url, { method: "GET", headers }, isListed);
  }

  async #ask(domain: string): Promise<Peer | null> {
    const nowMs = this.#parts.now();
    const found = await this.#discover(domain);
    // Only a document that was taken, its key compared, may stand in for a later one.
    if (found !== null) {
      const { store } = this.#parts;
      await store.write(domain, `peer:${domain}`, found.text, LAST_MS).catch(() => {});
    }
    const peer = found?.peer ?? (await this.#last(domain));
    const untilMs = nowMs + (found?.keepMs ?? FRESH_MS);
    if (this.#known.size >= PEERS_MAX) this.#known.clear();
    this.#known.set(domain, { peer, untilMs, askedAtMs: nowMs });
    return peer;
  }

  async #discover(domain: string): Promise<Found | null> {
    const listed = this.#parts.config.AMS_AMP_PEERS.get(domain);
    if (listed !== undefined) {
      const found = await this.#fetch(domain, `${listed}${DOCUMENT}`, true);
      return found === null ? null : { ...found, keepMs: KEEP_MS };
    }
    const txt = await this.#readTxt(domain);
    if (txt !== null) {
      const base = new URL(txt.endpoint).origin;
      const found = await this.#fetch(domain, `${base}${DOCUMENT}`, false);
      if (found !== null && isFingerprintOf(txt.fingerprint, found.peer.key)) {
        const peer = { ...found.peer, endpoint: txt.endpoint };
        return { peer, text: found.text, keepMs: KEEP_DNS_MS };
      }
    }
    const found = await this.#fetch(domain, `https://${domain}${DOCUMENT}`, false);
    return found === null ? null : { ...found, keepMs: KEEP_MS };
  }

  async #fetch(domain: string, url: string, isTrusted: boolean) {
    const { outgoing } = this.#parts;
    const answer = await outgoing.request(url, { method: "GET", headers: {} }, isTrusted);
    if (!answer.ok || answer.status !== 200) return null;
    const peer = readDocument(domain, answer.body);
    return peer === null ? null : { peer, text: answer.body };
  }

  async #last(domain: string): Promise<Peer | null> {
    const text = await this.#parts.store.read(domain, `peer:${domain}`).catch(() => null);
    return text === null ? null : readDocument(domain, text);
  }

  async #readTxt(domain: string) {
    const records = await this.#txt(`_amp._tcp.${domain}`).catch(() => []);
    for (const record of records.slice(0, 8)) {
      const fields = new Map(
        record
          .join("")
          .split(";")
          .map((part) => {
            const at = part.indexOf("=");
            return [part.slice(0, Math.max(0, at)).trim(), part.slice(at + 1).trim()] as const;
          }),
      );
      const endpoint = fields.get("endpoint") ?? "";
      const fingerprint = fields.get("pubkey") ?? "";
      if (fields.get("v") === "AMP1" && URL.canParse(endpoint) && fingerprint !== "")
        return { endpoint: endpoint.replace(/\/$/, ""), fingerprint };
    }
    return null;
  }
}

function readDocument(domain: string, text: string): Peer | null {
  const { endpoint, provider, public_key, capabilities } = parseObject(text) ?? {};
  if (typeof provider !== "string" || provider.toLowerCase() !== domain) return null;
  if (typeof endpoint !== "string" || !URL.canParse(endpoint)) return null;
  const key = typeof public_key === "string" ? parseAnyKey(public_key) : null;
  if (key === null) return null;
  const listed = Array.isArray(capabilities) ? capabilities.map(String).slice(0, 32) : [];
  return { domain, endpoint: endpoint.replace(/\/$/, ""), key, capabilities: listed };
}

export function parseObject(text: string): Readonly<Record<string, unknown>> | null {
  try {
    return membersOf(JSON.parse(text));
  } catch {
    return null;
  }
}

/** Whether a signed timestamp is near enough to our clock. */
export function skewFault(
  timestamp: string,
  nowMs: number,
): "timestamp_expired" | "timestamp_future" | null {
  const at = /^\d{1,12}$/.test(timestamp) ? Number(timestamp) : 0;
  const now = Math.floor(nowMs / 1_000);
  if (now - at > SKEW_S_MAX) return "timestamp_expired";
  return at - now > 60 ? "timestamp_future" : null;
}

export function isMessageId(value: unknown): value is string {
  return isId("msg", value);
}

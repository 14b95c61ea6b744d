// How another provider is found, and which ones are: operator's list, DNS TXT, the domain itself.
import { generateKeyPairSync } from "node:crypto";
import { publicKeyOf } from "@ams/amp";
import { describe, expect, test } from "vitest";
import type { Amp } from "../amp.ts";
import { readAmp } from "../config.ts";
import { Peers } from "./peers.ts";

const key = () => {
  const made = publicKeyOf(generateKeyPairSync("ed25519").privateKey);
  if (made === null) throw new Error("a key is one");
  return made;
};
const [right, wrong] = [key(), key()];

const documentOf = (endpoint: string, of = right, provider = "other.example") =>
  JSON.stringify({ provider, endpoint, public_key: of.pem, capabilities: ["attachments"] });

type Given = {
  readonly env?: Readonly<Record<string, string>>;
  readonly txt?: readonly string[] | null;
  /** Documents by URL. */
  readonly documents?: Readonly<Record<string, string>>;
};

function setUp({ env = {}, txt = null, documents = {} }: Given) {
  const read = readAmp({
    AMS_AMP_DOMAIN: "own.example",
    AMS_AMP_SECRET: "0".repeat(64),
    AMS_AMP_PUBLIC_URL: "https://amp.own.example",
    ...env,
  });
  if (!read.ok) throw new Error(read.faults.join("\n"));
  const asked: string[] = [];
  const names: string[] = [];
  const kept = new Map<string, string>();
  let nowMs = 1_000_000;
  let documents_ = documents;
  const parts = {
    config: read.value,
    now: () => nowMs,
    store: {
      read: async (_at: string, name: string) => kept.get(name) ?? null,
      write: async (_at: string, name: string, value: string) => void kept.set(name, value),
    },
    outgoing: {
      request: async (url: string, _how: unknown, isTrusted: boolean) => {
        asked.push(`${isTrusted ? "trusted" : "checked"} ${url}`);
        const body = documents_[url];
        return body === undefined ? { ok: false } : { ok: true, status: 200, body };
      },
    },
    provider: {},
  } as unknown as Pick<Amp, "config" | "store" | "outgoing" | "provider" | "now">;
  const peers = new Peers(parts, async (name) => {
    names.push(name);
    if (txt === null) throw new Error("ENOTFOUND");
    return txt.map((record) => [record.slice(0, 20), record.slice(20)]);
  });
  return {
    peers,
    asked,
    names,
    wait: (ms: number) => {
      nowMs += ms;
    },
    answer: (other: Readonly<Record<string, string>>) => {
      documents_ = other;
    },
  };
}

const record = (fingerprint: string) =>
  `v=AMP1; endpoint=https://amp.other.example/v1; pubkey=${fingerprint}; capabilities=a,b`;
const AT_TXT = "https://amp.other.example/.well-known/agent-messaging.json";
const AT_DOMAIN = "https://other.example/.well-known/agent-messaging.json";

describe("AMP 14: finding a provider", () => {
  test("the operator's list needs no DNS, and http is allowed there", async () => {
    const url = "http://127.0.0.1:9/.well-known/agent-messaging.json";
    const { peers, asked, names } = setUp({
      env: { AMS_AMP_PEERS: "other.example=http://127.0.0.1:9" },
      documents: { [url]: documentOf("http://127.0.0.1:9/v1") },
    });
    expect((await peers.find("other.example"))?.endpoint).toBe("http://127.0.0.1:9/v1");
    expect([names, asked]).toEqual([[], [`trusted ${url}`]]);
  });

  test("a TXT record says where, and which key it must have", async () => {
    const { peers, asked, names } = setUp({
      txt: ["unrelated", "v=AMP1; endpoint=nonsense; pubkey=x", record(right.fingerprint)],
      documents: { [AT_TXT]: documentOf("https://elsewhere.example/v1") },
    });
    const peer = await peers.find("other.example");
    // Where the record says, not where the document does.
    expect(peer).toMatchObject({ endpoint: "https://amp.other.example/v1", key: right });
    expect([names, asked]).toEqual([["_amp._tcp.other.example"], [`checked ${AT_TXT}`]]);
  });

  test("a key that is not the record's is not taken; the domain's own document is asked then", async () => {
    const { peers, asked } = setUp({
      txt: [record(right.fingerprint)],
      documents: { [AT_TXT]: documentOf("https://amp.other.example/v1", wrong) },
    });
    expect(await peers.find("other.example")).toBeNull();
    expect(asked).toEqual([`checked ${AT_TXT}`, `checked ${AT_DOMAIN}`]);
  });

  test("without a record the domain's own document is asked, and it must name the domain", async () => {
    const good = setUp({ documents: { [AT_DOMAIN]: documentOf("https://other.example/v1") } });
    expect((await good.peers.find("other.example"))?.endpoint).toBe("https://other.example/v1");
    const other = documentOf("https://other.example/v1", right, "third.example");
    const bad = setUp({ documents: { [AT_DOMAIN]: other } });
    expect(await bad.peers.find("other.example")).toBeNull();
  });

  test("an answer by DNS is used for 5 minutes, one by HTTP for an hour, the last one for a while", async () => {
    const dns = setUp({
      txt: [record(right.fingerprint)],
      documents: { [AT_TXT]: documentOf("https://amp.other.example/v1") },
    });
    await dns.peers.find("other.example");
    dns.wait(299_000);
    await dns.peers.find("other.example");
    expect(dns.asked).toHaveLength(1);
    dns.wait(2_000);
    await dns.peers.find("other.example");
    expect(dns.asked).toHaveLength(2);
    const http = setUp({ documents: { [AT_DOMAIN]: documentOf("https://other.example/v1") } });
    await http.peers.find("other.example");
    http.wait(3_599_000);
    await http.peers.find("other.example");
    expect(http.asked).toHaveLength(1);
    http.answer({});
    http.wait(2_000);
    expect((await http.peers.find("other.example"))?.endpoint).toBe("https://other.example/v1");
    expect(http.asked).toHaveLength(2);
  });
});

test.each([
  ["closed", "other.example", false],
  ["allowlist", "other.example", false],
  ["allowlist", "listed.example", true],
  ["open", "other.example", true],
  ["open", "other.local", false],
  ["open", "other.internal", false],
  ["open", "other.localhost", false],
] as const)("AMP 14: with federation %s, %s is trusted: %s", (mode, domain, isTrusted) => {
  const { peers } = setUp({
    env: { AMS_AMP_FEDERATION: mode, AMS_AMP_PEERS: "listed.example=https://listed.example" },
  });
  expect(peers.isTrusted(domain)).toBe(isTrusted);
});

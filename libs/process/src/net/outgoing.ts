/**
 * Requests of ours to addresses that outsiders name. The URL is checked, the name is resolved, each
 * of its addresses is checked, and the connection is made to the address that was checked. No proxy
 * setting of the environment is used.
 */
import { lookup as dnsLookup } from "node:dns";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { isIP, isIPv4, type LookupFunction } from "node:net";
import { type AllowList, isAllowedBlock, isPublicAddress } from "./addresses.ts";

const CONNECT_MS_MAX = 5_000;
const ANSWER_MS_MAX = 10_000;
const ANSWER_BYTES_MAX = 65_536;
const REDIRECTS_MAX = 2;
const URL_CHARACTERS_MAX = 2_048;

export type OutgoingRequest = {
  readonly method: "GET" | "POST";
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Bytes of the answer that are read; the rest is dropped. */
  readonly bytesMax?: number;
  /** Redirects that are followed; two unless given. */
  readonly redirectsMax?: number;
};

export type OutgoingAnswer =
  | { readonly ok: true; readonly status: number; readonly body: string }
  /** `refused` is a rule of ours, `failed` the network's. */
  | { readonly ok: false; readonly fault: "refused" | "failed" };

/** Resolves a name to all its addresses. */
export type Resolve = (host: string) => Promise<readonly string[]>;

export class Outgoing {
  readonly #allow: AllowList;
  readonly #resolve: Resolve;

  constructor(allow: AllowList, resolve: Resolve = resolveByDns) {
    this.#allow = allow;
    this.#resolve = resolve;
  }

  /** Why a URL is never requested, in words; null when it may be, as far as it can be seen. */
  faultOf(text: string): string | null {
    if (text.length > URL_CHARACTERS_MAX || !URL.canParse(text)) return "must be an https URL";
    const url = new URL(text);
    if (this.#isListed(url)) return /^https?:$/.test(url.protocol) ? null : "must be https";
    if (url.protocol !== "https:") return "must be https";
    if (url.username !== "" || url.password !== "") return "must have no user and password";
    const port = url.port === "" ? 443 : Number(url.port);
    if (port !== 443 && port < 1_024) return "must have port 443 or one from 1024";
    const host = hostOf(url);
    if (isIPv4(host) && rawHost(text) !== host) return "must spell its address in the usual form";
    if (isIP(host) !== 0 && !this.#isReachable(host)) return "must not lead inside";
    if (/(?:^|\.)(?:localhost|local|internal)\.?$/.test(host)) return "must not lead inside";
    return null;
  }

  /** Resolves with what came, and never rejects. `isTrusted`: the operator wrote the URL. */
  async request(
    text: string,
    request: OutgoingRequest,
    isTrusted = false,
  ): Promise<OutgoingAnswer> {
    let target = text;
    for (let redirects = 0; redirects <= (request.redirectsMax ?? REDIRECTS_MAX); redirects += 1) {
      if (!isTrusted && this.faultOf(target) !== null) return { ok: false, fault: "refused" };
      const url = new URL(target);
      const address = await this.#addressOf(url, isTrusted);
      if (address === null) return { ok: false, fault: "failed" };
      if (address === "") return { ok: false, fault: "refused" };
      const answer = await send(url, address, request);
      if (!answer.ok || answer.location === null || request.redirectsMax === 0) return answer;
      const next = URL.canParse(answer.location, target) ? new URL(answer.location, target) : null;
      const isDowngrade = url.protocol === "https:" && next?.protocol !== "https:";
      if (next === null || isDowngrade) return { ok: false, fault: "refused" };
      target = next.href;
    }
    return { ok: false, fault: "refused" };
  }

  /** The address to connect to; null when the name has none, empty when one of them is inside. */
  async #addressOf(url: URL, isTrusted: boolean): Promise<string | null> {
    const host = hostOf(url);
    const literal = isIP(host) === 0 ? null : [host];
    const all = literal ?? (await this.#resolve(host).catch(() => []));
    const [first = null] = all;
    if (isTrusted || this.#isListed(url)) return first;
    return all.every((address) => this.#isReachable(address)) ? first : "";
  }

  #isReachable(address: string): boolean {
    return isPublicAddress(address) || isAllowedBlock(this.#allow, address);
  }

  #isListed(url: URL): boolean {
    const port = url.port || (url.protocol === "http:" ? "80" : "443");
    const host = hostOf(url);
    return (
      this.#allow.hosts.has(`${url.hostname}:${port}`) ||
      (isIP(host) !== 0 && isAllowedBlock(this.#allow, host))
    );
  }
}

type Sent =
  | {
      readonly ok: true;
      readonly status: number;
      readonly body: string;
      readonly location: string | null;
    }
  | { readonly ok: false; readonly fault: "failed" };

function send(url: URL, address: string, { method, headers, body, bytesMax }: OutgoingRequest) {
  return new Promise<Sent>((resolve) => {
    const fail = () => resolve({ ok: false, fault: "failed" });
    const lookup: LookupFunction = (_host, options, callback) => {
      const family = isIPv4(address) ? 4 : 6;
      if (options.all) callback(null, [{ address, family }]);
      else callback(null, address, family);
    };
    const make = url.protocol === "https:" ? httpsRequest : httpRequest;
    const length = body === undefined ? {} : { "content-length": Buffer.byteLength(body) };
    const options = { method, headers: { ...headers, ...length }, lookup, agent: false as const };
    const request = make(url, options, (response) => {
      readAnswer(response, bytesMax ?? ANSWER_BYTES_MAX).then((text) => {
        clearTimeout(late);
        const status = response.statusCode ?? 0;
        const isFollowed =
          status === 307 ||
          status === 308 ||
          (method === "GET" && (status === 301 || status === 302));
        const location = isFollowed ? (response.headers.location ?? null) : null;
        resolve({ ok: true, status, body: text, location });
      }, fail);
    });
    const late = setTimeout(() => request.destroy(new Error("late")), ANSWER_MS_MAX);
    const connecting = setTimeout(() => request.destroy(new Error("late")), CONNECT_MS_MAX);
    request.once("socket", (socket) => {
      socket.once(url.protocol === "https:" ? "secureConnect" : "connect", () =>
        clearTimeout(connecting),
      );
    });
    request.on("error", () => {
      clearTimeout(late);
      clearTimeout(connecting);
      fail();
    });
    request.end(body);
  });
}

async function readAnswer(response: IncomingMessage, bytesMax: number): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response) {
    const part = Buffer.from(chunk);
    chunks.push(part.subarray(0, bytesMax - bytes));
    bytes += part.length;
    if (bytes >= bytesMax) {
      response.destroy();
      break;
    }
  }
  return Buffer.concat(chunks).toString("utf8");
}

function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, "");
}

function rawHost(text: string): string {
  return /^https?:\/\/([^/:?#]*)/i.exec(text)?.[1] ?? "";
}

function resolveByDns(host: string): Promise<readonly string[]> {
  return new Promise((resolve, reject) => {
    dnsLookup(host, { all: true }, (error, all) => {
      if (error === null) resolve(all.map(({ address }) => address));
      else reject(error);
    });
  });
}

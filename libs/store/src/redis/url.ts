/**
 * The address of a Redis: `redis://[user:password@]host[:port][/db]`, `rediss://` (the same over
 * TLS), `redis+sentinel://h:p,h:p/<master>[?db=&sentinel_username=&sentinel_password=&tls=true]`
 * and `redis+cluster://h:p,h:p[?tls=true]`. Faults are sentences to be begun with the name of the
 * setting, such as `must begin with redis://`, and repeat nothing of the address: it may hold a
 * password.
 */
import type { Outcome } from "../outcome.ts";

export type Endpoint = { readonly host: string; readonly port: number };

export type Login = { readonly username: string | null; readonly password: string | null };

export type RedisAddress =
  | {
      readonly kind: "single";
      readonly endpoint: Endpoint;
      readonly login: Login;
      readonly db: number;
      readonly tls: boolean;
    }
  | {
      readonly kind: "sentinel";
      readonly sentinels: readonly Endpoint[];
      readonly master: string;
      readonly login: Login;
      readonly sentinelLogin: Login;
      readonly db: number;
      readonly tls: boolean;
    }
  | {
      readonly kind: "cluster";
      readonly nodes: readonly Endpoint[];
      readonly login: Login;
      readonly tls: boolean;
    };

/** The prefix of database 0, and of whatever has no database: it holds the colon at its end. */
export const DEFAULT_PREFIX = "ams:";

const REDIS_PORT = 6_379;
const SENTINEL_PORT = 26_379;

/** Redis numbers its databases from 0; more than this no configuration has. */
const DB_MAX = 65_535;

const SHAPE = /^([a-z+]+):\/\/(?:(.*)@)?([^@/?#]+)(?:\/([^@?#]*))?(?:\?([^@#]*))?$/;

/** A fault that ends the reading; its sentence never repeats anything of the address. */
class UnreadableAddress extends Error {}

export function parseRedisUrl(url: string): Outcome<RedisAddress, string> {
  try {
    return { ok: true, value: read(url) };
  } catch (error) {
    if (error instanceof UnreadableAddress) return { ok: false, fault: error.message };
    throw error;
  }
}

/**
 * What keys and channels begin with there: `named` by the operator, or else the database's own,
 * since pub/sub has none.
 */
export function redisPrefix(url: string, named: string | null): string {
  if (named !== null) return `${named}:`;
  const read = parseRedisUrl(url);
  const db = read.ok && read.value.kind !== "cluster" ? read.value.db : 0;
  return db === 0 ? DEFAULT_PREFIX : `${DEFAULT_PREFIX}${db}:`;
}

/**
 * What is wrong with the address that the setting `name` holds, in one sentence; null when it can
 * be read.
 */
export function redisUrlFault(name: string, url: string): string | null {
  const read = parseRedisUrl(url);
  return read.ok ? null : `${name} ${read.fault}`;
}

function read(url: string): RedisAddress {
  const parts = SHAPE.exec(url);
  if (parts === null) return refuse("must be of the form redis://host:port");
  const [, scheme = "", userInfo = "", hosts = "", path = "", query = ""] = parts;
  const login = readLogin(userInfo);
  switch (scheme) {
    case "redis":
    case "rediss": {
      checkOptions(query, []);
      const [endpoint, ...others] = readEndpoints(hosts, REDIS_PORT);
      if (others.length > 0) {
        return refuse(
          "must name one host: only redis+cluster:// and redis+sentinel:// take several",
        );
      }
      const tls = scheme === "rediss";
      return { kind: "single", endpoint, login, db: readDb(path), tls };
    }
    case "redis+sentinel": {
      const names = ["db", "sentinel_username", "sentinel_password", "tls"];
      const options = checkOptions(query, names);
      if (path === "")
        return refuse("must end with /<name of the master>, being a redis+sentinel:// one");
      return {
        kind: "sentinel",
        sentinels: readEndpoints(hosts, SENTINEL_PORT),
        master: decode(path),
        login,
        sentinelLogin: {
          username: options.get("sentinel_username"),
          password: options.get("sentinel_password"),
        },
        db: readDb(options.get("db") ?? ""),
        tls: readTls(options),
      };
    }
    case "redis+cluster": {
      const tls = readTls(checkOptions(query, ["tls"]));
      if (path !== "")
        return refuse("must end with its hosts, for a Redis Cluster has only one database");
      return { kind: "cluster", nodes: readEndpoints(hosts, REDIS_PORT), login, tls };
    }
    default:
      return refuse("must begin with redis://, rediss://, redis+sentinel:// or redis+cluster://");
  }
}

function readLogin(userInfo: string): Login {
  const colon = userInfo.indexOf(":");
  const name = colon === -1 ? userInfo : userInfo.slice(0, colon);
  return {
    username: name === "" ? null : decode(name),
    password: colon === -1 ? null : decode(userInfo.slice(colon + 1)),
  };
}

function readEndpoints(hosts: string, defaultPort: number): readonly [Endpoint, ...Endpoint[]] {
  const [first = "", ...others] = hosts.split(",");
  const endpoints = others.map((host) => readEndpoint(host, defaultPort));
  return [readEndpoint(first, defaultPort), ...endpoints];
}

function readEndpoint(text: string, defaultPort: number): Endpoint {
  const parts = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]+))(?::(\d{1,5}))?$/.exec(text);
  const host = parts?.[1] ?? parts?.[2];
  if (host === undefined) return refuse("must name each host as host:port");
  const port = parts?.[3] === undefined ? defaultPort : Number(parts[3]);
  if (port < 1 || port > 65_535) return refuse("must have ports from 1 to 65535");
  return { host, port };
}

function readDb(text: string): number {
  if (text === "") return 0;
  const db = /^\d{1,5}$/.test(text) ? Number(text) : DB_MAX + 1;
  return db <= DB_MAX ? db : refuse("must have a small whole number as its database");
}

function checkOptions(query: string, known: readonly string[]): URLSearchParams {
  const options = new URLSearchParams(query);
  for (const name of options.keys()) {
    if (!known.includes(name)) return refuse("must have no option that its kind doesn't know");
  }
  return options;
}

function readTls(options: URLSearchParams): boolean {
  const tls = options.get("tls") ?? "false";
  if (tls !== "true" && tls !== "false") return refuse("must have true or false as its option tls");
  return tls === "true";
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return refuse("must have two hexadecimal digits of UTF-8 after each %");
  }
}

function refuse(fault: string): never {
  throw new UnreadableAddress(fault);
}

/**
 * Which host names a process answers to. A page of another site whose name is pointed at loopback
 * (DNS rebinding) asks with that name as `Host` and is of the same origin for its browser; so what
 * listens on loopback answers to its own names only (§2.1.7).
 */
import { isHost } from "./reached.ts";

/**
 * True when a request with this `Host` is to be answered; null is a request with none, or with more
 * than one.
 */
export type HostRule = (host: string | null) => boolean;

/** The names of a deployment besides loopback's. */
export type HostNames = {
  readonly publicUrl: string | null;
  /** Those that the operator lists. */
  readonly allowedHosts: readonly string[];
};

/**
 * The refusal, as the protocol's table has it (§9.2), for processes that don't know the protocol.
 */
export const HOST_REFUSAL = {
  status: 403,
  error: "host_not_allowed",
  message:
    "This address does not answer to that host name: use localhost or 127.0.0.1, or name the host in AMS_PUBLIC_URL or AMS_ALLOWED_HOSTS.",
} as const;

/** Characters of a host and its port: a DNS name has 253 at most. */
const HOST_CHARACTERS_MAX = 261;

/** 127.0.0.0/8, ::1 and localhost, as `hostNameOf` gives them. */
const LOOPBACK = /^(?:localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])$/;

/**
 * The rule of a public port. One that isn't bound to loopback judges only where names are listed:
 * inner names reach it too.
 */
export function hostRuleOf(boundTo: string, { publicUrl, allowedHosts }: HostNames): HostRule {
  if (!isLoopbackAddress(boundTo) && allowedHosts.length === 0) return () => true;
  const own = publicUrl === null ? [] : [new URL(publicUrl).host];
  const names = new Set([...own, ...allowedHosts].map(hostNameOf));
  return (host) => {
    const name = host === null ? null : hostNameOf(host);
    return name !== null && (LOOPBACK.test(name) || names.has(name));
  };
}

/**
 * The rule of an admin port: elsewhere than on loopback, probes reach it by addresses that no list
 * has.
 */
export function adminHostRuleOf(boundTo: string, names: HostNames): HostRule {
  return isLoopbackAddress(boundTo) ? hostRuleOf(boundTo, names) : () => true;
}

/**
 * The name without its port, in the one form that a URL gives it, without a dot at its end; null
 * when it is no host.
 */
export function hostNameOf(host: string): string | null {
  const isReadable = host.length <= HOST_CHARACTERS_MAX && isHost(host);
  if (!isReadable || !URL.canParse(`http://${host}`)) return null;
  return new URL(`http://${host}`).hostname.replace(/\.$/, "");
}

function isLoopbackAddress(address: string): boolean {
  return LOOPBACK.test(hostNameOf(address.includes(":") ? `[${address}]` : address) ?? "");
}

/**
 * Which addresses a request of ours may reach on an outsider's word: only public ones. Everything
 * that leads inside is refused, in each of its spellings.
 */
import { BlockList, isIP, isIPv4 } from "node:net";
import { z } from "zod";
import type { Setting } from "../settings.ts";

export type AllowList = {
  /** `host:port` as in a URL. */
  readonly hosts: ReadonlySet<string>;
  readonly blocks: readonly BlockList[];
};

/** Networks that no webhook reaches: address, prefix. */
const INSIDE_IPV4: readonly (readonly [string, number])[] = [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 4],
  ["240.0.0.0", 4],
];

const INSIDE_IPV6: readonly (readonly [string, number])[] = [
  ["::", 96], // Unspecified, loopback, and IPv4-compatible ones.
  ["::ffff:0:0", 96], // IPv4-mapped.
  ["::ffff:0:0:0", 96], // IPv4-translated.
  ["64:ff9b::", 96], // NAT64.
  ["64:ff9b:1::", 48],
  ["100::", 64],
  ["2001::", 23], // Teredo and others that carry an IPv4 address.
  ["2001:db8::", 32],
  ["2002::", 16], // 6to4 carries an IPv4 address.
  ["3fff::", 20],
  ["fc00::", 7],
  ["fe80::", 10],
  ["fec0::", 10],
  ["ff00::", 8],
];

const INSIDE = blockOf(INSIDE_IPV4, INSIDE_IPV6);

function blockOf(
  ipv4: readonly (readonly [string, number])[],
  ipv6: readonly (readonly [string, number])[],
): { readonly ipv4: BlockList; readonly ipv6: BlockList } {
  const lists = { ipv4: new BlockList(), ipv6: new BlockList() };
  for (const [net, prefix] of ipv4) lists.ipv4.addSubnet(net, prefix, "ipv4");
  for (const [net, prefix] of ipv6) lists.ipv6.addSubnet(net, prefix, "ipv6");
  return lists;
}

/** Whether an IP address is public. */
export function isPublicAddress(address: string): boolean {
  switch (isIP(address)) {
    case 4:
      return !INSIDE.ipv4.check(address, "ipv4");
    case 6:
      return !address.includes("%") && !INSIDE.ipv6.check(address, "ipv6");
    default:
      return false;
  }
}

/** Null when one of them is neither `host:port` nor a CIDR. */
export function readAllowList(all: readonly string[]): AllowList | null {
  const hosts = new Set<string>();
  const blocks: BlockList[] = [];
  for (const one of all) {
    const [net = "", prefix = ""] = one.split("/");
    if (isIP(net) !== 0 && /^\d{1,3}$/.test(prefix)) {
      const block = new BlockList();
      const bits = Number(prefix);
      if (bits > (isIPv4(net) ? 32 : 128)) return null;
      block.addSubnet(net, bits, isIPv4(net) ? "ipv4" : "ipv6");
      blocks.push(block);
    } else if (/^(?:[A-Za-z0-9.-]+|\[[0-9a-fA-F:]+\]):\d{1,5}$/.test(one)) {
      hosts.add(one.toLowerCase());
    } else return null;
  }
  return { hosts, blocks };
}

export function isAllowedBlock({ blocks }: AllowList, address: string): boolean {
  const family = isIP(address);
  if (family === 0) return false;
  return blocks.some((block) => block.check(address, family === 4 ? "ipv4" : "ipv6"));
}

/** Targets inside that the operator allows: `host:port` and CIDRs, separated by commas. */
export function allowList(about: string): Setting<AllowList> {
  const read = z
    .string()
    .transform((listed) => listed.split(",").flatMap((one) => one.trim() || []))
    .transform((all) => readAllowList(all))
    .refine((list) => list !== null, "must be host:port and CIDRs, separated by commas")
    .transform((list) => list ?? { hosts: new Set<string>(), blocks: [] });
  return { read, fallback: "", about, secret: false };
}

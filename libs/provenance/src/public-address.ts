/** Whether an IP address is one of the public internet. */

/** First address and prefix length of what is not: private, loopback, link-local and the like. */
const RESERVED_V4: readonly (readonly [string, number])[] = [
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

const DECIMAL = /^\d{1,3}$/;
const GROUP = /^[0-9a-f]{1,4}$/i;

/** False for what is no address too. */
export function isPublicAddress(address: string): boolean {
  const v4 = parseV4(address);
  if (v4 !== null) return isPublicV4(v4);
  const v6 = parseV6(address);
  return v6 !== null && isPublicV6(v6);
}

function isPublicV4(address: number): boolean {
  return !RESERVED_V4.some(([first, prefix]) => {
    const size = 2 ** (32 - prefix);
    const from = parseV4(first) ?? 0;
    return address >= from && address < from + size;
  });
}

/** Global unicast only; an address that holds an IPv4 address is judged by that. */
function isPublicV6(groups: readonly number[]): boolean {
  const [first = 0, second = 0, third = 0, , , , seventh = 0, last = 0] = groups;
  const low = seventh * 65_536 + last;
  const isZeroTo = (count: number) => groups.slice(0, count).every((group) => group === 0);
  if (isZeroTo(5) && groups[5] === 0xffff) return isPublicV4(low); // mapped
  if (first === 0x64 && second === 0xff9b) return isPublicV4(low); // NAT64
  if (first === 0x2002) return isPublicV4(second * 65_536 + third); // 6to4
  if (first === 0x2001 && (second < 0x200 || second === 0xdb8)) return false;
  return first >= 0x2000 && first <= 0x3fff;
}

function parseV4(text: string): number | null {
  const parts = text.split(".");
  if (parts.length !== 4 || !parts.every((part) => DECIMAL.test(part) && Number(part) < 256))
    return null;
  return parts.reduce((sum, part) => sum * 256 + Number(part), 0);
}

function parseV6(text: string): readonly number[] | null {
  const [head = "", tail, ...more] = text.split("::");
  if (more.length > 0 || text.length > 45) return null;
  const left = groupsOf(head);
  const right = tail === undefined ? [] : groupsOf(tail);
  if (left === null || right === null) return null;
  const missing = 8 - left.length - right.length;
  if (tail === undefined ? missing !== 0 : missing < 1) return null;
  return [...left, ...Array.from({ length: missing }, () => 0), ...right];
}

function groupsOf(text: string): readonly number[] | null {
  if (text === "") return [];
  const parts = text.split(":");
  const groups: number[] = [];
  for (const [index, part] of parts.entries()) {
    const v4 = index === parts.length - 1 ? parseV4(part) : null;
    if (v4 !== null) groups.push(Math.floor(v4 / 65_536), v4 % 65_536);
    else if (GROUP.test(part)) groups.push(Number.parseInt(part, 16));
    else return null;
  }
  return groups;
}

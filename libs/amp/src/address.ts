/** Addresses: `name@scope.provider`, and the short forms that stand for them. */
import { ADDRESS_CHARACTERS_MAX } from "./limits.ts";

export type Address = {
  readonly name: string;
  /** From the inside out; the last one is the tenant that trust is judged by. */
  readonly scope: readonly [string, ...string[]];
  readonly provider: string;
};

const NAME = /^[a-z0-9][a-z0-9_-]{0,62}$/;
const TENANT = /^[a-z0-9][a-z0-9-]{0,62}$/;
const LABEL = /^[a-z0-9-]{1,63}$/;

export function isName(text: string): boolean {
  return NAME.test(text);
}

export function isTenant(text: string): boolean {
  return TENANT.test(text);
}

export function isDomain(text: string): boolean {
  const labels = text.split(".");
  return text.length <= 253 && labels.length >= 2 && labels.every((label) => LABEL.test(label));
}

/**
 * The parts of a full address in any case; null when it is none. `domains` are those of this
 * provider and of known peers: the longest of them that the address ends with is its provider, else
 * the last two labels are.
 */
export function parseAddress(text: string, domains: readonly string[]): Address | null {
  if (text.length > ADDRESS_CHARACTERS_MAX) return null;
  const [name = "", domain = "", ...others] = text.toLowerCase().split("@");
  const labels = domain.split(".");
  if (others.length > 0 || !NAME.test(name)) return null;
  if (labels.length < 3 || !labels.every((label) => LABEL.test(label))) return null;
  const known = domains
    .filter((one) => domain.endsWith(`.${one}`))
    .reduce((longest, one) => (one.length > longest.length ? one : longest), "");
  const provider = known === "" ? labels.slice(-2).join(".") : known;
  const [first, ...rest] = domain.slice(0, -provider.length - 1).split(".");
  if (first === undefined || first === "") return null;
  return { name, scope: [first, ...rest], provider };
}

export function formatAddress({ name, scope, provider }: Address): string {
  return `${name}@${scope.join(".")}.${provider}`;
}

/** The tenant that an address belongs to: the label next to its provider. */
export function tenantOf({ scope }: Address): string {
  return scope.at(-1) ?? scope[0];
}

/**
 * The full form of what a sender wrote: `bob` is in the sender's tenant, `bob@acme` in that tenant
 * of this provider (or on the mesh host of that id, whose addresses look the same). Null when it is
 * no address in either form.
 */
export function expandAddress(
  text: string,
  home: { readonly tenant: string; readonly domain: string },
  domains: readonly string[],
): Address | null {
  const [name = "", domain, ...others] = text.split("@");
  if (others.length > 0) return null;
  if (domain === undefined) {
    return parseAddress(`${name}@${home.tenant}.${home.domain}`, domains);
  }
  const full = domain.includes(".") ? text : `${name}@${domain}.${home.domain}`;
  return parseAddress(full, domains);
}

/** Whether an address is named by a pattern such as `*@acme.example.test` or `*@*.example.test`. */
export function isAddressMatch(pattern: string, address: string): boolean {
  const [name = "", domain = ""] = pattern.toLowerCase().split("@");
  const [ownName = "", ownDomain = ""] = address.split("@");
  if (name !== "*" && name !== ownName) return false;
  return domain.startsWith("*.")
    ? ownDomain.endsWith(domain.slice(1)) && ownDomain.length >= domain.length
    : domain === ownDomain;
}

const PATTERN_NAME = /^(?:\*|[a-z0-9][a-z0-9_-]{0,62})$/;

/** Whether a text can be a pattern of a communication policy. */
export function isAddressPattern(text: string): boolean {
  const [name = "", domain = "", ...others] = text.toLowerCase().split("@");
  const labels = (domain.startsWith("*.") ? domain.slice(2) : domain).split(".");
  const isShort = text.length <= ADDRESS_CHARACTERS_MAX && others.length === 0;
  return isShort && PATTERN_NAME.test(name) && labels.every((label) => LABEL.test(label));
}

/** Links that examples print and are given, and what they say of those that lead nowhere. */

/** A port of loopback below those that programs listen on. */
export const NO_SERVER = "http://127.0.0.1:2";
export const NO_SERVER_SAID = `Nothing answers at ${NO_SERVER} (ECONNREFUSED).\n`;

/** The magic link in a line that an example printed. */
export function linkIn(line: string): string {
  const [link] = /https?:[^\s']+\?t=[\w-]{43}/.exec(line) ?? [];
  if (link === undefined) throw new Error(`There is no magic link in ${JSON.stringify(line)}.`);
  return link;
}

/** A link of the right form that nobody minted. */
export function wrongLink(url: string): string {
  return `${url}/nobody/conversations/nothing?t=${"A".repeat(43)}`;
}

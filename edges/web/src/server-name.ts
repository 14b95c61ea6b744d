/** The name under which an MCP client lists a conversation, on the page and in its instructions. */

/**
 * Characters of the alias in it: hosts put the server's and the tool's name together, and models
 * take names of 64 characters at most.
 */
const ALIAS_CHARACTERS_MAX = 24;

/** One for each conversation, so that a client can have several; letters, digits and hyphens. */
export function serverNameOf(alias: string): string {
  const cut = alias.slice(0, ALIAS_CHARACTERS_MAX);
  return `ams-${cut.endsWith("-") ? cut.slice(0, -1) : cut}`;
}

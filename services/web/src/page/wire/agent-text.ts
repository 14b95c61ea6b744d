/** What the server wrote into the document for agents, taken out of it so that the page can show it where people look. */

const written = document.getElementById("tincan-instructions");
const text = written?.querySelector("pre")?.textContent ?? "";
written?.remove();

/** The text for agents, with the link as it is now: it may have been replaced since. Empty on the home page. */
export function agentText(firstLink: string, link: string): string {
  const token = (of: string) => new URL(of).searchParams.get("t") ?? "";
  return text.replaceAll(token(firstLink), token(link));
}

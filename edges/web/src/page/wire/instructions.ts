/**
 * What the link answers to agents: from the document, out of which it is taken, else asked for as
 * any agent would.
 */
import { atBase } from "../model/address.ts";
import { BASE } from "./base.ts";

const written = document.getElementById("tincan-instructions");
const text = written?.querySelector("pre")?.textContent ?? "";
written?.remove();

/**
 * The text for agents with this link in it; empty where it can't be had. The document lacks it at
 * home, after a reload, as the address bar no longer has the link, and when the link was replaced.
 */
export async function instructionsFor(link: string): Promise<string> {
  const token = new URL(link).searchParams.get("t") ?? "";
  if (text.includes(token)) return text;
  try {
    const answer = await fetch(atBase(link, BASE), { headers: { accept: "text/markdown" } });
    return answer.ok ? await answer.text() : "";
  } catch {
    return "";
  }
}

/** Where the deployment of a link is. */
import { parseLink } from "@ams/client";
import { WorkflowError } from "./errors.ts";

export function baseOf(link: string): string {
  if (parseLink(link, { lenient: true }) === null)
    throw new WorkflowError("invalid_magic_link", "The magic link is not one.");
  const { origin, pathname } = new URL(link);
  const at = pathname.split("/").slice(0, -3).join("/");
  return `${origin}${at}`;
}

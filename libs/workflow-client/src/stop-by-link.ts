/** A stop by whoever has only the link: no account is needed (W7). */
import { inspect } from "@ams/client";
import { baseOf } from "./base.ts";
import { Http, type Json } from "./http.ts";

/** Stops a run, or the whole conversation. Errors: those of `inspect`, and `unreachable`. */
export async function stopByLink(link: string, run?: string): Promise<Json> {
  const { conversationId } = await inspect(link);
  const http = new Http(`${baseOf(link)}/workflow/v1/conversations/${conversationId}`, null);
  const token = encodeURIComponent(new URL(link).searchParams.get("t") ?? "");
  const path = run === undefined ? "/stop" : `/runs/${encodeURIComponent(run)}/stop`;
  return await http.ask("POST", `${path}?t=${token}`);
}

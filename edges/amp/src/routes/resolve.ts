/** `GET /agents/resolve/{address}`: for agents, proven providers and mesh hosts. */
import { timedGet } from "@ams/amp";
import type { Amp } from "../amp.ts";
import { proveHost } from "../delivery/mesh.ts";
import { type Answer, refuse } from "../http/answer.ts";
import { enterAgent } from "../http/auth.ts";
import { bearerOf, type Call, withHeaders } from "../http/call.ts";
import { resolveAgent } from "./agents.ts";
import { proveProvider } from "./federation.ts";

export async function getResolve(amp: Amp, call: Call): Promise<Answer> {
  const { headers } = call.request;
  if (headers.has("x-forwarded-from") && amp.mesh !== null) {
    const from = { headers, address: call.address };
    const host = await proveHost(amp, amp.mesh, from, { path: call.path });
    if (host !== null) return resolveAgent(amp, call, null);
    return refuse("unauthorized", "X-Forwarded-From isn't proven to be a host of this mesh.");
  }
  if (headers.has("x-amp-provider") && bearerOf(call.request) === null) {
    const domain = (headers.get("x-amp-provider") ?? "").toLowerCase();
    const get = timedGet("", call.path).slice(1);
    const refused = await proveProvider(amp, call, domain, { get });
    return refused ?? resolveAgent(amp, call, null);
  }
  const entered = await enterAgent(amp, call, "requests");
  if (!entered.ok) return entered.refusal;
  const { who, headers: rates } = entered.value;
  return withHeaders(await resolveAgent(amp, call, who), rates);
}

/** `POST /route`: from an agent, or from a host of the same local network. */
import type { Amp } from "../amp.ts";
import { routeMessage } from "../delivery/route.ts";
import { type Answer, refuse } from "../http/answer.ts";
import { enterAgent } from "../http/auth.ts";
import { parseObject } from "../http/body.ts";
import { type Call, withHeaders } from "../http/call.ts";
import { receiveFromHost } from "./mesh-receive.ts";

export async function postRoute(amp: Amp, call: Call): Promise<Answer> {
  if (call.request.headers.has("x-forwarded-from")) {
    if (amp.mesh !== null) return receiveFromHost(amp, amp.mesh, call);
    return refuse("unauthorized", "This provider is in no mesh.");
  }
  const entered = await enterAgent(amp, call, "routes");
  if (!entered.ok) return entered.refusal;
  const { who, headers } = entered.value;
  const json = parseObject(call.bytes);
  if (!json.ok) return withHeaders(json.refusal, headers);
  return withHeaders(await routeMessage(amp, who, json.value), headers);
}

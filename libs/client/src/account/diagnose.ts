/**
 * Why a WebSocket could not be opened: browsers and proxies don't say, so the deployment is asked
 * over HTTP.
 */
import { AmsError } from "../errors.ts";
import { offer } from "./ask.ts";
import { notAms } from "./http.ts";
import type { RequestOptions } from "./request-options.ts";

/**
 * The error to show: `unreachable`, `not_ams`, `timeout`, or `websocket_blocked` when AMS itself
 * does answer.
 */
export async function diagnose(baseUrl: string, options: RequestOptions): Promise<AmsError> {
  try {
    await offer(baseUrl, options);
  } catch (error) {
    // Nobody at AMS refuses this question: something else does that also has an `error` and a
    // `message`.
    if (!(error instanceof AmsError)) throw error;
    return error.code === "refused" ? notAms(baseUrl, { cause: error }) : error;
  }
  return new AmsError(
    "websocket_blocked",
    "AMS answers at this address, but a WebSocket doesn't get through: is there a proxy in between?",
  );
}

/**
 * The head of a request before anything else of it is read: for a host that is ours (§2.1.7), and
 * with a length that every server reads alike (§2.1.8). The server library takes the first of
 * several lengths, and every transfer coding for chunks.
 */
import type { HostRule } from "@ams/process";
import { respondProblem } from "./http-bridge.ts";
import type { UwsRequest, UwsResponse } from "./uws.ts";

type Handler = (response: UwsResponse, request: UwsRequest) => void;

/** The handler, for requests whose head is in order. */
export function checked(acceptsHost: HostRule, then: Handler): Handler {
  return (response, request) => {
    if (refuseAmbiguous(response, request)) return;
    if (!acceptsHost(hostOf(request))) respondProblem(response, "host_not_allowed");
    else then(response, request);
  };
}

/** Null when it is missing. */
export function hostOf(request: UwsRequest): string | null {
  return request.getHeader("host") || null;
}

/**
 * Answers a request of which it is in doubt how long it is or for which host, and ends its
 * connection; false for any other.
 */
export function refuseAmbiguous(response: UwsResponse, request: UwsRequest): boolean {
  if (!isAmbiguous(request)) return false;
  let isOver = false;
  response.onAborted(() => {
    isOver = true;
  });
  // Not in this turn: the library reads what came with it as a further request if the answer is
  // complete, else it hangs up.
  setImmediate(() => {
    if (!isOver) respondProblem(response, "malformed_request", {}, "close");
  });
  return true;
}

function isAmbiguous(request: UwsRequest): boolean {
  let hosts = 0;
  let framings = 0;
  let isDoubtful = false;
  request.forEach((name, value) => {
    if (name === "host") hosts += 1;
    if (name === "content-length") {
      framings += 1;
      isDoubtful ||= !/^\d+$/.test(value);
    }
    if (name === "transfer-encoding") {
      framings += 1;
      isDoubtful ||= value.toLowerCase() !== "chunked";
    }
  });
  return isDoubtful || hosts > 1 || framings > 1;
}

/**
 * What the edge answers when it hands a request to nobody: the deployment's own form of a problem,
 * or JSON-RPC's.
 */

/** The codes that the SDK's own transports use for the same cases. */
export const RPC = {
  parseError: -32_700,
  invalidRequest: -32_600,
  invalidParams: -32_602,
  refused: -32_000,
  sessionNotFound: -32_001,
} as const;

type Headers = Readonly<Record<string, string>>;

/** `{error, message}`, as the control plane answers (§2.1). */
export function refuse(
  status: number,
  error: string,
  message: string,
  headers: Headers = {},
): Response {
  return Response.json({ error, message }, { status, headers });
}

/**
 * A JSON-RPC error that says by name what is wrong, for clients that show nothing else of a
 * refusal: not 401, which they take for an invitation to log in.
 */
export function refuseByName(status: number, error: string, message: string): Response {
  const rpc = { code: RPC.refused, message, data: { error } };
  return Response.json({ jsonrpc: "2.0", error: rpc, id: null }, { status });
}

/** A JSON-RPC error that belongs to no request that could be read. */
export function refuseRpc(
  status: number,
  code: number,
  message: string,
  headers: Headers = {},
): Response {
  return Response.json({ jsonrpc: "2.0", error: { code, message }, id: null }, { status, headers });
}

/** The same answer for no such session and somebody else's, so that the two look alike. */
export function sessionNotFound(): Response {
  return refuseRpc(404, RPC.sessionNotFound, "Session not found");
}

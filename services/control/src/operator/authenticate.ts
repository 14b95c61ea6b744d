/** Who asks on the admin port: the operator key that a request bears, and its role (§11.1). */
import { hashes, OPERATOR_ROLES, type OperatorKey, type OperatorRole } from "@ams/directory";
import { readBearer } from "@ams/protocol";
import type { Call, Endpoint, Tools } from "../http/endpoint.ts";
import { problem } from "../http/problem.ts";

/** What begins an operator key, and what is never in an address. */
const PREFIX = "ams_op_";
const KEY = /^ams_op_[A-Za-z0-9_-]{43}$/;

/** How every request of an operator can be refused. */
export const OPERATOR_ERRORS = [
  "missing_credential",
  "invalid_credential",
  "insufficient_scope",
  "invalid_request",
] as const;

export type OperatorEndpoint = Omit<Endpoint, "handle"> & {
  /** The least role that may do it. */
  readonly role: OperatorRole;
  readonly handle: (call: Call, tools: Tools, key: OperatorKey) => Promise<Response>;
};

/** The endpoint behind the check of the key. */
export function guarded({ role, handle, ...rest }: OperatorEndpoint): Endpoint {
  return {
    ...rest,
    handle: async (call, tools) => {
      if (hasKeyInAddress(call.request.url)) {
        return refuse(tools, "key_in_address", keyInAddress());
      }
      const header = call.request.headers.get("authorization");
      if (!header) return refuse(tools, "missing", problem("missing_credential", {}, NO_KEY));
      const shown = readBearer(header) ?? "";
      const key = KEY.test(shown)
        ? await tools.directory.operatorOf(hashes(tools.peppers.credential, shown))
        : null;
      if (key === null) return refuse(tools, "wrong", problem("invalid_credential", {}, WRONG_KEY));
      if (OPERATOR_ROLES.indexOf(key.role) < OPERATOR_ROLES.indexOf(role)) {
        const sentence = `This needs an operator key of the role ${role}; this one has ${key.role}.`;
        return refuse(tools, "role", problem("insufficient_scope", {}, sentence));
      }
      return handle(call, tools, key);
    },
  };
}

/** Decoded too, since an address may spell it in another way. */
export function hasKeyInAddress(url: string): boolean {
  if (url.includes(PREFIX)) return true;
  try {
    return decodeURIComponent(url).includes(PREFIX);
  } catch {
    // What can't be decoded is no key of ours either.
    return false;
  }
}

export function keyInAddress(): Response {
  return problem("invalid_request", {}, KEY_IN_ADDRESS);
}

function refuse({ log }: Tools, why: string, refusal: Response): Response {
  log.warn({ event: "operator_refused", why }, "an operator's request was refused");
  return refusal;
}

const NO_KEY = "This needs an Authorization header: Bearer ams_op_…";
const WRONG_KEY = "The operator key is wrong or revoked.";
const KEY_IN_ADDRESS =
  "An operator key is in the address, where logs keep it: revoke it, and send it in the Authorization header only.";

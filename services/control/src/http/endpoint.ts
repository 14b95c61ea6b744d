/** What a route is: its name, its documentation and its handler, declared together and once. */

import type { Directory, Peppers, Plan, Suspensions } from "@ams/directory";
import type { Identity } from "@ams/identity";
import type { Log, Meter, PeerAddress } from "@ams/process";
import type { ProblemCode } from "@ams/protocol";
import type { z } from "zod";
import type { ControlConfig } from "../config.ts";
import type { OpenApiDocument } from "../docs/openapi.ts";
import type { Metrics } from "../metrics.ts";
import type { RateLimit } from "./rate-limit.ts";

/** What every handler works with. */
export type Tools = {
  readonly config: ControlConfig;
  readonly peppers: Peppers;
  readonly directory: Directory;
  /** Whose a signed token is. */
  readonly identity: Identity;
  /** All plans of the deployment, as they were within the last second. */
  readonly plans: () => Promise<readonly Plan[]>;
  /** Null where nobody suspends accounts. */
  readonly suspensions: Suspensions | null;
  readonly limits: Readonly<Record<"accounts" | "mints" | "rotations", RateLimit>>;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Unix milliseconds. */
  readonly now: () => number;
  /** The description of all routes, as `/openapi.json` gives it. */
  readonly openApi: OpenApiDocument;
};

/** The names of path parameters. */
export type ParameterName =
  | "namespace"
  | "alias"
  | "link_id"
  | "key_id"
  | "webhook_id"
  | "message_id"
  | "account"
  | "gateway";

/** One request, as its handler sees it. */
export type Call = {
  readonly request: Request;
  readonly peer: PeerAddress;
  /** What it has cost so far, and who pays. */
  readonly meter: Meter;
  readonly trail: Trail;
  /** A path parameter, not yet checked. */
  readonly param: (name: ParameterName) => string;
  /** A query parameter; null when it is absent or empty. */
  readonly query: (name: string) => string | null;
};

/** Who does what a request does, for the audit log. */
export type Trail = {
  readonly requestId: string;
  /** `credential`, or the id of the key that was shown. */
  actor: string;
};

export type Endpoint = {
  /** The operation's id in OpenAPI, in metrics and in the log. */
  readonly name: string;
  readonly doc: EndpointDoc;
  readonly handle: (call: Call, tools: Tools) => Promise<Response> | Response;
};

export type EndpointDoc = {
  readonly summary: string;
  readonly description: string;
  /** `bearer`: an account's credential; `link-or-bearer`: either that or a link token in `t`. */
  readonly auth: "none" | "bearer" | "link-or-bearer";
  readonly query?: z.ZodObject;
  readonly body?: { readonly schema: z.ZodType; readonly required: boolean };
  /** Null where the answer has no body. */
  readonly success: Readonly<Record<number, Success>>;
  readonly errors: readonly ProblemCode[];
  /** Arguments of curl before the address, for the readable page. */
  readonly curl: string;
};

export type Success = {
  readonly about: string;
  /** Null where there is no body. */
  readonly schema: z.ZodType | null;
  /** Its media type, where it is another than JSON. */
  readonly type?: "text/html";
};

/** One row of the route table. */
export type Route = {
  readonly method: "GET" | "POST" | "DELETE";
  /** As Hono writes it: `/v1/:namespace/conversations`. */
  readonly path: string;
  readonly endpoint: Endpoint;
};

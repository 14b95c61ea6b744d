/**
 * The OpenAPI 3.1 document, made from the route table: what it says of a route is beside the
 * route's handler.
 */
import { PROBLEMS, type ProblemCode } from "@ams/protocol";
import * as schemas from "@ams/protocol/schema";
import { OpenAPIHono, type RouteConfig, z } from "@hono/zod-openapi";
import type { EndpointDoc, Route } from "../http/endpoint.ts";
import { withSentences } from "../http/members.ts";

export type OpenApiDocument = ReturnType<OpenAPIHono["getOpenAPI31Document"]>;

/** Any route that asks the directory can meet these. */
const ALWAYS = ["rate_limited", "internal_error", "unavailable"] as const;

/** Bodies that deserve a name of their own in the document. */
const NAMED = {
  AccountEvents: schemas.accountEventsBody,
  AccountUsage: schemas.accountUsageBody,
  Account: schemas.accountBody,
  AccountCreated: schemas.accountCreatedBody,
  Conversations: schemas.conversationsBody,
  CreateKey: schemas.createKeyBody,
  CreateLink: schemas.createLinkBody,
  CreateAccount: schemas.createAccountBody,
  Credential: schemas.rotatedBody,
  Health: schemas.healthBody,
  Inspected: schemas.inspectedBody,
  KeyCreated: schemas.keyCreatedBody,
  Keys: schemas.keysBody,
  LinkCreated: schemas.linkCreatedBody,
  Links: schemas.linksBody,
  Link: schemas.linkMadeBody,
  Mint: schemas.mintBody,
  Minted: schemas.mintedBody,
  NewLink: schemas.newLinkBody,
  Offer: schemas.offerBody,
  RotateCredential: schemas.rotateBody,
};

const CONTROL_PLANE = {
  title: "AMS control plane",
  description:
    "Accounts, conversations and magic links over HTTP. Errors are `{error, message}`; unknown members of a body are ignored; metadata comes back exactly as it was given.",
} as const;

export function describeRoutes(
  routes: readonly Route[],
  version: string,
  about: { readonly title: string; readonly description: string } = CONTROL_PLANE,
): OpenApiDocument {
  const app = new OpenAPIHono();
  const registry = app.openAPIRegistry;
  registry.registerComponent("securitySchemes", "credential", {
    type: "http",
    scheme: "bearer",
    description: "An account's credential, `ams_sk_…`.",
  });
  registry.registerComponent("securitySchemes", "link", {
    type: "apiKey",
    in: "query",
    name: "t",
    description: "A link token: the `t` of a magic link.",
  });
  const named = new Map<z.ZodType, z.ZodType>(
    Object.entries(NAMED).map(([name, schema]) => [
      schema,
      registry.register(name, withSentences(schema).clone()),
    ]),
  );
  for (const route of routes) registry.registerPath(toOperation(route, named));
  return app.getOpenAPI31Document({
    openapi: "3.1.0",
    info: {
      title: about.title,
      version,
      description: about.description,
      license: { name: "Apache-2.0", url: "https://www.apache.org/licenses/LICENSE-2.0" },
    },
    servers: [{ url: "/" }],
  });
}

function toOperation({ method, path, endpoint }: Route, named: Map<z.ZodType, z.ZodType>) {
  const { doc, name } = endpoint;
  const lower = { GET: "get", POST: "post", DELETE: "delete" } as const;
  const operation: RouteConfig = {
    method: lower[method],
    path: path.replaceAll(/:(\w+)/g, "{$1}"),
    operationId: name,
    summary: doc.summary,
    description: doc.description,
    security: securityOf(doc.auth),
    "x-curl": doc.curl,
    request: {
      ...paramsOf(path),
      ...(doc.query === undefined ? {} : { query: doc.query }),
      ...(doc.body === undefined ? {} : { body: bodyOf(doc.body, named) }),
    },
    responses: { ...successesOf(doc, named), ...errorsOf(doc) },
  };
  return operation;
}

function securityOf(auth: EndpointDoc["auth"]): Record<string, string[]>[] {
  switch (auth) {
    case "none":
      return [];
    case "bearer":
      return [{ credential: [] }];
    case "link-or-bearer":
      return [{ credential: [] }, { link: [] }];
  }
}

function paramsOf(path: string) {
  const known: Record<string, z.ZodType> = {
    namespace: schemas.namespace,
    alias: schemas.alias,
  };
  const names = [...path.matchAll(/:(\w+)/g)].map(([, name]) => name ?? "");
  if (names.length === 0) return {};
  return {
    params: z.object(Object.fromEntries(names.map((name) => [name, known[name] ?? z.string()]))),
  };
}

function bodyOf(body: NonNullable<EndpointDoc["body"]>, named: Map<z.ZodType, z.ZodType>) {
  return { content: jsonOf(named.get(body.schema) ?? body.schema), required: body.required };
}

function successesOf(doc: EndpointDoc, named: Map<z.ZodType, z.ZodType>): RouteConfig["responses"] {
  const rows = Object.entries(doc.success).map(([status, { about, schema, type }]) => {
    const content = schema === null ? {} : { content: jsonOf(named.get(schema) ?? schema, type) };
    return [status, { description: about, ...content }];
  });
  return Object.fromEntries(rows);
}

/** One response for each status, which lists the codes that come with it. */
function errorsOf(doc: EndpointDoc): RouteConfig["responses"] {
  const byStatus = new Map<number, ProblemCode[]>();
  const suspended = doc.auth === "bearer" ? (["account_suspended"] as const) : [];
  const codes = [...doc.errors, ...suspended, ...(doc.errors.length === 0 ? [] : ALWAYS)];
  for (const code of codes) {
    const { status } = PROBLEMS[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return Object.fromEntries(Array.from(byStatus, ([status, of]) => [status, problemOf(of)]));
}

function problemOf(codes: readonly ProblemCode[]) {
  const retry = {
    "Retry-After": { description: "Seconds.", schema: { type: "integer" as const } },
  };
  return {
    description: codes.map((code) => `\`${code}\`: ${PROBLEMS[code].message}`).join("\n"),
    content: jsonOf(z.object({ error: z.enum(codes), message: z.string() })),
    ...(codes.includes("rate_limited") ? { headers: retry } : {}),
  };
}

function jsonOf(schema: z.ZodType, type = "application/json") {
  return { [type]: { schema } };
}

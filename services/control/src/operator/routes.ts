/** Every route of the operator API, in the order of its description. */
import { z } from "zod";
import { VERSION } from "../conversations/offer.ts";
import { describeRoutes } from "../docs/openapi.ts";
import type { Route } from "../http/endpoint.ts";
import { replyJson } from "../http/reply.ts";
import {
  deleteOneAccount,
  listAccounts,
  resume,
  setLimits,
  setPlan,
  showOneAccount,
  suspend,
} from "./accounts.ts";
import { listAudit } from "./audit.ts";
import { guarded, OPERATOR_ERRORS, type OperatorEndpoint } from "./authenticate.ts";
import { drainGateway, listGateways, showOverview } from "./gateways.ts";

const BASE = "/operator/v1";

const showKey: OperatorEndpoint = {
  name: "operator_show_key",
  role: "read",
  doc: {
    summary: "Show the key",
    description: "Whose key this is, and what it may do.",
    auth: "bearer",
    success: {
      200: {
        about: "The key.",
        schema: z.object({
          key_id: z.string(),
          name: z.string(),
          role: z.enum(["read", "support", "admin"]),
          created_at: z.string(),
        }),
      },
    },
    errors: OPERATOR_ERRORS,
    curl: "",
  },
  handle: async (_call, _tools, key) => replyJson(key),
};

const showDescription: OperatorEndpoint = {
  name: "operator_show_openapi",
  role: "read",
  doc: {
    summary: "This description, for machines",
    description: "An OpenAPI 3.1 document.",
    auth: "bearer",
    success: { 200: { about: "The document.", schema: z.looseObject({}) } },
    errors: OPERATOR_ERRORS,
    curl: "",
  },
  handle: async () => replyJson(describeRoutes(OPERATOR_ROUTES, VERSION, OPERATORS)),
};

const OPERATORS = {
  title: "AMS operator API",
  description:
    "For those who run a deployment, on the admin port only. Every request bears an operator key.",
} as const;

const ACCOUNT = `${BASE}/accounts/:account`;

export const OPERATOR_ROUTES: readonly Route[] = [
  { method: "GET", path: `${BASE}/key`, endpoint: guarded(showKey) },
  { method: "GET", path: `${BASE}/overview`, endpoint: guarded(showOverview) },
  { method: "GET", path: `${BASE}/accounts`, endpoint: guarded(listAccounts) },
  { method: "GET", path: ACCOUNT, endpoint: guarded(showOneAccount) },
  { method: "DELETE", path: ACCOUNT, endpoint: guarded(deleteOneAccount) },
  { method: "POST", path: `${ACCOUNT}/limits`, endpoint: guarded(setLimits) },
  { method: "POST", path: `${ACCOUNT}/plan`, endpoint: guarded(setPlan) },
  { method: "POST", path: `${ACCOUNT}/suspend`, endpoint: guarded(suspend) },
  { method: "POST", path: `${ACCOUNT}/resume`, endpoint: guarded(resume) },
  { method: "GET", path: `${BASE}/gateways`, endpoint: guarded(listGateways) },
  { method: "POST", path: `${BASE}/gateways/:gateway/drain`, endpoint: guarded(drainGateway) },
  { method: "GET", path: `${BASE}/audit`, endpoint: guarded(listAudit) },
  { method: "GET", path: `${BASE}/openapi.json`, endpoint: guarded(showDescription) },
];

/** All routes on one screen; `/openapi.json` is made from them. */
import type { Amp } from "../amp.ts";
import type { Answer } from "../http/answer.ts";
import type { Call, Caller, Owner } from "../http/call.ts";
import type { RateKind } from "../http/rates.ts";
import * as admins from "./admin.ts";
import * as agents from "./agents.ts";
import * as attachments from "./attachments.ts";
import * as discovery from "./discovery.ts";
import * as federation from "./federation.ts";
import * as keys from "./keys.ts";
import * as messages from "./messages.ts";
import * as owners from "./owners.ts";
import { register } from "./register.ts";
import { getResolve } from "./resolve.ts";
import { postRoute } from "./route.ts";

type Common = {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** The first one is its name, the others mean the same. */
  readonly paths: readonly [string, ...string[]];
  readonly about: string;
  /** Whether pages of other sites may read the answer. */
  readonly isOpen?: true;
  /** What the body is: JSON unless given; `stream` is read by the route. */
  readonly body?: "none" | "optional" | "stream";
};

export type Route = Common &
  (
    | { readonly auth: "none"; readonly rate: RateKind | null; readonly run: Open }
    | { readonly auth: "own"; readonly run: Open }
    | { readonly auth: "admin"; readonly run: Open }
    | {
        readonly auth: "owner";
        readonly run: (amp: Amp, call: Call, owner: Owner) => Promise<Answer>;
      }
    | {
        readonly auth: "agent" | "agent-or-url";
        readonly rate: RateKind;
        /** Refused while the agent is suspended. */
        readonly isMail?: true;
        readonly run: (amp: Amp, call: Call, caller: Caller) => Promise<Answer>;
      }
  );

type Open = (amp: Amp, call: Call) => Promise<Answer>;

type Method = Common["method"];

/** `GET /a /b`: the method, then the paths. */
function at(spec: string, about: string): Common {
  const [method = "", first = "", ...others] = spec.split(" ");
  return { method: METHODS[method] ?? "GET", paths: [first, ...others], about };
}

const METHODS: Readonly<Record<string, Method>> = {
  GET: "GET",
  POST: "POST",
  PUT: "PUT",
  PATCH: "PATCH",
  DELETE: "DELETE",
};

type ForAgent = (amp: Amp, call: Call, caller: Caller) => Promise<Answer>;
type ForOwner = (amp: Amp, call: Call, owner: Owner) => Promise<Answer>;

function open(spec: string, about: string, run: Open, rate: RateKind | null): Route {
  return { ...at(spec, about), auth: "none", rate, run };
}

/** It finds out itself who sends it. */
function own(spec: string, about: string, run: Open): Route {
  return { ...at(spec, about), auth: "own", run };
}

function admin(spec: string, about: string, run: Open): Route {
  return { ...at(spec, about), auth: "admin", run };
}

function owner(spec: string, about: string, run: ForOwner): Route {
  return { ...at(spec, about), auth: "owner", run };
}

function agent(spec: string, about: string, run: ForAgent, rate: RateKind = "requests"): Route {
  return { ...at(spec, about), auth: "agent", rate, run };
}

function mail(spec: string, about: string, run: ForAgent): Route {
  return { ...at(spec, about), auth: "agent", rate: "requests", isMail: true, run };
}

function pending(spec: string, about: string, run: ForAgent): Route {
  return { ...at(spec, about), auth: "agent", rate: "pending", isMail: true, body: "none", run };
}

function url(spec: string, about: string, run: ForAgent, rate: RateKind): Route {
  return { ...at(spec, about), auth: "agent-or-url", rate, run };
}

export const ROUTES: readonly Route[] = [
  {
    ...open("GET /health", "Whether the provider works.", discovery.getHealth, null),
    body: "none",
    isOpen: true,
  },
  {
    ...open("GET /info", "What the provider offers.", discovery.getInfo, "requests"),
    body: "none",
    isOpen: true,
  },
  open("POST /register", "Register an agent.", register, "registrations"),
  { ...agent("GET /agents/me", "The agent's own record.", agents.getMe), body: "none" },
  agent("PATCH /agents/me", "Change the agent's record.", agents.patchMe),
  { ...agent("DELETE /agents/me", "Deregister the agent.", agents.deleteMe), body: "optional" },
  { ...agent("GET /agents/me/card", "The agent's card.", agents.getCard), body: "none" },
  agent("PUT /agents/me/card", "Put a card that the agent signed.", agents.putCard),
  {
    ...agent("GET /agents/me/inbox", "The agent's inbox on the wire.", agents.getInbox),
    body: "none",
  },
  {
    ...agent(
      "POST /agents/me/inbox",
      "A new link of the inbox; the old one ends.",
      agents.renewInbox,
    ),
    body: "optional",
  },
  { ...agent("GET /agents", "Agents of the caller's tenant.", agents.listAgents), body: "none" },
  {
    ...owner("GET /agents/owned", "Agents of the account's tenant.", owners.listOwned),
    body: "none",
  },
  {
    ...owner(
      "DELETE /agents/owned/{agent_id}",
      "Deregister an agent of the account's tenant.",
      owners.deleteOwned,
    ),
    body: "optional",
  },
  {
    ...own(
      "GET /agents/resolve/{address} /agents/{@address}",
      "The public key of an address.",
      getResolve,
    ),
    body: "none",
  },
  { ...owner("GET /auth/user-key", "The account's user key.", owners.getUserKey), body: "none" },
  {
    ...owner("DELETE /auth/user-key", "End all earlier user keys.", owners.deleteUserKey),
    body: "optional",
  },
  { ...agent("POST /auth/rotate-key", "A new API key.", keys.rotateKey), body: "optional" },
  {
    ...agent("DELETE /auth/revoke-key", "End the API key that is used.", keys.revokeKey),
    body: "optional",
  },
  agent("POST /auth/rotate-keys", "A new key pair.", keys.rotateKeyPair),
  { ...own("POST /route", "Send a message.", postRoute), body: "optional" },
  pending("GET /messages/pending /messages /inbox", "Messages that wait.", messages.getPending),
  pending("GET /messages/pending/count", "How many messages wait.", messages.countPending),
  {
    ...mail(
      "DELETE /messages/pending/{id} /messages/pending",
      "Acknowledge a message.",
      messages.ackOne,
    ),
    body: "optional",
  },
  { ...mail("POST /inbox/{id}/ack", "Acknowledge a message.", messages.ackOne), body: "optional" },
  mail(
    "POST /messages/pending/ack /messages/pending",
    "Acknowledge up to 100 messages.",
    messages.ackMany,
  ),
  {
    ...mail(
      "POST /messages/{id}/read",
      "Let the sender know that a message was read.",
      messages.markRead,
    ),
    body: "optional",
  },
  agent("POST /attachments/upload", "Announce an attachment.", attachments.upload, "uploads"),
  {
    ...agent(
      "POST /attachments/upload/direct",
      "Upload an attachment in one request.",
      attachments.uploadDirect,
      "uploads",
    ),
    body: "stream",
  },
  {
    ...open(
      "PUT /attachments/{id}/upload",
      "The bytes of an attachment.",
      attachments.putBytes,
      "requests",
    ),
    body: "stream",
  },
  {
    ...agent(
      "POST /attachments/{id}/confirm",
      "Have an attachment scanned.",
      attachments.confirm,
      "confirms",
    ),
    body: "optional",
  },
  {
    ...agent("GET /attachments/{id}", "An attachment's state.", attachments.showAttachment),
    body: "none",
  },
  {
    ...url(
      "GET /attachments/{id}/download",
      "An attachment's bytes.",
      attachments.download,
      "requests",
    ),
    body: "none",
    isOpen: true,
  },
  {
    ...own("POST /federation/deliver", "A message from another provider.", federation.receive),
    body: "optional",
  },
  {
    ...admin("POST /agents/{agent_id}/suspend", "Suspend an agent.", admins.suspend),
    body: "optional",
  },
  {
    ...admin("POST /agents/{agent_id}/unsuspend", "End a suspension.", admins.unsuspend),
    body: "optional",
  },
  {
    ...admin(
      "GET /admin/quarantine",
      "Quarantined messages, without content.",
      admins.listQuarantine,
    ),
    body: "none",
  },
  {
    ...admin(
      "POST /admin/quarantine/{qtn_id}/approve",
      "Deliver a quarantined message.",
      admins.approve,
    ),
    body: "optional",
  },
  {
    ...admin(
      "POST /admin/quarantine/{qtn_id}/reject",
      "Drop a quarantined message.",
      admins.reject,
    ),
    body: "optional",
  },
  {
    ...admin("GET /admin/agents/{agent_id}/risk", "An agent's risk.", admins.getRisk),
    body: "none",
  },
  admin("POST /admin/revocations", "Revoke a key.", admins.addRevocation),
];

/** What `/openapi.json` answers. */
export function openApi(version: string, endpoint: string) {
  const paths: Record<string, Record<string, unknown>> = {};
  const secured: Readonly<Record<Route["auth"], boolean>> = {
    none: false,
    own: true,
    admin: true,
    owner: true,
    agent: true,
    "agent-or-url": true,
  };
  for (const { method, paths: all, about, auth } of ROUTES) {
    for (const path of all) {
      const plain = path.replace("{@", "{");
      const names = [...plain.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? "");
      const parameters = names.map((name) => {
        return { name, in: "path", required: true, schema: { type: "string" } };
      });
      const operation = {
        summary: about,
        ...(parameters.length === 0 ? {} : { parameters }),
        ...(secured[auth] ? { security: [{ bearer: [] }] } : {}),
        responses: {
          default: {
            description: "The answer, or a refusal with `error` and `message`.",
            content: { "application/json": { schema: { type: "object" } } },
          },
        },
      };
      paths[plain] = { ...paths[plain], [method.toLowerCase()]: operation };
    }
  }
  return {
    openapi: "3.1.0",
    info: { title: "Agent Messaging Protocol", version },
    servers: [{ url: endpoint }],
    components: { securitySchemes: { bearer: { type: "http", scheme: "bearer" } } },
    paths,
  };
}

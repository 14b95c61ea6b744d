/** What every route works with, and one request as it sees it. */
import type { Log } from "@ams/process";
import type { Clients } from "../clients.ts";
import type { Grants } from "../grants.ts";

export type Tools = {
  /** Base URL of the deployment, as this process reaches it. */
  readonly url: () => string;
  readonly clients: Clients;
  readonly grants: Grants;
  /** Whether this network may register, or try to consent, once more. */
  readonly registrations: (network: string) => Promise<boolean>;
  readonly consents: (network: string) => Promise<boolean>;
  readonly log: Log;
};

export type Call = {
  readonly request: Request;
  /** As the caller reaches the deployment: the issuer. */
  readonly baseUrl: string;
  readonly network: string;
};

export type Handler = (call: Call, tools: Tools) => Response | Promise<Response>;

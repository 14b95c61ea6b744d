/** Who may ask for what, and how often. */
import type { Account } from "@ams/client";
import { type Caller, type CallerFault, type Space, SpaceGate } from "@ams/edge";
import type { ErrorCode } from "@ams/workflow-rules";
import { reject } from "./answers.ts";
import type { Workflows } from "./service.ts";

export class Gate {
  readonly #gate: SpaceGate;

  constructor(service: Workflows) {
    this.#gate = new SpaceGate({
      credentials: () => service.credentials,
      links: () => service.links,
      ...service.config,
    });
  }

  async account(request: Request): Promise<Account> {
    const found = await this.#gate.account(request);
    return found.ok ? found.account : reject(codeOf(found.fault));
  }

  async callerOf(request: Request, space: Space | null, isOpenToLink: boolean): Promise<Caller> {
    const called = await this.#gate.callerOf(request, space, isOpenToLink);
    return called.ok ? called.caller : reject(codeOf(called.fault));
  }

  async countWrite(account: string): Promise<void> {
    if (!(await this.#gate.countWrite(account))) reject("rate_limited");
  }

  async countSpace(account: string): Promise<void> {
    if (!(await this.#gate.countSpace(account))) reject("rate_limited");
  }
}

function codeOf(fault: CallerFault): ErrorCode {
  return fault === "unavailable" ? "store_unavailable" : fault;
}

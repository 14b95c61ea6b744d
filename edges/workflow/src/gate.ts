/** Who may ask for what, and how often. */

import type { Account } from "@ams/client";
import { accountOf, type Caller, type CallerFault, callerOf, type Space } from "@ams/edge";
import type { ErrorCode } from "@ams/workflow-rules";
import { RateLimiterMemory, RateLimiterRes } from "rate-limiter-flexible";
import { reject } from "./answers.ts";
import type { Workflows } from "./service.ts";

const MINUTE_S = 60;
const DAY_S = 86_400;

export class Gate {
  readonly #service: Workflows;
  readonly #writes: RateLimiterMemory | null;
  readonly #spaces: RateLimiterMemory | null;

  constructor(service: Workflows) {
    this.#service = service;
    const { writesPerMinute, spacesPerAccount } = service.config;
    this.#writes = limiter(writesPerMinute, MINUTE_S);
    this.#spaces = limiter(spacesPerAccount, DAY_S);
  }

  async account(request: Request): Promise<Account> {
    const found = await accountOf(request, this.#service.credentials);
    return found.ok ? found.account : reject(codeOf(found.fault));
  }

  async callerOf(request: Request, space: Space | null, isOpenToLink: boolean): Promise<Caller> {
    const { credentials, links } = this.#service;
    const alias = ({ access }: Space) => access.opened?.alias ?? "";
    const called = await callerOf(request, space, { credentials, links, isOpenToLink, alias });
    return called.ok ? called.caller : reject(codeOf(called.fault));
  }

  async countWrite(account: string): Promise<void> {
    await count(this.#writes, account);
  }

  async countSpace(account: string): Promise<void> {
    await count(this.#spaces, account);
  }
}

function limiter(points: number, duration: number): RateLimiterMemory | null {
  return points === 0 ? null : new RateLimiterMemory({ points, duration });
}

async function count(limit: RateLimiterMemory | null, key: string): Promise<void> {
  try {
    await limit?.consume(key);
  } catch (error) {
    if (!(error instanceof RateLimiterRes)) throw error;
    reject("rate_limited");
  }
}

function codeOf(fault: CallerFault): ErrorCode {
  return fault === "unavailable" ? "store_unavailable" : fault;
}

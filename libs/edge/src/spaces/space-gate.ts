/** Who may ask a service of spaces for what, and how often (D2, D9). */
import { RateLimiterMemory, RateLimiterRes } from "rate-limiter-flexible";
import type { Credentials, Links } from "../contract.ts";
import { accountOf, type Called, callerOf } from "./callers.ts";
import type { Space } from "./spaces.ts";

const MINUTE_S = 60;
const DAY_S = 86_400;

export type SpaceGateOptions = {
  readonly credentials: () => Credentials;
  readonly links: () => Links;
  /** 0 is off. */
  readonly writesPerMinute: number;
  readonly spacesPerAccount: number;
};

export class SpaceGate {
  readonly #options: SpaceGateOptions;
  readonly #writes: RateLimiterMemory | null;
  readonly #spaces: RateLimiterMemory | null;

  constructor(options: SpaceGateOptions) {
    this.#options = options;
    this.#writes = limiter(options.writesPerMinute, MINUTE_S);
    this.#spaces = limiter(options.spacesPerAccount, DAY_S);
  }

  async account(request: Request) {
    return await accountOf(request, this.#options.credentials());
  }

  async callerOf(request: Request, space: Space | null, isOpenToLink: boolean): Promise<Called> {
    const [credentials, links] = [this.#options.credentials(), this.#options.links()];
    const alias = ({ access }: Space) => access.opened?.alias ?? "";
    return await callerOf(request, space, { credentials, links, isOpenToLink, alias });
  }

  /** False where it is one too many. */
  async countWrite(account: string): Promise<boolean> {
    return await count(this.#writes, account);
  }

  async countSpace(account: string): Promise<boolean> {
    return await count(this.#spaces, account);
  }
}

function limiter(points: number, duration: number): RateLimiterMemory | null {
  return points === 0 ? null : new RateLimiterMemory({ points, duration });
}

async function count(limit: RateLimiterMemory | null, key: string): Promise<boolean> {
  try {
    await limit?.consume(key);
    return true;
  } catch (error) {
    if (!(error instanceof RateLimiterRes)) throw error;
    return false;
  }
}

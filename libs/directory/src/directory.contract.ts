/** What every directory promises: the suite that runs on both. */
import { describe } from "vitest";
import { accountKeysContract } from "./contract/account-keys.ts";
import { accountsContract } from "./contract/accounts.ts";
import { conversationsContract } from "./contract/conversations.ts";
import { expiryContract } from "./contract/expiry.ts";
import { hostingContract } from "./contract/hosting.ts";
import { leasesContract } from "./contract/leases.ts";
import { linksContract } from "./contract/links.ts";
import { outboxContract } from "./contract/outbox.ts";
import { peppersContract } from "./contract/peppers.ts";
import { plansContract } from "./contract/plans.ts";
import { presenceContract } from "./contract/presence.ts";
import { usageContract } from "./contract/usage.ts";
import type { World } from "./contract/world.ts";

/** `open` is called once for each group of tests; every test makes names of its own. */
export function directoryContract(name: string, open: () => Promise<World>): void {
  describe(`the directory, ${name}`, () => {
    accountsContract(open);
    accountKeysContract(open);
    conversationsContract(open);
    linksContract(open);
    presenceContract(open);
    leasesContract(open);
    expiryContract(open);
    peppersContract(open);
    outboxContract(open);
    plansContract(open);
    hostingContract(open);
    usageContract(open);
  });
}

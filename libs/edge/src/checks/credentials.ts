/** Whose a credential is, asked of the deployment. */
import { openAccount } from "@ams/client";
import type { Clock, Credentials } from "../contract.ts";
import { CHECK_KEPT_MS, CHECKS_KEPT_MAX } from "../limits.ts";
import { Remembered } from "../subscriptions/remembered.ts";
import { faultOf } from "./ams-faults.ts";
import { failure } from "./faults.ts";

export function askCredentials(url: string, clock: Clock): Credentials {
  const accounts = new Remembered<{ readonly account: Awaited<ReturnType<typeof openAccount>> }>({
    keptMs: CHECK_KEPT_MS,
    max: CHECKS_KEPT_MAX,
    clock,
  });
  return {
    check: (credential) =>
      accounts.get(credential, async () => {
        try {
          return { ok: true, account: await openAccount(url, { credential }) };
        } catch (error) {
          return failure(faultOf(error));
        }
      }),
  };
}

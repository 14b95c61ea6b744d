/** What the deployment offers. Asked instead of assumed, for it may be newer or older than this. */
import { type Offer, offer } from "@ams/client";
import { faultOf } from "../checks/ams-faults.ts";
import { failure } from "../checks/faults.ts";
import type { Clock, Result } from "../contract.ts";
import { OFFER_KEPT_MS } from "../limits.ts";
import { Remembered } from "./remembered.ts";

type Offered = { readonly offer: Offer };

export function askOffer(url: string, clock: Clock): () => Promise<Result<Offered>> {
  const offers = new Remembered<Offered>({ keptMs: OFFER_KEPT_MS, max: 1, clock });
  return () =>
    offers.get(url, async () => {
      try {
        return { ok: true, offer: await offer(url) };
      } catch (error) {
        return failure(faultOf(error));
      }
    });
}

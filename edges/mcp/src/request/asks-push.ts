/** Whether a client's capabilities ask for notifications. */
import { z } from "zod";

const pushCapability = z.looseObject({ ams: z.looseObject({ push: z.literal(true) }) });

/** `experimental: {ams: {push: true}}` among a client's capabilities. */
export function asksPush(experimental: unknown): boolean {
  return pushCapability.safeParse(experimental).success;
}

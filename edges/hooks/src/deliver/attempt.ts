/** One attempt: who it is for, what is sent, and what came of it. */
import type { Outgoing, Sealer } from "@ams/process";
import type { Webhook } from "../control.ts";
import { ANSWER_BYTES_MAX } from "../limits.ts";
import type { Queued } from "./event.ts";
import { signatureOf } from "./signature.ts";

export type Came = {
  readonly isDelivered: boolean;
  readonly status: number | null;
  /** `refused` is a target inside, `failed` the network's or a late answer, `sealed` our secret. */
  readonly error: "refused" | "failed" | "sealed" | null;
};

const GONE = 410;

export async function sendOnce(
  { outgoing, sealer, now }: SendParts,
  webhook: Webhook,
  { message_id, body }: Queued,
): Promise<Came> {
  const secrets = webhook.secrets.flatMap((sealed) => sealer.open(sealed) ?? []);
  if (secrets.length === 0) return { isDelivered: false, status: null, error: "sealed" };
  const timestampS = Math.floor(now() / 1_000);
  const answer = await outgoing.request(webhook.url, {
    method: "POST",
    body,
    bytesMax: ANSWER_BYTES_MAX,
    redirectsMax: 0,
    headers: {
      "content-type": "application/json",
      "user-agent": "ams-webhooks",
      "webhook-id": message_id,
      "webhook-timestamp": String(timestampS),
      "webhook-signature": signatureOf(secrets, message_id, timestampS, body),
    },
  });
  if (!answer.ok) return { isDelivered: false, status: null, error: answer.fault };
  const isDelivered = answer.status >= 200 && answer.status < 300;
  return { isDelivered, status: answer.status, error: null };
}

export type SendParts = {
  readonly outgoing: Outgoing;
  readonly sealer: Sealer;
  /** Unix milliseconds. */
  readonly now: () => number;
};

/** The receiver says that it wants nothing more, ever. */
export function isGone({ status }: Came): boolean {
  return status === GONE;
}

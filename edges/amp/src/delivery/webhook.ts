/** Webhooks: what is sent, how it is signed, and when it is tried again. */
import { hmacSignature, timedBody } from "@ams/amp";
import type { AgentRecord } from "../agents/record.ts";
import type { Amp } from "../amp.ts";
import type { AgentRef, JobSpec, Queued } from "../store/store.ts";
import { render } from "./message.ts";

/** Milliseconds after the acceptance at which each try is made. */
export const WEBHOOK_DELAYS_MS: readonly [number, number, number] = [0, 30_000, 120_000];

export type WebhookJob = {
  readonly kind: "webhook";
  readonly agent: AgentRef;
  readonly id: string;
  /** Index of the try in `WEBHOOK_DELAYS_MS`. */
  readonly attempt: number;
  readonly acceptedAtMs: number;
};

export type WebhookOutcome = "delivered" | "refused" | "failed";

export function webhookJobId(agent: AgentRef, id: string): string {
  return `webhook:${agent.id}:${id}`;
}

export function webhookJob(agent: AgentRef, id: string, attempt: number, atMs: number): JobSpec {
  const { tenant, id: agentId } = agent;
  const acceptedAtMs = atMs - (WEBHOOK_DELAYS_MS[attempt] ?? 0);
  const job: WebhookJob = {
    kind: "webhook",
    agent: { tenant, id: agentId },
    id,
    attempt,
    acceptedAtMs,
  };
  return { id: webhookJobId(agent, id), atMs, value: JSON.stringify(job) };
}

/** One try. 4xx is the receiver's word; a network fault or 5xx may be another time. */
export async function postWebhook(
  amp: Pick<Amp, "outgoing" | "secrets" | "now" | "metrics">,
  { delivery }: AgentRecord,
  queued: Queued,
  attempt: number,
): Promise<WebhookOutcome> {
  if (delivery.webhook_url === null) return "refused";
  const body = render(queued, "webhook");
  const outcome = await postSigned(amp, delivery.webhook_url, delivery.secret, body, {
    "x-amp-message-id": queued.id,
    "x-amp-delivery-attempt": String(attempt),
  });
  amp.metrics.webhooks.inc({ outcome });
  return outcome;
}

export async function postSigned(
  { outgoing, secrets, now }: Pick<Amp, "outgoing" | "secrets" | "now">,
  url: string,
  sealed: string | null,
  body: string,
  headers: Readonly<Record<string, string>>,
): Promise<WebhookOutcome> {
  const secret = sealed === null ? null : secrets.open(sealed);
  const timestamp = String(Math.floor(now() / 1_000));
  const signature = secret === null ? null : hmacSignature(secret, timedBody(timestamp, body));
  const sent = await outgoing.request(url, {
    method: "POST",
    body,
    headers: {
      "content-type": "application/json",
      "user-agent": "ams-amp",
      ...headers,
      "x-amp-timestamp": timestamp,
      ...(signature === null ? {} : { "x-amp-signature": signature }),
    },
  });
  if (!sent.ok) return sent.fault === "refused" ? "refused" : "failed";
  if (sent.status >= 200 && sent.status < 300) return "delivered";
  return sent.status >= 500 ? "failed" : "refused";
}

/** What the sender asks control: events that wait, webhooks, and where it reports attempts. */
import { z } from "zod";

/** Milliseconds that control may take. */
const ANSWER_MS = 10_000;

const place = z.object({ partition: z.number(), owner: z.string(), entry: z.string() });

const event = z.object({
  at: place,
  message_id: z.string(),
  at_ms: z.number(),
  type: z.string(),
  account_id: z.string().nullable(),
  namespace: z.string().nullable(),
  observer: z.string().nullable(),
  data: z.record(z.string(), z.unknown()),
});
export type WaitingEvent = z.infer<typeof event>;

const webhook = z.object({
  webhook_id: z.string(),
  url: z.string(),
  types: z.array(z.string()),
  /** Sealed. */
  secrets: z.array(z.string()),
  enabled: z.boolean(),
});
export type Webhook = z.infer<typeof webhook>;

export type Attempt = {
  readonly account_id: string;
  readonly disables: boolean;
  readonly delivery: {
    readonly message_id: string;
    readonly webhook_id: string;
    readonly type: string;
    readonly attempt: number;
    readonly at: string;
    readonly status: "delivered" | "failed" | "dead";
    readonly http_status: number | null;
    readonly error: string | null;
    readonly took_ms: number;
    readonly next_attempt_at: string | null;
  };
};

export type Control = {
  readonly take: (limit: number) => Promise<readonly WaitingEvent[]>;
  readonly remove: (places: readonly WaitingEvent["at"][]) => Promise<void>;
  readonly webhooksOf: (accountId: string) => Promise<readonly Webhook[]>;
  readonly report: (attempts: readonly Attempt[]) => Promise<void>;
  /** A token of a link for the observer; null where nobody wants one. */
  readonly link: (question: {
    readonly namespace: string;
    readonly alias: string;
    readonly observer: string;
  }) => Promise<string | null>;
};

/** Every call rejects where control can't be reached, or refuses. */
export function openControl(url: () => string, secret: string): Control {
  const ask = async <Schema extends z.ZodType>(
    step: string,
    question: object,
    schema: Schema,
  ): Promise<z.infer<Schema>> => {
    const body = JSON.stringify(question);
    const response = await fetch(`${url()}/v1/outbox/${step}`, {
      method: "POST",
      headers: { authorization: `Bearer ${secret}`, "content-type": "application/json" },
      body,
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    if (!response.ok) {
      await response.body?.cancel();
      throw new Error(`control answered ${response.status} to ${step}`);
    }
    return schema.parse(await response.json());
  };
  return {
    take: async (limit) =>
      (await ask("take", { limit }, z.object({ events: z.array(event) }))).events,
    remove: async (places) => {
      await ask("remove", { places }, z.object({}));
    },
    webhooksOf: async (accountId) => {
      const schema = z.object({ accounts: z.record(z.string(), z.array(webhook)) });
      return (
        (await ask("webhooks", { account_ids: [accountId] }, schema)).accounts[accountId] ?? []
      );
    },
    report: async (attempts) => {
      await ask("attempts", { attempts }, z.object({}));
    },
    link: async (question) =>
      (await ask("link", question, z.object({ token: z.string().nullable() }))).token,
  };
}

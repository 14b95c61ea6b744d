/** What of a stateless request must be known before the SDK reads it. */
import { CLIENT_INFO_META_KEY } from "@modelcontextprotocol/server";
import { z } from "zod";

export type StatelessRequest = {
  readonly method: string | null;
  /** The caller's program as it calls itself. */
  readonly clientName: string | null;
  /** The link in a tool's arguments. It is a secret. */
  readonly magicLink: string | null;
  /** True when the answer may take long. */
  readonly waits: boolean;
  /** URIs of `subscriptions/listen`. */
  readonly uris: readonly string[];
};

const shape = z.looseObject({
  method: z.string().nullable().catch(null),
  params: z
    .looseObject({
      name: z.string().catch(""),
      arguments: z
        .looseObject({
          magic_link: z.string().nullable().catch(null),
          wait_ms: z.unknown().optional(),
        })
        .catch({ magic_link: null, wait_ms: undefined }),
      _meta: z.record(z.string(), z.unknown()).catch({}),
      notifications: z
        .looseObject({ resourceSubscriptions: z.array(z.string()).catch([]) })
        .catch({ resourceSubscriptions: [] }),
    })
    .nullable()
    .catch(null),
});

const clientInfo = z.looseObject({ name: z.string() });

const NOTHING: StatelessRequest = {
  method: null,
  clientName: null,
  magicLink: null,
  waits: false,
  uris: [],
};

export function describeRequest(body: unknown): StatelessRequest {
  const read = shape.safeParse(body);
  if (!read.success) return NOTHING;
  const { method, params } = read.data;
  if (params === null) return { ...NOTHING, method };
  const info = clientInfo.safeParse(params._meta[CLIENT_INFO_META_KEY]);
  const { magic_link: magicLink, wait_ms } = params.arguments;
  return {
    method,
    clientName: info.success ? info.data.name : null,
    magicLink,
    waits: params.name === "ams_recv" && Number(wait_ms ?? 1) !== 0,
    uris: params.notifications.resourceSubscriptions,
  };
}

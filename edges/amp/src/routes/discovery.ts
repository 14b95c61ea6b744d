/** What the provider says of itself. */
import { ATTACHMENT_BYTES_MAX, ATTACHMENTS_BYTES_MAX, ATTACHMENTS_MAX } from "@ams/amp";
import type { Amp } from "../amp.ts";
import { type Answer, answer } from "../http/answer.ts";

export const VERSION = "0.1.2";
const DOCUMENT_SECONDS = 3_600;

export function capabilitiesOf({ config, mesh }: Pick<Amp, "config" | "mesh">): readonly string[] {
  const always = "registration local-delivery relay-queue websockets webhooks attachments";
  return [
    ...always.split(" "),
    ...(config.federation === "closed" ? [] : ["federation"]),
    ...(mesh === null ? [] : ["mesh-routing"]),
  ];
}

function identityOf(amp: Amp) {
  const { pem: public_key, fingerprint } = amp.provider.key;
  return { public_key, fingerprint, capabilities: capabilitiesOf(amp) };
}

export async function getHealth(amp: Amp): Promise<Answer> {
  const isStoreThere = await amp.store.ping().then(
    () => true,
    () => false,
  );
  const { mesh, config } = amp;
  const status = isStoreThere ? (amp.wire.isAway() ? "degraded" : "healthy") : "unhealthy";
  const hosts =
    mesh === null
      ? {}
      : {
          mesh: {
            enabled: true,
            hosts_configured: mesh.others.length + 1,
            hosts_reachable: mesh.reachable.size + 1,
            self_host_id: mesh.self.id,
          },
        };
  const body = {
    status,
    version: VERSION,
    provider: config.AMS_AMP_DOMAIN,
    federation: config.federation !== "closed",
    agents_online: amp.feeds.agents().length,
    uptime_seconds: Math.floor((amp.now() - amp.startedAtMs) / 1_000),
    ...hosts,
  };
  return answer(body, isStoreThere ? 200 : 503);
}

export async function getInfo(amp: Amp): Promise<Answer> {
  const { config } = amp;
  return answer({
    provider: config.AMS_AMP_DOMAIN,
    version: "amp/0.1",
    ...identityOf(amp),
    registration_modes: [config.registration],
    rate_limits: {
      messages_per_minute: config.AMS_AMP_ROUTES_PER_MINUTE,
      api_requests_per_minute: config.AMS_AMP_REQUESTS_PER_MINUTE,
    },
    attachment_limits: {
      max_attachment_size: ATTACHMENT_BYTES_MAX,
      max_total_attachment_size: ATTACHMENTS_BYTES_MAX,
      max_attachments_per_message: ATTACHMENTS_MAX,
      direct_upload: true,
      av_scanning: false,
    },
  });
}

export function getDocument(amp: Amp, endpoint: string): Answer {
  const { AMS_AMP_DOMAIN: provider, AMS_AMP_CONTACT: contact } = amp.config;
  const body = {
    version: "AMP1",
    endpoint,
    provider,
    ...identityOf(amp),
    ...(contact === null ? {} : { contact }),
  };
  return { ...answer(body), headers: { "cache-control": `public, max-age=${DOCUMENT_SECONDS}` } };
}

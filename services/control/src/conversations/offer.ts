/**
 * What this deployment is: its version, what it offers, its limits, and whether it is there (§2.8,
 * §2.9).
 */
import { readFileSync } from "node:fs";
import { healthBody } from "@ams/process";
import {
  BODY_BYTES_MAX,
  EXPIRES_IN_S_MAX,
  FRAME_BYTES_MAX,
  HEADER_BYTES_MAX,
  JSON_DEPTH_MAX,
  type JsonText,
  joinMembers,
  LINKS_MAX,
  MAX_JOINS_MAX,
  METADATA_BYTES_MAX,
  REPLAY_BYTES_MIN,
  TOKEN_BYTES_MAX,
  toJsonText,
} from "@ams/protocol";
import { healthBody as healthSchema, offerBody } from "@ams/protocol/schema";
import { z } from "zod";
import type { ControlConfig } from "../config.ts";
import type { Endpoint } from "../http/endpoint.ts";
import { reply } from "../http/reply.ts";

/** The version of this package, which is the version of AMS. */
export const VERSION = readVersion();

export const showOffer: Endpoint = {
  name: "show_offer",
  doc: {
    summary: "What this deployment offers",
    description: "Its version, its features and its limits; a limit of 0 per minute is none.",
    auth: "none",
    success: { 200: { about: "The offer.", schema: offerBody } },
    errors: [],
    curl: "",
  },
  handle: (_call, { config }) =>
    reply(
      200,
      joinMembers({
        version: toJsonText(VERSION),
        features: toJsonText(featuresOf(config)),
        limits: limitsOf(config),
      }),
    ),
};

export const showHealth: Endpoint = {
  name: "show_health",
  doc: {
    summary: "Whether it is there",
    description: "Answers as long as the process does. Readiness is on the admin port.",
    auth: "none",
    success: { 200: { about: "It is there.", schema: healthSchema } },
    errors: [],
    curl: "",
  },
  handle: (_call, { config, now }) => {
    const { host, ts } = healthBody({ now, instance: config.instance, notReady: () => null });
    return reply(
      200,
      joinMembers({ ok: toJsonText(true), host: toJsonText(host), ts: toJsonText(ts) }),
    );
  },
};

function featuresOf(config: ControlConfig): readonly string[] {
  return [
    ...(config.guests ? ["guests"] : []),
    "jcs-sha256",
    "metadata",
    "peer_identity",
    "receipts",
    ...(offersReplay(config) ? ["replay"] : []),
    "selective_subscription",
    "self_subscribe",
    ...(config.eventSecrets.length > 0 ? ["webhooks"] : []),
  ];
}

function offersReplay({ replayTtlSMax, replayBytesMax }: ControlConfig): boolean {
  return replayTtlSMax > 0 && replayBytesMax >= REPLAY_BYTES_MIN;
}

function limitsOf(config: ControlConfig): JsonText {
  return joinMembers({
    streams_per_account: toJsonText(config.streamsPerAccount),
    guests_per_account: toJsonText(config.guestsPerAccount),
    conversations_per_account: toJsonText(config.conversationsPerAccount),
    subscribers_per_conversation: toJsonText(config.subscribersPerConversation),
    accounts_per_minute: toJsonText(config.accountsPerMinute),
    mints_per_minute: toJsonText(config.mintsPerMinute),
    rotations_per_minute: toJsonText(config.rotationsPerMinute),
    token_bytes: toJsonText(TOKEN_BYTES_MAX),
    metadata_bytes: toJsonText(METADATA_BYTES_MAX),
    frame_bytes: toJsonText(FRAME_BYTES_MAX),
    header_bytes: toJsonText(HEADER_BYTES_MAX),
    body_bytes: toJsonText(BODY_BYTES_MAX),
    json_depth: toJsonText(JSON_DEPTH_MAX),
    links_per_conversation: toJsonText(LINKS_MAX),
    expires_in_s: toJsonText(EXPIRES_IN_S_MAX),
    max_joins: toJsonText(MAX_JOINS_MAX),
    replay_ttl_s: toJsonText(offersReplay(config) ? config.replayTtlSMax : 0),
    replay_bytes: toJsonText(offersReplay(config) ? config.replayBytesMax : 0),
  });
}

function readVersion(): string {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return z.object({ version: z.string() }).parse(JSON.parse(text)).version;
}

/**
 * Clients: registered here (RFC 7591), or named by the https address of a document about them
 * (Client ID Metadata Documents). All are public: PKCE and their redirect URIs are what holds.
 */
import type { Outgoing } from "@ams/process";
import { z } from "zod";
import {
  CLIENT_S,
  DOCUMENT_BYTES_MAX,
  DOCUMENT_S,
  NAME_CHARACTERS_MAX,
  REDIRECT_URIS_MAX,
  URI_CHARACTERS_MAX,
} from "./limits.ts";
import { type Refused, refused } from "./problem.ts";
import { isRedirectUri } from "./redirect-uri.ts";
import { hashOf, newSecret } from "./secrets.ts";
import type { Records } from "./store/records.ts";

export type Client = {
  readonly id: string;
  /** As it says itself; nobody has checked it. */
  readonly name: string;
  readonly redirectUris: readonly string[];
};

export type Clients = {
  register(body: string): Promise<Client | Refused>;
  /** The client of this id, or why there is none. */
  find(id: string): Promise<Client | Refused>;
};

const metadata = z.object({
  redirect_uris: z.array(z.string()).min(1).max(REDIRECT_URIS_MAX),
  client_name: z.string().optional(),
  grant_types: z.array(z.string()).max(16).optional(),
  response_types: z.array(z.string()).max(16).optional(),
});
const document = metadata.extend({
  client_id: z.string(),
  token_endpoint_auth_method: z.literal("none").optional(),
});

const REGISTERED_ID = /^oc_[\w-]{43}$/;
const UNKNOWN = refused("invalid_client", "This client isn't known here: register it again.");

export function createClients(records: Records, outgoing: Outgoing): Clients {
  return {
    register: async (body) => {
      const read = readMetadata(metadata, body);
      if (!read.ok) return read;
      const client = clientOf(`oc_${newSecret()}`, read.value);
      if ("error" in client) return client;
      await records.set(`client:${client.id}`, JSON.stringify(client), CLIENT_S);
      return client;
    },

    find: async (id) => {
      if (isDocumentUrl(id)) return findByDocument(id);
      if (!REGISTERED_ID.test(id)) return UNKNOWN;
      const key = `client:${id}`;
      const kept = await records.get(key);
      if (kept === null) return UNKNOWN;
      await records.set(key, kept, CLIENT_S);
      return JSON.parse(kept);
    },
  };

  async function findByDocument(url: string): Promise<Client | Refused> {
    const key = `document:${hashOf(url)}`;
    const kept = await records.get(key);
    if (kept !== null) return JSON.parse(kept);
    const answer = await outgoing.request(url, {
      method: "GET",
      headers: { accept: "application/json" },
      bytesMax: DOCUMENT_BYTES_MAX + 1,
      redirectsMax: 0,
    });
    if (!answer.ok || answer.status !== 200) {
      return refused("invalid_client", "The client's metadata document can't be fetched.");
    }
    const read = readMetadata(document, answer.body.slice(0, DOCUMENT_BYTES_MAX));
    if (!read.ok || read.value.client_id !== url) {
      return refused("invalid_client", "The client's metadata document is not about this client.");
    }
    const client = clientOf(url, read.value);
    if ("error" in client) return client;
    await records.set(key, JSON.stringify(client), DOCUMENT_S);
    return client;
  }
}

/** Whether a client id is the address of a document: with a path, and nothing hidden in it. */
function isDocumentUrl(id: string): boolean {
  if (!/^https?:\/\//.test(id) || id.length > URI_CHARACTERS_MAX || !URL.canParse(id)) return false;
  const url = new URL(id);
  return url.href === id && url.pathname !== "/" && url.hash === "" && url.username === "";
}

type Metadata = z.infer<typeof metadata>;

function readMetadata<Read extends Metadata>(
  schema: z.ZodType<Read>,
  body: string,
): { readonly ok: true; readonly value: Read } | Refused {
  const bad = refused(
    "invalid_client_metadata",
    "The metadata must be JSON with 1 to 10 redirect_uris, of a public client.",
  );
  try {
    const read = schema.safeParse(JSON.parse(body));
    return read.success ? { ok: true, value: read.data } : bad;
  } catch {
    return bad;
  }
}

function clientOf(id: string, read: Metadata): Client | Refused {
  const { redirect_uris, client_name = "", grant_types, response_types } = read;
  if (!redirect_uris.every(isRedirectUri)) {
    return refused(
      "invalid_redirect_uri",
      "A redirect URI must be https, http on loopback, or a program's own scheme.",
    );
  }
  const isCode =
    (grant_types?.includes("authorization_code") ?? true) &&
    (response_types?.includes("code") ?? true);
  if (!isCode) return refused("invalid_client_metadata", "Only authorization codes are given.");
  return { id, name: plain(client_name) || "An application", redirectUris: redirect_uris };
}

/** One short line: no control characters, and none that turn the direction of text around. */
function plain(text: string): string {
  const shown = text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, "").trim();
  return [...shown].slice(0, NAME_CHARACTERS_MAX).join("");
}

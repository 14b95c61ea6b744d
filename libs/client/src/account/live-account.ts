/** An account by its credential: one method, one request. */

import { checkOptions, type OptionNames } from "../arguments.ts";
import {
  type Fields,
  fieldsOf,
  listAt,
  numberAt,
  objectAt,
  textAt,
  textOrNullAt,
} from "../fields.ts";
import type {
  Account,
  AccountDetails,
  CreateKeyOptions,
  CreateLinkOptions,
  MintOptions,
  NewLinkOptions,
  RotateOptions,
  UsageOptions,
} from "./account.ts";
import {
  type Conversation,
  type Inspected,
  type Minted,
  readConversation,
  readInspected,
  readMinted,
} from "./conversation.ts";
import { type Call, request } from "./http.ts";
import { type CreatedKey, type ListedKey, readCreatedKey, readKeys } from "./key.ts";
import {
  type CreatedLink,
  type ListedLink,
  numberOrNullAt,
  readCreatedLink,
  readLinks,
} from "./link.ts";
import { REQUEST_OPTIONS, type RequestOptions } from "./request-options.ts";
import { readUsage, type UsageHour } from "./usage.ts";

const MINT_OPTIONS: OptionNames<MintOptions> = {
  ...REQUEST_OPTIONS,
  alias: true,
  streamName: true,
  metadata: true,
  streamMetadata: true,
  expiresInS: true,
  maxJoins: true,
  canonicalInput: true,
  replay: true,
};
const NEW_LINK_OPTIONS: OptionNames<NewLinkOptions> = { ...REQUEST_OPTIONS, keepConnected: true };
const CREATE_LINK_OPTIONS: OptionNames<CreateLinkOptions> = {
  ...REQUEST_OPTIONS,
  name: true,
  readOnly: true,
  streamName: true,
  expiresInS: true,
  maxJoins: true,
};
const ROTATE_OPTIONS: OptionNames<RotateOptions> = { ...REQUEST_OPTIONS, graceS: true };
const CREATE_KEY_OPTIONS: OptionNames<CreateKeyOptions> = {
  ...REQUEST_OPTIONS,
  name: true,
  scopes: true,
  expiresInS: true,
};
const USAGE_OPTIONS: OptionNames<UsageOptions> = { ...REQUEST_OPTIONS, hours: true };
const KEYS = "/v1/account/keys";

type Identity = Pick<Account, "accountId" | "namespace" | "createdAt">;

export class LiveAccount implements Account {
  readonly url: string;
  readonly accountId: string;
  readonly namespace: string;
  readonly createdAt: string;
  #credential: string;

  constructor(url: string, identity: Identity, credential: string) {
    this.url = url;
    this.accountId = identity.accountId;
    this.namespace = identity.namespace;
    this.createdAt = identity.createdAt;
    this.#credential = credential;
  }

  get credential(): string {
    return this.#credential;
  }

  async mint(options: MintOptions = {}): Promise<Minted> {
    checkOptions(options, MINT_OPTIONS);
    const body = mintBody(options);
    return await this.#call(options, "POST", this.#conversations(), readMinted, body);
  }

  async *list(options: RequestOptions = {}): AsyncGenerator<Conversation, undefined> {
    checkOptions(options, REQUEST_OPTIONS);
    let cursor: string | null = null;
    do {
      const query: string = cursor === null ? "" : `?cursor=${encodeURIComponent(cursor)}`;
      const page: Page = await this.#call(options, "GET", this.#conversations() + query, readPage);
      yield* page.conversations;
      cursor = page.next;
    } while (cursor !== null);
  }

  async inspect(alias: string, options: RequestOptions = {}): Promise<Inspected> {
    checkOptions(options, REQUEST_OPTIONS);
    return await this.#call(options, "GET", this.#conversation(alias), readInspected);
  }

  async newLink(alias: string, options: NewLinkOptions = {}): Promise<string> {
    checkOptions(options, NEW_LINK_OPTIONS);
    const body = { keep_connected: options.keepConnected ?? false };
    const path = `${this.#conversation(alias)}/link`;
    return await this.#call(options, "POST", path, (answer) => textAt(answer, "magic_link"), body);
  }

  async createLink(alias: string, options: CreateLinkOptions = {}): Promise<CreatedLink> {
    checkOptions(options, CREATE_LINK_OPTIONS);
    const body = {
      name: options.name,
      read_only: options.readOnly,
      stream_name: options.streamName,
      expires_in_s: options.expiresInS,
      max_joins: options.maxJoins,
    };
    return await this.#call(options, "POST", this.#links(alias), readCreatedLink, body);
  }

  async links(alias: string, options: RequestOptions = {}): Promise<readonly ListedLink[]> {
    checkOptions(options, REQUEST_OPTIONS);
    return await this.#call(options, "GET", this.#links(alias), readLinks);
  }

  async revokeLink(alias: string, linkId: string, options: RequestOptions = {}): Promise<void> {
    checkOptions(options, REQUEST_OPTIONS);
    const path = `${this.#links(alias)}/${encodeURIComponent(linkId)}`;
    await this.#call(options, "DELETE", path, readNothing);
  }

  async close(alias: string, options: RequestOptions = {}): Promise<void> {
    checkOptions(options, REQUEST_OPTIONS);
    await this.#call(options, "DELETE", this.#conversation(alias), readNothing);
  }

  async rotate(options: RotateOptions = {}): Promise<string> {
    checkOptions(options, ROTATE_OPTIONS);
    const body = { grace_s: options.graceS };
    const path = "/v1/account/credential";
    const read = (answer: Fields) => textAt(answer, "credential");
    this.#credential = await this.#call(options, "POST", path, read, body);
    return this.#credential;
  }

  async createKey(options: CreateKeyOptions): Promise<CreatedKey> {
    checkOptions(options, CREATE_KEY_OPTIONS);
    const { name, scopes, expiresInS } = options;
    const body = { name, scopes, expires_in_s: expiresInS };
    return await this.#call(options, "POST", KEYS, readCreatedKey, body);
  }

  async listKeys(options: RequestOptions = {}): Promise<readonly ListedKey[]> {
    checkOptions(options, REQUEST_OPTIONS);
    return await this.#call(options, "GET", KEYS, readKeys);
  }

  async revokeKey(keyId: string, options: RequestOptions = {}): Promise<void> {
    checkOptions(options, REQUEST_OPTIONS);
    await this.#call(options, "DELETE", `${KEYS}/${encodeURIComponent(keyId)}`, readNothing);
  }

  async usage(options: UsageOptions = {}): Promise<readonly UsageHour[]> {
    checkOptions(options, USAGE_OPTIONS);
    const { hours } = options;
    const query = hours === undefined ? "" : `?hours=${encodeURIComponent(hours)}`;
    return await this.#call(options, "GET", `/v1/account/usage${query}`, readUsage);
  }

  async details(options: RequestOptions = {}): Promise<AccountDetails> {
    checkOptions(options, REQUEST_OPTIONS);
    return await this.#call(options, "GET", "/v1/account", readDetails);
  }

  async delete(options: RequestOptions = {}): Promise<void> {
    checkOptions(options, REQUEST_OPTIONS);
    await this.#call(options, "DELETE", "/v1/account", readNothing);
  }

  #call<Value>(
    { signal, timeoutMs }: RequestOptions,
    method: Call["method"],
    path: string,
    read: (answer: Fields) => Value,
    body?: Fields,
  ): Promise<Value> {
    const credential = this.#credential;
    return request(this.url, { method, path, credential, body, signal, timeoutMs }, read);
  }

  #conversations(): string {
    return `/v1/${this.namespace}/conversations`;
  }

  #links(alias: string): string {
    return `${this.#conversation(alias)}/links`;
  }

  #conversation(alias: string): string {
    return `${this.#conversations()}/${encodeURIComponent(alias)}`;
  }
}

export function readAccount(answer: Fields): Identity {
  return {
    accountId: textAt(answer, "account_id"),
    namespace: textAt(answer, "namespace"),
    createdAt: textAt(answer, "created_at"),
  };
}

type Page = { readonly conversations: readonly Conversation[]; readonly next: string | null };

function readPage(answer: Fields): Page {
  return {
    conversations: listAt(answer, "conversations").map((item) => readConversation(fieldsOf(item))),
    next: textOrNullAt(answer, "next_cursor"),
  };
}

/** Whatever is said beside 204: it is done. */
function readNothing(): void {}

/** Members that are undefined are left out of the JSON, and so count as not given. */
function mintBody(options: MintOptions): Fields {
  const { canonicalInput, replay } = options;
  return {
    alias: options.alias,
    stream_name: options.streamName,
    metadata: options.metadata,
    stream_metadata: options.streamMetadata,
    expires_in_s: options.expiresInS,
    max_joins: options.maxJoins,
    ...(replay === undefined ? {} : { replay: { ttl_s: replay.ttlS, max_bytes: replay.maxBytes } }),
    ...(canonicalInput === undefined
      ? {}
      : { id_kind: "jcs-sha256", canonical_input: canonicalInput }),
  };
}

function readUse(use: Fields): AccountDetails["use"] {
  return {
    streamsPerAccount: numberAt(use, "streams_per_account"),
    guestsPerAccount: numberAt(use, "guests_per_account"),
    conversationsPerAccount: numberAt(use, "conversations_per_account"),
  };
}

function readDetails(answer: Fields): AccountDetails {
  const limits = objectAt(answer, "limits");
  return {
    ...readAccount(answer),
    limits: {
      streamsPerAccount: numberAt(limits, "streams_per_account"),
      guestsPerAccount: numberOrNullAt(limits, "guests_per_account"),
      conversationsPerAccount: numberOrNullAt(limits, "conversations_per_account"),
      subscribersPerConversation: numberAt(limits, "subscribers_per_conversation"),
    },
    use: "use" in answer ? readUse(objectAt(answer, "use")) : null,
  };
}

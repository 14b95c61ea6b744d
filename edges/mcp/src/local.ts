/**
 * The one caller of a process that speaks over stdio: its settings, its presence, and its server.
 */
import { randomUUID } from "node:crypto";
import { parseLink } from "@ams/client";
import {
  type CheckedLink,
  createSeal,
  type PushEvent,
  type Result,
  type Session,
  type Who,
  type Wrapper,
} from "@ams/edge";
import type { Checked, Environment } from "@ams/process";
import type { McpServer, ServerContext } from "@modelcontextprotocol/server";
import { bytesOf, type Notice, noticeOf } from "./push/notices.ts";
import { progressOf } from "./push/progress.ts";
import { Push } from "./push/push.ts";
import { type Heard, isChanged, NOTICE_KEY, Updates } from "./push/updates.ts";
import { asksPush } from "./request/asks-push.ts";
import type { Call } from "./request/call.ts";
import { agentOf } from "./request/identity.ts";
import type { Parts } from "./request/parts.ts";
import { conversationUri, readConversationUri } from "./server/resources.ts";
import { createServer } from "./server/server.ts";

/** The address of a caller that came over no network. */
const ADDRESS = "local";

export type LocalSettings = {
  readonly url: string;
  readonly credential: string | null;
  readonly link: string | null;
};

/**
 * From the environment and the one argument. A link is asked for at its own address; but where
 * there is a credential everything is asked at AMS_URL, so that the credential goes to its own
 * deployment and nowhere else.
 */
export function readLocal(environment: Environment, argument = ""): Checked<LocalSettings> {
  const link = argument || environment.AMS_LINK || null;
  const credential = environment.AMS_CREDENTIAL || null;
  const given = environment.AMS_URL || null;
  const address = link === null ? null : parseLink(link);
  if (link !== null && (address === null || !new URL(link).searchParams.has("t"))) {
    return { ok: false, faults: ["the magic link is none: it ends in /conversations/…?t=…"] };
  }
  if (given !== null && !(/^https?:\/\//.test(given) && URL.canParse(given))) {
    return { ok: false, faults: ["AMS_URL must be an http or https URL"] };
  }
  if (credential !== null && given === null) {
    return { ok: false, faults: ["AMS_URL is needed with AMS_CREDENTIAL: it says whose it is"] };
  }
  const url = credential === null && address !== null ? address.baseUrl : given;
  if (url === null) return { ok: false, faults: ["AMS_URL is needed, or a magic link"] };
  return { ok: true, value: { url: url.replace(/(?<!\/)\/+$/, ""), credential, link } };
}

type LocalParts = {
  readonly wrapper: Wrapper;
  readonly credential: string | null;
  readonly link: string | null;
};

export class LocalCaller {
  readonly #given: LocalParts;
  readonly #parts: Parts;
  readonly #who: Who;
  readonly #link: CheckedLink | null;
  readonly #id = randomUUID();
  #push: Push | null = null;
  #wantsPush = false;

  private constructor(given: LocalParts, who: Who, link: CheckedLink | null) {
    this.#given = given;
    this.#who = who;
    this.#link = link;
    const metrics = {
      request: () => undefined,
      toolRan: () => undefined,
      counters: { add: () => undefined },
    };
    const seal = createSeal(null);
    this.#parts = { wrapper: given.wrapper, seal, metrics, keepAliveMs: 0, lost: () => undefined };
  }

  /**
   * Checks credential and link once, so that a mistake shows at the start; the wire checks them at
   * every dial.
   */
  static async open(given: LocalParts): Promise<Checked<LocalCaller>> {
    const { wrapper } = given;
    const link = given.link === null ? null : await wrapper.links.check(given.link);
    if (link !== null && !link.ok) return { ok: false, faults: [link.message] };
    const bound = link === null ? null : link.link;
    if (given.credential === null) {
      const who: Who = { kind: "guest", link: bound };
      return { ok: true, value: new LocalCaller(given, who, bound) };
    }
    const checked = await wrapper.credentials.check(given.credential);
    if (!checked.ok) return { ok: false, faults: [checked.message] };
    const who: Who = { kind: "account", account: checked.account };
    return { ok: true, value: new LocalCaller(given, who, bound) };
  }

  /**
   * The SDK asks for one per connection, and for one more where the client first probes the era.
   */
  createServer(era: "legacy" | "modern"): McpServer {
    const subscriptions = new Set<string>();
    const server: McpServer = createServer(this.#parts, {
      link: this.#link,
      callOf: (context) => this.#callOf(server, era, subscriptions, context),
      subscriptions,
    });
    return server;
  }

  #callOf(
    server: McpServer,
    era: "legacy" | "modern",
    subscriptions: ReadonlySet<string>,
    { mcpReq }: ServerContext,
  ): Call {
    const capabilities = server.server.getClientCapabilities()?.experimental;
    if (asksPush(capabilities)) this.#wantsPush = true;
    const clientName = server.server.getClientVersion()?.name ?? null;
    return {
      who: this.#who,
      link: this.#link,
      session: () => this.#sessionOf(server, era, subscriptions, clientName),
      linkToShow: (magicLink) => magicLink,
      isStateless: false,
      askPush: () => {
        this.#wantsPush = true;
      },
      ridesAlong: () => false,
      rideAlong: async () => undefined,
      progress: progressOf(mcpReq),
      signal: mcpReq.signal,
      clientName,
    };
  }

  #sessionOf(
    server: McpServer,
    era: "legacy" | "modern",
    subscriptions: ReadonlySet<string>,
    clientName: string | null,
  ): Result<{ readonly session: Session }> {
    const { wrapper } = this.#given;
    const found = wrapper.find(this.#id, this.#who);
    const named = clientName === null ? {} : { clientName, peerIdentity: agentOf(clientName) };
    const opened =
      found === null
        ? wrapper.open({ id: this.#id, who: this.#who, address: ADDRESS, ...named })
        : ({ ok: true, session: found } as const);
    if (opened.ok && this.#push === null) {
      this.#push = pushTo(server, era, subscriptions, () => this.#wantsPush);
      this.#push.start(opened.session, {});
    }
    return opened;
  }
}

/** Pipes carry notifications as they come: what is written is what was taken. */
function pushTo(
  { server }: McpServer,
  era: "legacy" | "modern",
  subscriptions: ReadonlySet<string>,
  wantsPush: () => boolean,
): Push {
  const notify = (method: string, params: { [key: string]: unknown }) =>
    server.notification({ method, params }).catch(() => undefined);
  const updates = new Updates(subscriptions, (uri) => {
    void notify("notifications/resources/updated", { uri });
  });
  const push = new Push({
    push: (event, subscription) => {
      const notice = noticeOf(event);
      const unasked = wantsPush() ? [notice] : [];
      const notices = era === "legacy" ? unasked : updatesOf(event, subscription, notice);
      const written = notices.map(({ method, params }) => notify(method, params));
      void Promise.all(written).then(() => push.taken(Number.POSITIVE_INFINITY));
      if (era === "legacy") updates.after(event, subscription);
      return bytesOf(notice);
    },
    ended: () => undefined,
  });
  return push;
}

/**
 * For clients without sessions, who get nothing unasked: the SDK gives each to the
 * subscriptions that want its resource.
 */
function updatesOf(event: PushEvent, subscription: Heard, notice: Notice): readonly Notice[] {
  const uri = conversationUri(event.conversationId);
  const who = ["", `?stream_name=${subscription.streamName}`, `?handle=${subscription.handle}`];
  return [uri, `${uri}/peers`]
    .flatMap((one) => who.map((query) => `${one}${query}`))
    .filter((one) => isChanged(one, event, subscription))
    .map((one) => {
      const _meta = readConversationUri(one)?.isPeers ? {} : { [NOTICE_KEY]: notice };
      return { method: "notifications/resources/updated", params: { uri: one, _meta } };
    });
}

/**
 * The access checks of a connect (§3.3): the link admits, the account identifies. They are made in
 * the order of the specification, and the first that fails is reported.
 */
import {
  type Address,
  type Admission,
  type Directory,
  equalsAny,
  guestAccountOf,
  hashes,
  isGranted,
  type Link,
  NO_LINK,
  newStreamName,
  type Peppers,
  streamIdOf,
  whereOf,
} from "@ams/directory";
import { type Identity, linkOf } from "@ams/identity";
import { type Position, parseCursor, tagOfLog } from "@ams/log";
import {
  type AccountId,
  type CatchUp,
  CONNECT_PARAMETERS,
  type ConnectFault,
  isAlias,
  isCredential,
  isLinkToken,
  isNamespace,
  isSignedToken,
  isStreamName,
  type JsonText,
  readBearer,
  readCatchUp,
  readFlag,
  readLastN,
  readPeerIdentity,
  readSince,
  readStreamMetadata,
  readSubscribeStreams,
  readSummary,
  type StreamId,
  type StreamName,
  SUBPROTOCOL,
  SUBPROTOCOL_BEARER_PREFIX,
  SUBPROTOCOL_GUEST,
} from "@ams/protocol";

/**
 * A connect as it came in: the parts of its URL, and its headers by lower-case name ("" when
 * absent).
 */
export type ConnectRequest = {
  /** Whether this port answers to the host that it names (§2.1.7). */
  readonly isHostAccepted: boolean;
  readonly namespace: string;
  readonly alias: string;
  readonly query: URLSearchParams;
  readonly authorization: string;
  readonly subprotocols: readonly string[];
  readonly headers: ReadonlyMap<string, string>;
};

export type Admitted = {
  readonly admission: Admission;
  readonly link: Link;
  readonly accountId: AccountId;
  /** The hash of the credential that was shown; null for a guest. */
  readonly credential: string | null;
  /** Unix milliseconds at which it leaves, whatever becomes of the credential; null for never. */
  readonly endsMs: number | null;
  readonly streamId: StreamId;
  readonly streamName: StreamName;
  readonly metadata: JsonText | null;
  readonly peerIdentity: JsonText | null;
  readonly selfSubscribe: boolean;
  readonly subscribeStreams: readonly StreamId[] | null;
  readonly receipts: boolean;
  /** Counts instead of peers (§4.5.4). */
  readonly summary: boolean;
  /** The kept frames that it wants; null for none. */
  readonly replay: ReplayWish | null;
};

/** From a place of the log, from an age in seconds, or the last so many frames. */
export type ReplayWish = {
  readonly from: Position | { readonly seconds: number } | number;
  readonly mode: CatchUp;
};

export type Admit = { readonly ok: true; readonly value: Admitted } | Refused;
type Refused = { readonly ok: false; readonly fault: ConnectFault };

export type AdmitDeps = {
  readonly directory: Directory;
  /** What was read of a conversation that is served here already; undefined of any other. */
  readonly remembered: (address: Address) => Admission | undefined;
  /** Whose signed tokens are; without it they are nobody's. */
  readonly identity?: Identity;
  readonly peppers: Peppers;
  readonly guests: boolean;
  /** Whether this gateway has a log. */
  readonly replay: boolean;
  readonly now: () => number;
};

/** Who the connect says it is. */
type Claimant =
  | { readonly kind: "bearer"; readonly credential: string }
  | { readonly kind: "guest" | "nobody" };

/**
 * Rejects with DirectoryUnavailable when access can't be checked. What is cached may admit a
 * connect, since reserve and claim check again all of it that may have changed; it never refuses
 * one, so that a refusal always says what is true now (ADR 13).
 */
export async function admit(request: ConnectRequest, deps: AdmitDeps): Promise<Admit> {
  if (!request.isHostAccepted) return refuse("host_not_allowed");
  const token = request.query.get("t") ?? "";
  if (token === "") return refuse("invalid_magic_link");
  const claimant = claimantOf(request, deps.guests);
  const address = addressOf(request);
  const remembered = address === null ? undefined : deps.remembered(address);
  const [admission, shown] = await Promise.all([
    remembered ?? readAdmission(address, deps.directory),
    findShown(claimant, deps),
  ]);
  const way = await findWay(admission, token, deps);
  const admitted = check(request, admission, way, claimant, shown, deps);
  if (admitted.ok && !isLimited(admitted.value)) return admitted;
  const [current, live] = await Promise.all([
    remembered === undefined ? admission : readAdmission(address, deps.directory),
    shown === null ? null : confirm(shown, deps.directory),
  ]);
  const currentWay = current === admission ? way : await findWay(current, token, deps);
  return check(request, current, currentWay, claimant, live, deps);
}

/** What the token in `t` opens: a link, or the terms of a join token as those of a link. */
type Way = { readonly link: Link; readonly who: Who | null };

/** The access checks, in their order. */
function check(
  request: ConnectRequest,
  admission: Admission | null,
  way: Way | null,
  claimant: Claimant,
  shown: Shown | null,
  deps: AdmitDeps,
): Admit {
  if (admission === null) return refuse("conversation_not_found");
  if (way === null) return refuse("invalid_magic_link");
  const token = request.query.get("t") ?? "";
  const { link, who } = way;
  const admitted: Checked =
    who === null ? checkClaimant(claimant, shown, token, deps) : { ok: true, value: who };
  const checked = admitted.ok
    ? checkWishes(request, admission, link, admitted.value, deps)
    : admitted;
  // A link that is used up admits only streams that it has counted, which a faulty connect can't
  // be.
  return !checked.ok && isUsedUp(admission, link) ? refuse("invalid_magic_link") : checked;
}

function claimantOf(request: ConnectRequest, guests: boolean): Claimant {
  const { authorization, subprotocols } = request;
  if (authorization !== "") {
    return { kind: "bearer", credential: readBearer(authorization) ?? "" };
  }
  // Without `ams.v1` a client has not offered this protocol, and what else it offers is not ours to
  // read (§3.2.1).
  if (!subprotocols.includes(SUBPROTOCOL)) return { kind: "nobody" };
  const bearer = subprotocols.find((name) => name.startsWith(SUBPROTOCOL_BEARER_PREFIX));
  if (bearer !== undefined) {
    return { kind: "bearer", credential: bearer.slice(SUBPROTOCOL_BEARER_PREFIX.length) };
  }
  return { kind: guests && subprotocols.includes(SUBPROTOCOL_GUEST) ? "guest" : "nobody" };
}

/** Null when no conversation can be called that. */
function addressOf({ namespace, alias }: ConnectRequest): Address | null {
  return isNamespace(namespace) && isAlias(alias) ? { namespace, alias } : null;
}

function readAdmission(address: Address | null, directory: Directory): Promise<Admission | null> {
  return address === null ? Promise.resolve(null) : directory.admission(address);
}

async function findShown(claimant: Claimant, deps: AdmitDeps): Promise<Shown | null> {
  if (claimant.kind !== "bearer") return null;
  const { credential: text } = claimant;
  if (isCredential(text)) {
    const holder = await deps.directory.credentialHolder(hashes(deps.peppers.credential, text));
    return holder && { accountId: holder.account_id, credential: holder.credential, endsMs: null };
  }
  const found = isSignedToken(text) ? await deps.identity?.identify(text) : undefined;
  if (found?.ok !== true) return null;
  const { accountId, credential, endsMs, scopes } = found.value;
  return { accountId, credential, endsMs, mayNotJoin: !isGranted(scopes, "join") };
}

/** The same while the credential is live. */
async function confirm(shown: Shown, directory: Directory): Promise<Shown | null> {
  const account = await directory.grantOf([shown.credential]);
  return account === null ? null : shown;
}

/** What the token opens: a live link, or the conversation of whoever signed it. */
async function findWay(
  admission: Admission | null,
  token: string,
  deps: AdmitDeps,
): Promise<Way | null> {
  if (admission === null) return null;
  const { conversation_id, owner_account_id, expires_at_ms } = admission.conversation;
  if (expires_at_ms !== null && deps.now() >= expires_at_ms) return null;
  if (!isSignedToken(token)) {
    const link = findLink(admission, token, deps);
    return link && { link, who: null };
  }
  const terms = await deps.identity?.joinTerms(token, conversation_id);
  if (terms?.ok !== true || terms.value.accountId !== owner_account_id) return null;
  const { accountId, credential } = terms.value;
  return { link: linkOf(terms.value), who: { accountId, credential, endsMs: null } };
}

/** The live link that this is the token of. */
function findLink(admission: Admission, token: string, deps: AdmitDeps): Link | null {
  if (!isLinkToken(token)) return null;
  const candidates = hashes(deps.peppers.link, token);
  const found = admission.links.find((link) => equalsAny(candidates, link.hash));
  if (found === undefined) return null;
  const ends = found.terms?.expires_at_ms ?? null;
  return ends !== null && deps.now() >= ends ? null : found;
}

type Who = Pick<Admitted, "accountId" | "credential" | "endsMs">;
type Checked = { readonly ok: true; readonly value: Who } | Refused;

/** A bearer, once it is known whose it is. */
type Shown = Who & { readonly credential: string; readonly mayNotJoin?: boolean };

function checkClaimant(
  claimant: Claimant,
  shown: Shown | null,
  token: string,
  deps: AdmitDeps,
): Checked {
  if (claimant.kind === "guest") {
    const accountId = guestAccountOf(deps.peppers, token);
    return { ok: true, value: { accountId, credential: null, endsMs: null } };
  }
  if (shown === null) return refuse("invalid_credential");
  return shown.mayNotJoin ? refuse("insufficient_scope") : { ok: true, value: shown };
}

function checkWishes(
  request: ConnectRequest,
  admission: Admission,
  link: Link,
  who: Who,
  deps: AdmitDeps,
): Admit {
  const wish = (name: keyof typeof CONNECT_PARAMETERS) => wishOf(request, name);
  // A join token says the name; clients that make names up for guests know nothing of it.
  const name = link.number === NO_LINK ? "" : wish("streamName");
  const fixedName = link.terms?.stream_name ?? null;
  const streamName = name === "" ? (fixedName ?? newStreamName()) : name;
  if (!isStreamName(streamName) || (fixedName !== null && streamName !== fixedName)) {
    return refuse("invalid_stream_name_header");
  }
  const metadata = readIfGiven(wish("streamMetadata"), readStreamMetadata);
  if (metadata === undefined) return refuse("invalid_stream_metadata_header");
  const peerIdentity = readIfGiven(wish("peerIdentity"), readPeerIdentity);
  if (peerIdentity === undefined) return refuse("invalid_peer_identity_header");
  const subscribeStreams = readIfGiven(wish("subscribeStreams"), readSubscribeStreams);
  if (subscribeStreams === undefined) return refuse("invalid_subscribe_streams_header");
  const replay = readReplayWish(wish, admission, deps);
  if (typeof replay === "string") return refuse(replay);
  const { conversation_id } = admission.conversation;
  const streamId = streamIdOf(deps.peppers, conversation_id, who.accountId, streamName);
  return {
    ok: true,
    value: {
      accountId: who.accountId,
      credential: who.credential,
      endsMs: who.endsMs,
      admission,
      link,
      streamId,
      streamName,
      metadata,
      peerIdentity,
      selfSubscribe: readFlag(wish("selfSubscribe")),
      subscribeStreams,
      receipts: readFlag(wish("receipts")),
      summary: readSummary(wish("roster")),
      replay,
    },
  };
}

/** What is kept is asked for by a place or by a number, not by both (§7.3). */
function readReplayWish(
  wish: (name: "since" | "lastN" | "catchUp") => string,
  { conversation }: Admission,
  deps: AdmitDeps,
): ReplayWish | null | "no_replay" | "invalid_cursor" {
  const [since, lastN, catchUp] = [wish("since"), wish("lastN"), wish("catchUp")];
  if (since === "" && lastN === "" && catchUp === "") return null;
  if (!deps.replay || (conversation.replay ?? null) === null) return "no_replay";
  const mode = readCatchUp(catchUp === "" ? "frames" : catchUp);
  if (mode === null || (since !== "" && lastN !== "")) return "invalid_cursor";
  if (lastN !== "") {
    const from = readLastN(lastN);
    return from === null ? "invalid_cursor" : { from, mode };
  }
  // A way of catching up alone asks for nothing that is kept, but may be for good.
  if (since === "") return { from: 0, mode };
  const place = readSince(since);
  if (place === null) return "invalid_cursor";
  if (place.kind === "age") return { from: { seconds: place.seconds }, mode };
  const channel = deps.directory.channels.conversation(whereOf(conversation));
  const from = parseCursor(tagOfLog(channel), place.cursor);
  return from === null ? "invalid_cursor" : { from, mode };
}

function wishOf(request: ConnectRequest, name: keyof typeof CONNECT_PARAMETERS): string {
  const { header, query } = CONNECT_PARAMETERS[name];
  return request.headers.get(header) || (request.query.get(query) ?? "");
}

/** Null when nothing was given, undefined when what was given is wrong. */
function readIfGiven<Value>(
  text: string,
  read: (text: string) => Value | null,
): Value | null | undefined {
  return text === "" ? null : (read(text) ?? undefined);
}

/**
 * Whether a link may be used up, which is reported before an ended credential is: then both are
 * read now.
 */
function isLimited({ admission, link }: Admitted): boolean {
  return admission.conversation.max_joins !== null || (link.terms?.max_joins ?? null) !== null;
}

function isUsedUp({ conversation, joins }: Admission, link: Link): boolean {
  const max = link.terms?.max_joins ?? null;
  if (max !== null && (link.joins ?? 0) >= max) return true;
  return conversation.max_joins !== null && joins >= conversation.max_joins;
}

function refuse(fault: ConnectFault): Refused {
  return { ok: false, fault };
}

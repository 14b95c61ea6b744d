/**
 * Joins a conversation for a command: with the account that holds, if it is of the link's
 * deployment, else as a guest.
 */
import { randomInt } from "node:crypto";
import { AmsError, type Connection, inspect, type JoinOptions, join } from "@ams/client";
import { CliError } from "../faults/fault.ts";
import type { Context } from "../options/context.ts";
import { isSameOrigin, type Settings, settingsOf } from "../options/settings.ts";
import { withProgress } from "../terminal/progress.ts";
import { VERSION } from "../version.ts";

export type WhoOptions = {
  /** The stream's name. */
  readonly name?: string;
  readonly metadata?: Readonly<Record<string, unknown>>;
  /** Join as a guest though there is an account. */
  readonly guest?: boolean;
  /** Take the stream of another guest of the same name. */
  readonly takeOver?: boolean;
  /** Join with the account though the link is of another host than the profile. */
  readonly account?: boolean;
};

export type JoinWishes = Pick<
  JoinOptions,
  "receipts" | "subscribeStreams" | "reconnectForMs" | "selfSubscribe" | "since" | "last"
> & { readonly kind: "agent" | "human" };

/**
 * Seconds for which a broken connection tries to come back, by default: those who listen can wait,
 * a writer's source can't.
 */
export const LISTENER_RECONNECT_S = 600;
export const WRITER_RECONNECT_S = 30;

/** Characters of a stream name (§1.3). */
const NAME_CHARACTERS_MAX = 63;

/**
 * Joins, gives the connection to `use`, and leaves when that is done, in good order also at Ctrl-C:
 * the connection then closes, and what listens to it ends.
 */
export async function withConnection<Result>(
  context: Context,
  link: string,
  who: WhoOptions,
  wishes: JoinWishes,
  use: (connection: Connection) => Promise<Result>,
): Promise<Result> {
  const { signal } = context;
  const connection = await joinAs(context, link, who, wishes);
  const leave = () => void connection.close();
  signal.addEventListener("abort", leave, { once: true });
  try {
    return await use(connection);
  } finally {
    signal.removeEventListener("abort", leave);
    await connection.close();
  }
}

async function joinAs(
  context: Context,
  link: string,
  who: WhoOptions,
  { kind, ...wishes }: JoinWishes,
): Promise<Connection> {
  const { identity, note } = await identityFor(context, link, who);
  const { name, metadata } = who;
  // Only until it has joined: later, Ctrl-C closes the connection in good order instead.
  const joining = new AbortController();
  const stop = () => joining.abort();
  context.signal.addEventListener("abort", stop, { once: true });
  try {
    if (name !== undefined && "guest" in identity && who.takeOver !== true) {
      await checkName(link, name, joining.signal);
    }
    const joined = withProgress(context.output, "joining", () =>
      join(link, {
        ...identity,
        ...wishes,
        peerIdentity: { kind, client: `ams ${VERSION}` },
        ...(name === undefined ? {} : { streamName: name }),
        ...(metadata === undefined ? {} : { streamMetadata: metadata }),
        signal: joining.signal,
      }),
    );
    const connection = await joined;
    if (note !== null) context.output.note(note);
    return connection;
  } finally {
    context.signal.removeEventListener("abort", stop);
  }
}

/**
 * All guests of a link are one account, so a second one of a name would take the stream of the
 * first (§3.2.3). A link that can't be looked at is left to the join, which says why.
 */
async function checkName(link: string, name: string, signal: AbortSignal): Promise<void> {
  const found = await inspect(link, { signal }).catch(() => null);
  if (found === null || !found.streams.some(({ streamName }) => streamName === name)) return;
  throw new CliError(
    "name_taken",
    `The name ${name} is taken in this conversation: choose another, such as --name ${suggested(name)}, or take it with --take-over if it is yours.`,
    { suggestion: suggested(name) },
  );
}

/** A name that is most likely free, within the length that names may have (§1.3). */
function suggested(name: string): string {
  return `${name.slice(0, NAME_CHARACTERS_MAX - 5)}-${randomInt(1_000, 10_000)}`;
}

type Identity = {
  readonly identity: { readonly credential: string } | { readonly guest: true };
  /** What the user should know of it, once it was let in. */
  readonly note: string | null;
};

const GUEST: Identity = { identity: { guest: true }, note: null };

async function identityFor(context: Context, link: string, who: WhoOptions): Promise<Identity> {
  if (who.guest === true) return GUEST;
  const settings = await settingsOf(context);
  const { credential, credentialFor } = settings;
  if (credential === null) {
    if (who.account === true) throw new AmsError("missing_credential", "There is no account.");
    return GUEST;
  }
  const isTheirs = credentialFor === null || isSameOrigin(credentialFor, link);
  if (isTheirs || who.account === true) return { identity: { credential }, note: null };
  if (context.options.profile !== undefined) throw otherHost(settings);
  return {
    ...GUEST,
    note: `Joined as a guest: the account is of ${credentialFor}, and the link is not (--account uses it all the same).`,
  };
}

/** Who names a profile wants its account, and not to be a guest. */
function otherHost({ profileName, credentialFor }: Settings): CliError {
  return new CliError(
    "no_account",
    `The account of the profile ${profileName} is of ${credentialFor}, and the link is not: --account uses it all the same.`,
  );
}

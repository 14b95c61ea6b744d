/** `ams account …`: who one is at a deployment, kept in a profile. */
import { type Account, AmsError, type AmsErrorCode, createAccount } from "@ams/client";
import { isNeverSent } from "../faults/fail.ts";
import { CliError } from "../faults/fault.ts";
import type { Context } from "../options/context.ts";
import {
  draftProfile,
  type Profile,
  type ProfileDraft,
  readProfile,
  removeProfile,
} from "../options/profile.ts";
import {
  accountOf,
  atDeployment,
  isSameOrigin,
  type Settings,
  settingsOf,
} from "../options/settings.ts";
import { askToGoOn } from "../terminal/ask.ts";
import { harmless } from "../terminal/harmless.ts";
import { unstoppably } from "../terminal/interrupt.ts";
import { withProgress } from "../terminal/progress.ts";

/** With these a request may have been received all the same. */
const LOST_CODES: readonly AmsErrorCode[] = [
  "timeout",
  "unreachable",
  "not_ams",
  "unavailable",
  "internal_error",
  "unexpected_answer",
];

export type ShowCredential = { readonly showCredential?: boolean };

export async function createInProfile(
  context: Context,
  namespace: string,
  { showCredential = false }: ShowCredential,
): Promise<void> {
  const { output, options } = context;
  const { profile: wanted, ...others } = options;
  const settings = await settingsOf({ ...context, options: others }, wanted);
  const { url, profileName } = settings;
  const profile = settings.profile ?? (await readProfile(profileName, output.warn));
  if (profile !== null) throw profileTaken(profileName, profile);
  const { AMS_INVITE: invite } = process.env;
  // Before the account is made: a credential that can't be kept would be lost.
  const draft = await draftProfile(profileName);
  try {
    // Not to be stopped in between: the credential is in the answer, and never again.
    const account = await unstoppably(noteOfWaiting(context), async () => {
      const made = await atDeployment(url, () =>
        withProgress(output, "making the account", () =>
          createAccount(url, { namespace, ...(invite ? { invite } : {}) }),
        ),
      );
      await keep(draft, made, output.warn);
      return made;
    }).catch((error: unknown) => {
      throw lostAnswer(error, "The account may have been made, and its credential is lost then");
    });
    output.answer(
      { ...accountJson(account, showCredential), profile: profileName, path: draft.path },
      `The account ${account.namespace} (${harmless(account.accountId)}) is made at ${account.url}.`,
      `Its credential is kept in ${draft.path}.`,
      ...(showCredential ? [account.credential] : []),
    );
  } finally {
    await draft.discard();
  }
}

export async function show(
  context: Context,
  { showCredential = false }: ShowCredential,
): Promise<void> {
  const { output, signal } = context;
  const settings = await settingsOf(context);
  const account = await accountOf(context, settings);
  const { limits } = await withProgress(output, "asking", () => account.details({ signal }));
  const { streamsPerAccount, guestsPerAccount, subscribersPerConversation } = limits;
  const guests = guestsPerAccount === null ? "" : `${guestsPerAccount} guests, `;
  output.answer(
    {
      ...accountJson(account, showCredential),
      limits: {
        streams_per_account: streamsPerAccount,
        guests_per_account: guestsPerAccount,
        subscribers_per_conversation: subscribersPerConversation,
      },
      credential_from: settings.credentialFrom,
    },
    `namespace    ${harmless(account.namespace)}`,
    `account      ${harmless(account.accountId)}`,
    `at           ${account.url}`,
    `made         ${harmless(account.createdAt)}`,
    `limits       ${streamsPerAccount} live streams, ${guests}${subscribersPerConversation} subscribers in a conversation`,
    `credential   ${showCredential ? account.credential : sourceOf(settings)}`,
  );
}

/** Each limit with its use, one a line. */
export async function usage(context: Context): Promise<void> {
  const { output, signal } = context;
  const account = await accountOf(context, await settingsOf(context));
  const { limits, use } = await withProgress(output, "asking", () => account.details({ signal }));
  if (use === null) {
    throw new CliError("not_offered", "This deployment, or this key, doesn't say what is used.");
  }
  const rows = [
    ["live streams", "streams_per_account", use.streamsPerAccount, limits.streamsPerAccount],
    ["guests", "guests_per_account", use.guestsPerAccount, limits.guestsPerAccount],
    [
      "conversations",
      "conversations_per_account",
      use.conversationsPerAccount,
      limits.conversationsPerAccount || null,
    ],
  ] as const;
  output.answer(
    Object.fromEntries(rows.map(([, name, used, limit]) => [name, { used, limit }])),
    ...rows.map(
      ([what, , used, limit]) => `${what.padEnd(15)}  ${used} of ${limit ?? "any number"}`,
    ),
  );
}

export async function rotate(
  context: Context,
  { showCredential = false, grace }: ShowCredential & { readonly grace?: number },
): Promise<void> {
  const { output } = context;
  const settings = await settingsOf(context);
  const { profile, credentialFrom, profileName } = settings;
  const isKept = credentialFrom === "profile" && profile !== null;
  if (credentialFrom !== null && !isKept && !showCredential) {
    throw new CliError(
      "bad_usage",
      `The credential is from ${credentialFrom ?? "nowhere"}, which ams can't change: add --show-credential to see the new one.`,
    );
  }
  const account = await accountOf(context, settings);
  const draft = isKept ? await draftProfile(profileName) : null;
  try {
    // Not to be stopped in between: the new credential is in the answer, and never again.
    await unstoppably(noteOfWaiting(context), async () => {
      await withProgress(output, "rotating", () =>
        account.rotate(grace === undefined ? {} : { graceS: grace }),
      );
      if (draft !== null) await keep(draft, account, output.warn);
    }).catch((error: unknown) => {
      throw lostAnswer(error, maybeRotated(grace));
    });
    output.answer(
      { ...accountJson(account, showCredential), grace_s: grace ?? null },
      graceSentence(grace) + (draft === null ? "" : ` The new one is kept in ${draft.path}.`),
      ...(showCredential ? [account.credential] : []),
    );
  } finally {
    await draft?.discard();
  }
}

export async function deleteAccount(
  context: Context,
  { yes = false }: { readonly yes?: boolean },
): Promise<void> {
  const { output, signal } = context;
  const settings = await settingsOf(context);
  const account = await accountOf(context, settings);
  const name = harmless(account.namespace);
  await askToGoOn(
    context,
    yes,
    `Delete the account ${name} at ${account.url} with all its conversations? Its namespace is never given out again.`,
  );
  await withProgress(output, "deleting", () => account.delete({ signal }));
  const { profileName } = settings;
  const profile =
    settings.profile ?? (await readProfile(profileName, output.warn).catch(() => null));
  const isOfProfile =
    profile?.accountId === account.accountId && isSameOrigin(profile.url, account.url);
  if (isOfProfile) await removeProfile(profileName);
  output.answer(
    { deleted: account.namespace, account_id: account.accountId, url: account.url },
    `The account ${name} and its conversations are gone${isOfProfile ? `, and so is the profile ${profileName}` : ""}.`,
  );
}

/** What the first Ctrl-C says while an answer is on its way that holds a credential. */
export function noteOfWaiting({ output }: Context): () => void {
  return () =>
    output.note("ams: Waiting for the answer, which holds the new credential: it comes only once.");
}

/** The request went out, and nobody knows what became of it: `what` says so, after the reason. */
export function lostAnswer(error: unknown, what: string): unknown {
  const isLost =
    error instanceof AmsError && LOST_CODES.includes(error.code) && !isNeverSent(error);
  if (!isLost) return error;
  return new CliError(error.code, `${error.message.replace(/\.$/, "")}: ${what}.`, {}, error);
}

function maybeRotated(graceS: number | undefined): string {
  if (graceS === undefined) {
    return "The credential may have changed; the old one works until the new one is used, 24 hours at most, so rotate again at once";
  }
  return graceS === 0
    ? "The credential may have changed, and the old one ended then"
    : `The credential may have changed; the old one works for ${graceS} s more, so rotate again at once`;
}

/** Where the profile can't be written after all, the credential is printed: it would be lost. */
async function keep(draft: ProfileDraft, account: Account, warn: (text: string) => void) {
  const { url, namespace, accountId, credential } = account;
  try {
    await draft.save({ url, namespace, accountId, credential });
  } catch (error) {
    warn(`ams: Keep this credential of ${namespace}, it is not shown again: ${credential}`);
    throw error;
  }
}

function accountJson(account: Account, showCredential: boolean) {
  const { url, namespace, accountId, createdAt, credential } = account;
  return {
    account_id: accountId,
    namespace,
    url,
    created_at: createdAt,
    ...(showCredential ? { credential } : {}),
  };
}

function sourceOf({ credentialFrom, profileName }: Settings): string {
  const from =
    credentialFrom === "profile" ? `in the profile ${profileName}` : `from ${credentialFrom}`;
  return `${from} (--show-credential prints it)`;
}

function graceSentence(graceS: number | undefined): string {
  if (graceS === undefined) {
    return "The old credential works until the new one is first used, 24 hours at most.";
  }
  return graceS === 0
    ? "The old credential ended."
    : `The old credential works for ${graceS} s more.`;
}

function profileTaken(name: string, { namespace, url }: Profile): CliError {
  return new CliError(
    "profile_taken",
    `The profile ${name} holds the account ${harmless(namespace)} at ${harmless(url)} already: keep the new one under another name with --profile.`,
  );
}

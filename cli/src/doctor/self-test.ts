/** A conversation with oneself: minted, spoken in, measured and deleted. */
import { randomBytes } from "node:crypto";
import {
  type Account,
  AmsError,
  type Connection,
  createAccount,
  type Identity,
  join,
  type Minted,
  offer,
  openAccount,
} from "@ams/client";
import type { Context } from "../options/context.ts";
import { isSameOrigin, settingsOf } from "../options/settings.ts";
import { type Finding, fine, noted, wrong, wrongBy } from "./finding.ts";
import type { Target } from "./target.ts";

/** Seconds after which the conversation's link ends by itself, should deleting fail. */
const LIFE_S = 300;
const PINGS = 10;
/** Milliseconds for all tokens to arrive. */
const ARRIVAL_MS = 10_000;

/**
 * What has gone wrong in gateways and proxies before: escapes, other scripts, the largest token,
 * nothing at all.
 */
const TOKENS = [
  "hello",
  'quotes " \\ and \n lines',
  "grüße 你好 👋",
  "",
  "x".repeat(65_536),
  "bye",
];

type Own = { readonly account: Account; readonly isThrowaway: boolean };

export async function* testItself(target: Target, context: Context): AsyncGenerator<Finding> {
  let own: Own;
  try {
    own = await accountFor(target, context);
  } catch (error) {
    yield withoutAccount(error);
    return;
  }
  try {
    const minted = await own.account.mint({
      metadata: { purpose: "ams doctor" },
      expiresInS: LIFE_S,
      signal: context.signal,
    });
    try {
      yield* talk(minted, await speakerFor(target, own.account, context));
    } finally {
      await own.account.close(minted.alias);
    }
  } catch (error) {
    yield wrongBy("self-test", error);
  } finally {
    if (own.isThrowaway) await own.account.delete();
  }
}

/** The account that holds here when it is of this deployment, else one for the moment. */
async function accountFor({ url }: Target, context: Context): Promise<Own> {
  const { signal } = context;
  const { credential, credentialFor, url: own } = await settingsOf(context);
  // A doctor is sent to strange addresses: the credential goes only where it would go without an
  // argument.
  if (credential !== null && isSameOrigin(credentialFor ?? own, url)) {
    return { account: await openAccount(url, { credential, signal }), isThrowaway: false };
  }
  const namespace = `doctor-${randomBytes(6).toString("hex")}`;
  const { AMS_INVITE: invite } = process.env;
  const account = await createAccount(url, { namespace, ...(invite ? { invite } : {}), signal });
  return { account, isThrowaway: true };
}

function withoutAccount(error: unknown): Finding {
  const code = error instanceof AmsError ? error.code : "";
  if (code !== "signup_closed" && code !== "invalid_invite") return wrongBy("account", error);
  return noted(
    "self-test",
    "left out: there is no account of yours here, and this deployment makes none for anybody",
  );
}

/**
 * Who talks: guests, where the deployment lets them in, as an account has few streams; else the
 * account.
 */
async function speakerFor({ url }: Target, { credential }: Account, { signal }: Context) {
  const { features } = await offer(url, { signal });
  return features.includes("guests") ? ({ guest: true } as const) : { credential };
}

async function* talk({ magicLink }: Minted, who: Identity): AsyncGenerator<Finding> {
  const writer = await join(magicLink, { ...who, streamName: "doctor-writes", receipts: true });
  try {
    const reader = await join(magicLink, { ...who, streamName: "doctor-reads" });
    try {
      yield await latencyOf(writer);
      yield await speak(writer, reader);
    } finally {
      await reader.close();
    }
  } finally {
    await writer.close();
  }
}

async function latencyOf(connection: Connection): Promise<Finding> {
  const times: number[] = [];
  for (let count = 0; count < PINGS; count += 1) times.push(await connection.ping());
  times.sort((one, other) => one - other);
  const median = times[Math.floor(PINGS / 2)] ?? 0;
  const [least = 0] = times;
  const most = times.at(-1) ?? 0;
  return fine(
    "latency",
    `${shown(median)} there and back (${shown(least)} to ${shown(most)}, ${PINGS} pings)`,
    { ping_median_ms: median, ping_min_ms: least, ping_max_ms: most },
  );
}

async function speak(writer: Connection, reader: Connection): Promise<Finding> {
  const received = reader.tokens({
    from: writer.streamId,
    signal: AbortSignal.timeout(ARRIVAL_MS),
  });
  let echoes = 0;
  writer.on("token", ({ streamId }) => {
    if (streamId === writer.streamId) echoes += 1;
  });
  const startedAt = performance.now();
  await Promise.all(TOKENS.map((token) => writer.send(token)));
  for (const [index, token] of TOKENS.entries()) {
    const { value } = await received.next().catch(() => ({ value: undefined }));
    if (value?.data === token) continue;
    const sentence =
      value === undefined
        ? `Of ${TOKENS.length} tokens only ${index} arrived within ${ARRIVAL_MS / 1_000} s.`
        : `Token ${index + 1} of ${TOKENS.length} did not arrive as it was sent.`;
    return wrong("self-test", "unhealthy", sentence);
  }
  const ms = performance.now() - startedAt;
  if (echoes > 0)
    return wrong("self-test", "unhealthy", "A stream's owner received its own tokens.");
  return fine("self-test", `${TOKENS.length} tokens arrived whole and in order, in ${shown(ms)}`, {
    tokens: TOKENS.length,
    tokens_ms: ms,
  });
}

function shown(ms: number): string {
  return ms < 10 ? `${ms.toFixed(1)} ms` : `${Math.round(ms)} ms`;
}

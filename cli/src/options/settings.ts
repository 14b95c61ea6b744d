/**
 * Which deployment and which account hold for a command: from its options, the environment and the
 * profile, in this order.
 */
import { readFile } from "node:fs/promises";
import { type Account, AmsError, openAccount } from "@ams/client";
import { linkAddressOf } from "../conversation/link-address.ts";
import { CliError } from "../faults/fault.ts";
import { firstLineOfStdin } from "../terminal/input.ts";
import { withProgress } from "../terminal/progress.ts";
import type { Context } from "./context.ts";
import { type Profile, profileName, readProfile } from "./profile.ts";

/** Where `ams up` and `npm start` listen by default. */
const DEFAULT_URL = "http://127.0.0.1:8080";

export type Settings = {
  readonly url: string;
  readonly urlFrom: "--url" | "AMS_URL" | "profile" | "default";
  readonly credential: string | null;
  readonly credentialFrom: "--credential-file" | "AMS_CREDENTIAL" | "profile" | null;
  /** The origin that the credential is for; null is any, when the user gave one without a URL. */
  readonly credentialFor: string | null;
  readonly profileName: string;
  /** Null also where the URL and the credential were given, and it was not read. */
  readonly profile: Profile | null;
};

/** `newProfile` is the name of one that needn't be there yet. */
export async function settingsOf(context: Context, newProfile?: string): Promise<Settings> {
  const { options, output } = context;
  const name = profileName(newProfile ?? options.profile);
  const { AMS_URL } = process.env;
  const given = options.url ?? (AMS_URL || undefined);
  if (given !== undefined) checkUrl(given);
  const credential = await givenCredential(context);
  // A profile that can't be read is no obstacle where nothing of it is needed.
  const isNeeded = given === undefined || credential === null || options.profile !== undefined;
  const profile = isNeeded ? await readProfile(name, output.warn) : null;
  if (profile === null && options.profile !== undefined) noSuchProfile(name);
  const urlFrom = options.url !== undefined ? "--url" : given !== undefined ? "AMS_URL" : null;
  const url = given ?? profile?.url ?? DEFAULT_URL;
  return {
    url,
    urlFrom: urlFrom ?? (profile === null ? "default" : "profile"),
    ...credentialOf(credential, given, profile),
    profileName: name,
    profile,
  };
}

/** The account that holds, at the deployment that holds. Throws `no_account` when there is none. */
export async function accountOf(context: Context, settings: Settings): Promise<Account> {
  const { url, credential, credentialFor, profileName: name } = settings;
  if (credential === null) {
    throw new CliError(
      "no_account",
      "This needs an account: make one with `ams account create <namespace>`, or set AMS_CREDENTIAL.",
    );
  }
  if (credentialFor !== null && !isSameOrigin(url, credentialFor)) {
    throw new CliError(
      "no_account",
      `The credential of the profile ${name} is for ${credentialFor} and is not sent to ${originOf(url)}: give another --profile, or AMS_CREDENTIAL.`,
    );
  }
  const { output, signal } = context;
  return await atDeployment(url, () =>
    withProgress(output, "asking", () => openAccount(url, { credential, signal })),
  );
}

/** Asks something that every deployment has an answer to: what doesn't know it has another path. */
export async function atDeployment<Result>(
  url: string,
  ask: () => Promise<Result>,
): Promise<Result> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof AmsError && error.code === "not_found")) throw error;
    const sentence = `AMS has nothing at ${originOf(url)}${pathOf(url)}: is the path of the URL right?`;
    throw new CliError("not_ams", sentence, { http_status: error.status }, error);
  }
}

function checkUrl(url: string): void {
  if (!/^https?:\/\//.test(url) || !URL.canParse(url)) {
    throw new CliError("bad_usage", "The URL of a deployment begins with http:// or https://.");
  }
  if (linkAddressOf(url) === null) return;
  throw new CliError(
    "bad_usage",
    "The URL of a deployment ends before the namespace: this is a link, which is an argument of its own.",
  );
}

/**
 * True when both lead to the same port of the same host; this machine's loopback names count as
 * one.
 */
export function isSameOrigin(one: string, other: string): boolean {
  return originOf(one) === originOf(other);
}

/** True when both are the same path there, too: several deployments may share a host. */
export function isSameDeployment(one: string, other: string): boolean {
  return isSameOrigin(one, other) && pathOf(one) === pathOf(other);
}

function pathOf(text: string): string {
  return URL.canParse(text) ? new URL(text).pathname.replace(/(?<!\/)\/+$/, "") : text;
}

function originOf(text: string): string {
  if (!URL.canParse(text)) return text;
  const url = new URL(text);
  const isLoopback = ["localhost", "127.0.0.1", "[::1]"].includes(url.hostname);
  return isLoopback ? `${url.protocol}//127.0.0.1:${url.port}` : url.origin;
}

type Given = Pick<Settings, "credential" | "credentialFrom">;

/** The credential that was given for this command, null when there is none. */
async function givenCredential({ options, signal }: Context): Promise<Given | null> {
  const { credentialFile: path } = options;
  if (path !== undefined) {
    const text = path === "-" ? await firstLineOfStdin(signal) : await readCredential(path);
    return { credential: (text ?? "").trim(), credentialFrom: "--credential-file" };
  }
  const { AMS_CREDENTIAL } = process.env;
  if (!AMS_CREDENTIAL) return null;
  return { credential: AMS_CREDENTIAL.trim(), credentialFrom: "AMS_CREDENTIAL" };
}

async function readCredential(path: string): Promise<string> {
  return await readFile(path, "utf8").catch((error: unknown) => {
    throw new CliError("file_unusable", "The file of --credential-file can't be read.", {}, error);
  });
}

function credentialOf(
  given: Given | null,
  givenUrl: string | undefined,
  profile: Profile | null,
): Pick<Settings, "credential" | "credentialFrom" | "credentialFor"> {
  if (given !== null) return { ...given, credentialFor: givenUrl ?? null };
  if (profile === null) return { credential: null, credentialFrom: null, credentialFor: null };
  const { credential, url } = profile;
  return { credential, credentialFrom: "profile", credentialFor: url };
}

function noSuchProfile(name: string): never {
  throw new CliError("no_account", `There is no profile ${name}: see \`ams config list\`.`);
}

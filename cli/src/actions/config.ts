/** `ams config`: what holds for a command started here, and where it comes from. */
import type { Context } from "../options/context.ts";
import { configFolder, listProfiles, profilePath, readProfile } from "../options/profile.ts";
import { type Settings, settingsOf } from "../options/settings.ts";
import { harmless } from "../terminal/harmless.ts";

export async function show(context: Context): Promise<void> {
  const settings = await settingsOf(context);
  const { url, urlFrom, profileName, credentialFrom } = settings;
  const profile = settings.profile ?? (await readProfile(profileName, context.output.warn));
  const path = profilePath(profileName);
  context.output.answer(
    {
      url,
      url_from: urlFrom,
      profile: profileName,
      path,
      namespace: profile?.namespace ?? null,
      account_id: profile?.accountId ?? null,
      credential_from: credentialFrom,
    },
    `url          ${harmless(url)} (${urlFrom})`,
    `profile      ${profileName}${profile === null ? ", which is not there yet" : ` in ${path}`}`,
    ...(profile === null
      ? []
      : [
          `namespace    ${harmless(profile.namespace)}`,
          `account      ${harmless(profile.accountId)} at ${harmless(profile.url)}`,
        ]),
    `credential   ${credentialWords(settings)}`,
  );
}

export function path({ output }: Context): void {
  const folder = configFolder();
  output.answer({ path: folder }, folder);
}

export async function list({ output }: Context): Promise<void> {
  const names = await listProfiles();
  for (const name of names) {
    const profile = await readProfile(name, output.warn);
    if (profile === null) continue; // Removed a moment ago.
    const { url, namespace, accountId } = profile;
    output.answer(
      { profile: name, url, namespace, account_id: accountId },
      `${name.padEnd(16)}  ${harmless(namespace)} at ${harmless(url)}`,
    );
  }
  if (names.length === 0) output.note("There is none yet: `ams account create` makes one.");
}

function credentialWords({ credentialFrom, credentialFor }: Settings): string {
  if (credentialFrom === null) return "none: you join as a guest";
  const where = credentialFor === null ? "wherever you send it" : harmless(credentialFor);
  return `from ${credentialFrom === "profile" ? "the profile" : credentialFrom}, for ${where}`;
}

/**
 * The identities of agents on this machine, in `~/.agent-messaging/agents/<name>`, where other
 * clients of the protocol look too. Keys and registrations are for their owner alone.
 */
import { createPrivateKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { type Identity, type Members, publicKeyOf } from "@ams/amp";
import { CliError } from "../../faults/fault.ts";

const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;

export type Kept = Identity & { readonly name: string; readonly folder: string };

export function agentsFolder(): string {
  const home = process.env.AGENT_MESSAGING_HOME ?? join(homedir(), ".agent-messaging");
  return join(home, "agents");
}

/** A key pair for a name; the one that is there already is kept. */
export function openKey(name: string): { readonly folder: string; readonly key: KeyObject } {
  const folder = join(agentsFolder(), name);
  const path = join(folder, "keys", "private.pem");
  try {
    if (existsSync(path)) return { folder, key: createPrivateKey(readFileSync(path)) };
    for (const sub of ["keys", "registrations", "messages"])
      mkdirSync(join(folder, sub), { recursive: true, mode: FOLDER_MODE });
    const { privateKey: key } = generateKeyPairSync("ed25519");
    writeKey(folder, key);
    return { folder, key };
  } catch {
    throw new CliError("config_unusable", `The keys in ${folder} can't be read or written.`);
  }
}

export function writeKey(folder: string, key: KeyObject): void {
  const pem = key.export({ type: "pkcs8", format: "pem" }).toString();
  writeFileSync(join(folder, "keys", "private.pem"), pem, { mode: FILE_MODE });
  writeFileSync(join(folder, "keys", "public.pem"), publicKeyOf(key)?.pem ?? "");
}

export function writeRegistration(name: string, folder: string, registered: Members): void {
  const provider: Members = Object(registered.provider);
  const { address, agent_id, tenant, fingerprint } = registered;
  const config = {
    version: "1.1",
    agent: { name, tenant, address, id: agent_id, fingerprint },
    provider: { name: provider.name, endpoint: provider.endpoint },
    registration: `${String(provider.name)}.json`,
  };
  const write = (path: string, text: string) =>
    writeFileSync(join(folder, path), text, { mode: FILE_MODE });
  write("config.json", `${JSON.stringify(config, null, 2)}\n`);
  const registration = { ...registered, apiKey: registered.api_key };
  write(`registrations/${config.registration}`, `${JSON.stringify(registration, null, 2)}\n`);
  const lines = [`# ${name}`, "", `Address: ${String(address)}`, `Key: ${String(fingerprint)}`, ""];
  write("IDENTITY.md", lines.join("\n"));
}

/** The identity of a name; the only one there is where none is given. */
export function openIdentity(wanted: string | undefined): Kept {
  const names = listNames();
  const name = wanted ?? process.env.AMS_MAIL_AGENT ?? (names.length === 1 ? names[0] : undefined);
  if (name === undefined) {
    const which = names.length === 0 ? "There is none" : "There are several";
    const advice =
      names.length === 0 ? "make one with `ams mail init --name <name>`" : "say which with --as";
    throw new CliError("no_account", `${which} identity of an agent here: ${advice}.`);
  }
  const folder = join(agentsFolder(), name);
  try {
    const config: Members = JSON.parse(readFileSync(join(folder, "config.json"), "utf8"));
    const path = join(folder, "registrations", String(config.registration));
    const { address, api_key, provider }: Members = JSON.parse(readFileSync(path, "utf8"));
    const key = createPrivateKey(readFileSync(join(folder, "keys", "private.pem")));
    const endpoint = String(Object(provider).endpoint);
    return { name, folder, address: String(address), apiKey: String(api_key), key, endpoint };
  } catch {
    throw new CliError(
      "no_account",
      `There is no agent ${name} here: \`ams mail init\` makes one.`,
    );
  }
}

function listNames(): readonly string[] {
  try {
    return readdirSync(agentsFolder()).filter((name) =>
      existsSync(join(agentsFolder(), name, "config.json")),
    );
  } catch {
    return [];
  }
}

/** Keeps a message that was read, for other clients on this machine. */
export function keepMessage(folder: string, box: "inbox" | "sent", id: string, text: string): void {
  const to = join(folder, "messages", box);
  mkdirSync(to, { recursive: true, mode: FOLDER_MODE });
  const safe = id.replace(/[^A-Za-z0-9_-]/g, "_");
  writeFileSync(join(to, `${safe}.json`), `${text}\n`, { mode: FILE_MODE });
}

/** Who does the work of a run: processes that it starts, or workers that wait elsewhere. */
import { randomBytes } from "node:crypto";
import { isIP } from "node:net";
import { type Address, runRemoteWorker, runWorker, type Workers } from "@ams/loadtest";
import { CliError } from "../faults/fault.ts";
import type { Context } from "../options/context.ts";

/** The arguments that make `ams` a worker. */
const WORKER = ["load", "worker"];
const WORKERS_MAX = 64;
/** Characters of a token of one's own: short ones can be guessed. */
const TOKEN_CHARACTERS_MIN = 32;
const TOKEN_BYTES = 32;

/** `given` is `host:port,…`. The token is in AMS_LOAD_TOKEN: one for all, or one for each. */
export function workersOf(given: string | null): Workers {
  if (given === null) return { kind: "forked", program: process.argv[1] ?? "", words: WORKER };
  const addresses = given.split(",").map((one) => addressOf(one.trim(), "--workers"));
  if (addresses.length > WORKERS_MAX) throw wrong(`--workers is at most ${WORKERS_MAX} of them.`);
  const tokens = (process.env.AMS_LOAD_TOKEN ?? "").split(",").filter((token) => token !== "");
  if (tokens.length !== 1 && tokens.length !== addresses.length) {
    throw wrong(
      "AMS_LOAD_TOKEN holds the token that the worker printed: one for all workers, or one for each, separated by commas.",
    );
  }
  return { kind: "remote", addresses, tokens };
}

/**
 * Without `listen` the worker of the run that started this process; else one that waits for one
 * run, and ends with it.
 */
export async function runWorkerCommand(listen: string | undefined, context: Context) {
  if (listen === undefined) {
    if (process.send === undefined) throw wrong("A worker needs --listen host:port.");
    await runWorker();
    return;
  }
  const { output, signal } = context;
  const { host, port } = addressOf(listen, "--listen");
  const { AMS_LOAD_TOKEN } = process.env;
  const given = AMS_LOAD_TOKEN || null;
  if (given !== null && given.length < TOKEN_CHARACTERS_MIN) {
    throw wrong(`AMS_LOAD_TOKEN has at least ${TOKEN_CHARACTERS_MIN} characters.`);
  }
  const token = given ?? randomBytes(TOKEN_BYTES).toString("base64url");
  const onListening = (actual: number) => {
    const address = `${host}:${actual}`;
    if (given === null) output.answer({ address, token }, `AMS_LOAD_TOKEN=${token}`);
    else output.answer({ address }, address);
    output.note(`Waits at ${address} for one run: ams load --workers ${address} …`);
  };
  await runRemoteWorker({ host, port, token, onListening, signal });
}

/** `host:port`; a port alone is on loopback. */
function addressOf(text: string, option: string): Address {
  const at = text.lastIndexOf(":");
  const host = at < 0 ? "127.0.0.1" : text.slice(0, at).replace(/^\[|\]$/g, "");
  const port = Number(text.slice(at + 1));
  const isHost = isIP(host) !== 0 || /^[a-zA-Z0-9.-]{1,253}$/.test(host);
  if (!isHost || !/^\d{1,5}$/.test(text.slice(at + 1)) || port > 65_535) {
    throw wrong(`${option} is host:port, or a port of this machine alone.`);
  }
  return { host, port };
}

function wrong(sentence: string): CliError {
  return new CliError("bad_usage", sentence);
}

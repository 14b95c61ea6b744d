/** Keys and what was seen, in files that only their owner reads. For Node. */
import { randomBytes } from "node:crypto";
import { linkSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { fromHex, type SeedSigner, signerFromSeed } from "@ams/provenance";
import type { HistoryStore, Seen } from "./history.ts";

/** The signer of a seed file: 64 hex digits. It is made, with mode 0600, where there is none. */
export function signerFromFile(path: string): SeedSigner {
  if (statSync(path, { throwIfNoEntry: false }) === undefined) {
    const draft = `${path}.${process.pid}`;
    writeFileSync(draft, `${randomBytes(32).toString("hex")}\n`, { mode: 0o600, flush: true });
    try {
      linkSync(draft, path);
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
    } finally {
      rmSync(draft, { force: true });
    }
  }
  if ((statSync(path).mode & 0o077) !== 0)
    throw new Error(`${path} can be read by others: chmod 600 it`);
  const seed = fromHex(readFileSync(path, "latin1").trim(), 32);
  if (seed === null) throw new Error(`${path} is not a seed of 64 hex digits`);
  return signerFromSeed(seed);
}

/** Keeps what was seen in a file. */
export function historyInFile(path: string): HistoryStore {
  return {
    load: async () => {
      if (statSync(path, { throwIfNoEntry: false }) === undefined) return null;
      const seen: Seen = JSON.parse(readFileSync(path, "utf8"));
      return seen;
    },
    save: async (seen) => {
      writeFileSync(`${path}.new`, JSON.stringify(seen), { mode: 0o600 });
      renameSync(`${path}.new`, path);
    },
  };
}

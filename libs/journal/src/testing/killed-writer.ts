/** Runs `writer.ts` in a process of its own, kills it, and says what it had written. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { JournalPlace } from "../open-journals.ts";

export type Writer = {
  /** Resolves once it has been acknowledged `count` appends. */
  readonly acknowledged: (count: number) => Promise<void>;
  /** SIGKILL; resolves with the keys that it tried and those that were acknowledged. */
  readonly kill: () => Promise<{ readonly tried: string[]; readonly acknowledged: string[] }>;
};

export function startWriter(place: JournalPlace, journal: string, name: string): Writer {
  const script = fileURLToPath(new URL("writer.ts", import.meta.url));
  const flags = ["--conditions=ams-source", "--import", "tsx"];
  const child: ChildProcess = spawn(
    process.execPath,
    [...flags, script, JSON.stringify(place), journal, name],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  const lines: string[] = [];
  let rest = "";
  let wake = () => {};
  child.stdout?.on("data", (chunk: Buffer) => {
    const parts = (rest + chunk.toString()).split("\n");
    rest = parts.pop() ?? "";
    lines.push(...parts);
    wake();
  });
  const exited = once(child, "exit").then(() => wake());
  const keysOf = (word: string) =>
    lines.filter((line) => line.startsWith(`${word} `)).map((line) => line.split(" ")[1] ?? "");
  return {
    acknowledged: async (count) => {
      while (keysOf("ok").length < count) {
        if (child.exitCode !== null) throw new Error("the writer ended by itself");
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
    kill: async () => {
      child.kill("SIGKILL");
      await exited;
      return { tried: keysOf("try"), acknowledged: keysOf("ok") };
    },
  };
}

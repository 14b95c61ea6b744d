/** A server of the bench's own (a control or a peer), as a process of its own on loopback. */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

export type ServerChild = {
  readonly port: number;
  readonly pid: number;
  readonly stop: () => Promise<void>;
};

/**
 * Starts `servers/<name>` with a port and these arguments, and resolves when it says that it
 * listens.
 */
export async function startServerChild(
  name: string,
  port: number,
  args: readonly string[] = [],
): Promise<ServerChild> {
  const file = fileURLToPath(new URL(`servers/${name}.js`, import.meta.url));
  const child = spawn(process.execPath, [file, String(port), ...args], {
    stdio: ["pipe", "pipe", "inherit"],
    detached: true,
  });
  child.stdin.on("error", () => undefined);
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  await new Promise<void>((resolve, reject) => {
    child.stdout.on("data", (text) => {
      if (String(text).startsWith("listening")) resolve();
      else reject(new Error(`${name} can't listen on port ${port}.`));
    });
    child.once("exit", (code) => reject(new Error(`${name} ended with ${code}.`)));
    child.once("error", reject);
  });
  const stop = () => {
    child.stdin.end();
    return exited;
  };
  return { port, pid: child.pid ?? 0, stop };
}

/**
 * The directory as a gateway has it: each of its steps is a command on the gateway's connection.
 */
import { type Directory, DirectoryUnavailable } from "@ams/directory";
import { type LeaseSteps, type MemoryDirectory, sweepBy } from "@ams/directory/testing";
import type { StoreConnection } from "./store-connection.ts";

/** Hears of each command when the store does it, for the story of a history. */
export type Done = (
  gateway: number,
  name: string,
  args: readonly unknown[],
  reply: unknown,
) => void;

export function openStoreDirectory(
  gateway: number,
  connection: StoreConnection,
  memory: MemoryDirectory,
  done: Done | null,
): Directory {
  const send = async <Reply>(
    name: string,
    args: readonly unknown[],
    run: () => Reply | Promise<Reply>,
  ): Promise<Reply> => {
    try {
      if (done === null) return await connection.command(run);
      return await connection.command(async () => {
        const reply = await run();
        done(gateway, name, args, reply);
        return reply;
      });
    } catch (error) {
      throw new DirectoryUnavailable(`${name}: ${error instanceof Error ? error.message : ""}`);
    }
  };
  const sweepStep = <Reply>(name: string, step: (steps: LeaseSteps) => Reply | Promise<Reply>) =>
    send(name, [], () => step(memory.steps));
  const own: Partial<Directory> = {
    sweep: () => sweepBy(sweepStep, () => Date.now()),
    ping: async () => {
      await send("ping", [], () => null);
      return 1;
    },
    close: async () => undefined,
  };
  return new Proxy(memory as Directory, {
    get(_, property) {
      const name = String(property);
      const ours: unknown = Reflect.get(own, property);
      if (ours !== undefined) return ours;
      const step: unknown = Reflect.get(memory, property);
      if (typeof step !== "function") return step;
      return (...args: readonly unknown[]) =>
        send(name, args, () => Reflect.apply(step, memory, args) as unknown);
    },
  });
}

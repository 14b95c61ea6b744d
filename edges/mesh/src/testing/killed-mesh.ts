/** Hands one envelope in, and is killed at one journal operation: `before` it or `after` it. */
import { readFileSync } from "node:fs";
import type { Journals } from "@ams/journal";
import { AT, openDesk } from "./desk.ts";

const [folder = "", file = "", when = ""] = process.argv.slice(2);
const { now, path, body, bearer } = JSON.parse(readFileSync(file, "utf8"));

/** SIGKILL leaves nothing to run; the promise never settles. */
const die = (): Promise<never> => {
  process.kill(process.pid, "SIGKILL");
  return new Promise(() => {});
};

const killing = (journals: Journals): Journals => ({
  append: async (...given) => {
    if (when === "before") return await die();
    await journals.append(...given);
    return await die();
  },
  read: (...given) => journals.read(...given),
  watch: (...given) => journals.watch(...given),
  saveSnapshot: (...given) => journals.saveSnapshot(...given),
  loadSnapshot: (...given) => journals.loadSnapshot(...given),
  putBlob: (...given) => journals.putBlob(...given),
  getBlob: (...given) => journals.getBlob(...given),
  deleteBlob: (...given) => journals.deleteBlob(...given),
  list: (...given) => journals.list(...given),
  notReady: () => journals.notReady(),
  close: () => journals.close(),
});

const place = { kind: "embedded", folder, durability: { kind: "disk" } } as const;
const desk = openDesk(place, {}, { now }, killing);
await desk.ask("POST", `${AT}/${path}`, body, bearer);
process.stdout.write("it lived\n");
process.exit(1);
